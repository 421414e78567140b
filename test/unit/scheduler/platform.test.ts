import assert from "node:assert/strict";
import { test } from "node:test";
import { platformMatches } from "../../../manager/scheduler/platform.ts";
import { newPlatform } from "../../../proto/gen/objects.ts";

const platform = (text: string) => {
  const [os = "", architecture = ""] = text.split("/");
  return newPlatform({ os, architecture });
};

const cases: readonly (readonly [image: string, node: string, want: boolean])[] = [
  ["", "linux/amd64", true],
  ["linux/amd64", "linux/x86_64", true],
  ["linux/amd64", "linux/x64", true],
  ["linux/arm64", "linux/aarch64", true],
  ["linux/arm64", "Linux/ARM64", true],
  ["linux/arm", "linux/armv7l", true],
  ["linux/386", "linux/i686", true],
  ["linux/amd64", "linux/arm64", false],
  ["windows/amd64", "linux/amd64", false],
  ["/amd64", "linux/amd64", true],
  ["linux/", "linux/riscv64", true],
  ["linux/arm64 linux/amd64", "linux/x86_64", true],
  ["linux/arm64 linux/s390x", "linux/x86_64", false],
];

for (const [image, node, want] of cases) {
  test(`an image for [${image}] ${want ? "runs" : "does not run"} on ${node}`, () => {
    const platforms = image === "" ? [] : image.split(" ").map(platform);
    assert.equal(platformMatches(platforms, platform(node)), want);
  });
}

test("a node that has not described itself runs only what runs everywhere", () => {
  assert.equal(platformMatches([], undefined), true);
  assert.equal(platformMatches([platform("linux/amd64")], undefined), false);
});
