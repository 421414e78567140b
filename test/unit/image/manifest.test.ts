import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../../shared/image/manifest.ts";

const configWith = (exposed: unknown): Uint8Array =>
  Buffer.from(JSON.stringify({ rootfs: { diff_ids: [] }, config: { ExposedPorts: exposed } }));

const cases: readonly (readonly [name: string, exposed: unknown, want: readonly string[]])[] = [
  ["none", undefined, []],
  ["as Docker writes them", { "8080/tcp": {}, "53/udp": {} }, ["8080/tcp", "53/udp"]],
  ["tcp where nothing is said", { "80": {} }, ["80/tcp"]],
  ["what no port can be", { "0/tcp": {}, "65536/tcp": {}, "web/tcp": {}, "80/icmp": {}, "1/tcp/2": {}, "": {} }, []],
  ["no map", ["80/tcp"], []],
  ["a text", "80/tcp", []],
  [
    "no more than 256",
    Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${i + 1}/tcp`, {}])),
    Array.from({ length: 256 }, (_, i) => `${i + 1}/tcp`),
  ],
];
for (const [name, exposed, want] of cases) {
  test(`ports that an image exposes: ${name}`, () => {
    assert.deepEqual(parseConfig(configWith(exposed), "image").exposedPorts, want);
  });
}
