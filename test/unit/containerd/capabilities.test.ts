import assert from "node:assert/strict";
import { test } from "node:test";
import {
  capabilities,
  DEFAULT_CAPABILITIES,
  processCapabilities,
} from "../../../agent/runtime/containerd/spec/capabilities.ts";

const defaults = (changed: { plus?: string[]; minus?: string[] } = {}): string[] =>
  [...DEFAULT_CAPABILITIES.filter((name) => !changed.minus?.includes(name)), ...(changed.plus ?? [])].sort();

const cases: readonly (readonly [name: string, add: string[], drop: string[], want: string[]])[] = [
  ["nothing asked: Docker's fourteen", [], [], defaults()],
  [
    "added with and without prefix, in any case",
    ["net_admin", "CAP_SYS_TIME"],
    [],
    defaults({ plus: ["CAP_NET_ADMIN", "CAP_SYS_TIME"] }),
  ],
  ["added twice", ["NET_ADMIN", "cap_net_admin"], [], defaults({ plus: ["CAP_NET_ADMIN"] })],
  ["dropped", [], ["CHOWN", "mknod"], defaults({ minus: ["CAP_CHOWN", "CAP_MKNOD"] })],
  ["dropped all", [], ["ALL"], []],
  ["dropped all but one", ["KILL"], ["all"], ["CAP_KILL"]],
  ["added wins over dropped", ["CHOWN"], ["CHOWN"], defaults()],
];

for (const [name, add, drop, want] of cases) {
  test(`capabilities: ${name}`, () => assert.deepEqual(capabilities(add, drop, 41).sort(), want));
}

test("capabilities: the default set has fourteen", () => assert.equal(new Set(DEFAULT_CAPABILITIES).size, 14));

test("capabilities: all means what this kernel knows", () => {
  assert.equal(capabilities(["ALL"], [], 41).length, 41);
  assert.equal(capabilities(["ALL"], [], 38).length, 38);
  assert.ok(!capabilities(["ALL"], [], 38).includes("CAP_BPF"));
  assert.ok(!capabilities(["ALL"], ["SYS_ADMIN"], 41).includes("CAP_SYS_ADMIN"));
});

test("capabilities: an unknown one is named", () => {
  assert.throws(() => capabilities(["FLY"], [], 41), { code: "invalid_argument", message: /"FLY"/ });
  assert.throws(() => capabilities([], ["FLY"], 41), { code: "invalid_argument" });
});

test("capabilities: root has them at once, another user only in reserve", () => {
  const names = ["CAP_KILL"];
  assert.deepEqual(processCapabilities(names, 0), { bounding: names, effective: names, permitted: names });
  assert.deepEqual(processCapabilities(names, 1000), { bounding: names });
});
