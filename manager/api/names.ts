// Names for services whose user gave none: an adjective and a noun of the meadow.
const ADJECTIVES = (
  "amber bold brave bright brisk calm clever cosy deft eager fair fleet fond fresh gentle glad golden happy humble jolly keen " +
  "kind lively lucky mellow merry mild neat nimble noble patient plucky proud quick quiet ready rustic serene sharp silent " +
  "sleek snug spry steady stout sunny swift tidy tireless trusty vivid warm wild wise witty zesty"
).split(" ");
const NOUNS = (
  "acorn aster barley bee bloom bramble brook bumblebee buttercup cedar cicada clover comb cricket daisy dandelion drone fern " +
  "field finch foxglove garden hazel heath hive honey iris ivy juniper lark lavender lilac linden maple meadow mint moss nectar " +
  "oak orchard petal pine pollen poppy primrose propolis reed rose sage skep sparrow sunflower swarm thistle thyme tulip " +
  "violet wax willow wren yarrow"
).split(" ");

const pick = (words: readonly string[], random: () => number): string =>
  words[Math.floor(random() * words.length)] ?? "skep";

/** `adjective_noun`, with a number from the third try on. */
export function randomName(random: () => number, isTaken: (name: string) => boolean): string {
  for (let attempt = 0; ; attempt++) {
    const name = `${pick(ADJECTIVES, random)}_${pick(NOUNS, random)}`;
    const tried = attempt < 2 ? name : `${name}${Math.floor(random() * 10 ** Math.min(9, attempt))}`;
    if (!isTaken(tried)) return tried;
  }
}
