// Every decoder of the wire and of the disk, fed with bytes that nobody sensible sent: it answers or throws, soon, and what it
// answers can be written again (the store writes what it read).
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as agent from "../../../proto/gen/agent.ts";
import * as ca from "../../../proto/gen/ca.ts";
import * as control from "../../../proto/gen/control.ts";
import * as dispatcher from "../../../proto/gen/dispatcher.ts";
import * as local from "../../../proto/gen/local.ts";
import * as objects from "../../../proto/gen/objects.ts";
import * as raft from "../../../proto/gen/raft.ts";

type Decode = (bytes: Uint8Array) => unknown;
type Encode = (message: unknown) => Uint8Array;

interface Codec {
  readonly name: string;
  readonly decode: Decode;
  readonly encode: Encode;
}

const isFunction = (value: unknown): value is (...args: never[]) => unknown => typeof value === "function";

function codecsOf(module: Readonly<Record<string, unknown>>): Codec[] {
  return Object.entries(module).flatMap(([key, decode]) => {
    const name = /^decode(\w+?)$/.exec(key)?.[1];
    if (name === undefined || name.endsWith("From") || !isFunction(decode)) return [];
    const encode = module[`encode${name}`];
    assert.ok(isFunction(encode), `encode${name}`);
    return [{ name, decode: decode as Decode, encode: encode as Encode }];
  });
}

const CODECS = [agent, ca, control, dispatcher, local, objects, raft].flatMap(codecsOf);

/** Well-formed protobuf of fields that a message may or may not have: gets further than noise does. */
const varint = fc.oneof(fc.nat(300), fc.constantFrom(2 ** 31, 2 ** 32 - 1)).map((value) => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
});
const field = fc.nat({ max: 24 }).map((number) => number + 1);
const { message } = fc.letrec<{ message: number[]; part: number[] }>((tie) => ({
  part: fc.oneof(
    { depthSize: "small" },
    fc.tuple(field, varint).map(([number, value]) => [(number << 3) & 127, ...value]),
    fc
      .tuple(field, fc.array(fc.nat(255), { maxLength: 9 }))
      .map(([number, data]) => [((number << 3) | 2) & 127, data.length, ...data]),
    fc.tuple(field, tie("message")).map(([number, data]) => [((number << 3) | 2) & 127, data.length & 127, ...data]),
  ),
  message: fc.array(tie("part"), { maxLength: 6 }).map((parts) => parts.flat()),
}));

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  message.map((values) => Uint8Array.from(values)),
);

function tryDecode({ name, decode, encode }: Codec, input: Uint8Array): void {
  let decoded: unknown;
  try {
    decoded = decode(Buffer.from(input)); // as from gRPC and from the disk
  } catch (error) {
    assert.ok(error instanceof Error, `${name} threw ${String(error)}`);
    return;
  }
  const again = Buffer.from(encode(decoded));
  assert.ok(again.equals(encode(decode(again))), `${name} reads otherwise than it was written`);
}

test(`${CODECS.length} decoders: any bytes`, () => {
  assert.ok(CODECS.length > 100);
  fc.assert(
    fc.property(bytes, (input) => {
      for (const codec of CODECS) tryDecode(codec, input);
    }),
    { numRuns: 300 },
  );
});

const nested = (depth: number, start: number, end?: number): Uint8Array =>
  Uint8Array.from([
    ...new Array<number>(depth).fill(start),
    ...(end === undefined ? [] : new Array<number>(depth).fill(end)),
  ]);

const hostile: readonly (readonly [name: string, input: Uint8Array])[] = [
  ["groups in groups", nested(20_000, 0xfb, 0xfc)],
  ["groups that never end", nested(20_000, 0x0b)],
  ["a length beyond the end", Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)],
  ["a length of 2^64 - 1", Uint8Array.of(0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01)],
  ["a number of eleven bytes", Uint8Array.of(0x08, ...new Array<number>(11).fill(0xff))],
  ["field number 0", Uint8Array.of(0x00, 0x00)],
  ["wire type 7", Uint8Array.of(0x0f)],
  [
    "an unknown enum value everywhere",
    Uint8Array.from({ length: 60 }, (_, at) => (at % 2 === 0 ? ((at / 2 + 1) << 3) & 127 : 99)),
  ],
  ["messages in messages", Uint8Array.from({ length: 120 }, (_, at) => (at % 2 === 0 ? 0x0a : 120 - at - 1))],
];

for (const [name, input] of hostile) {
  test(`decoders: ${name}`, () => {
    for (const codec of CODECS) tryDecode(codec, input);
  });
}

/** Every method that somebody may call, with how its requests are decoded; and whose answers are bounded. */
const REQUESTS = [
  agent.AgentService,
  ca.CAService,
  control.ControlService,
  dispatcher.DispatcherService,
  local.LocalService,
  raft.RaftService,
].flatMap((service) =>
  Object.values<{ readonly path: string; readonly requestDeserialize: (bytes: Buffer) => unknown }>(service).map(
    ({ path, requestDeserialize }) => ({ name: path, decode: requestDeserialize }),
  ),
);
const ANSWERS = [{ name: "logs of a worker", decode: agent.AgentService.taskLogs.responseDeserialize }];

/** As large as a message may be, of the smallest fields there are. */
const LARGEST_BYTES = 8 << 20;
const manyFields: readonly (readonly [name: string, fields: readonly number[]])[] = [
  ["empty first fields", [0x0a, 0x00]],
  ["empty third fields", [0x1a, 0x00]],
  ["zeros", [0x08, 0x00]],
  ["fields that nobody knows", [0x7a, 0x00]],
];
for (const [name, fields] of manyFields) {
  test(`requests: ${name} by the million are refused, and the next request is decoded`, () => {
    const input = Buffer.alloc(LARGEST_BYTES, Buffer.from(fields));
    for (const { name, decode } of [...REQUESTS, ...ANSWERS]) {
      assert.throws(() => decode(input), /more fields than any honest one|wire type|index out of range/, name);
      decode(Buffer.alloc(0));
    }
  });
}

test("requests: what is in a field counts as well: messages, maps, packed numbers", () => {
  const inside = (tag: number, body: Buffer): Buffer => {
    const length = Buffer.from([
      (body.length & 127) | 128,
      ((body.length >> 7) & 127) | 128,
      ((body.length >> 14) & 127) | 128,
      body.length >> 21,
    ]);
    return Buffer.concat([Buffer.of(tag), length, body]);
  };
  const body = Buffer.alloc(1 << 20, Buffer.of(0x0a, 0x00));
  // statuses.updates, hello.description…, and a map's entry that is many keys.
  assert.throws(
    () => dispatcher.DispatcherService.session.requestDeserialize(inside(0x1a, body)),
    /more fields than any honest one/,
  );
  const labels = inside(0x0a, inside(0x12, body));
  assert.throws(
    () => dispatcher.DispatcherService.session.requestDeserialize(inside(0x0a, labels)),
    /more fields than any honest one|index out of range|wire type/,
  );
});

test("what is read from the disk, or comes from a manager, has no such bound", () => {
  const many = objects.newCluster({
    blacklistedCertificates: Array.from({ length: 200_000 }, () => objects.newBlacklistedCertificate()),
  });
  assert.equal(objects.decodeCluster(objects.encodeCluster(many)).blacklistedCertificates.length, 200_000);
});
