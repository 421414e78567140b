import assert from "node:assert/strict";
import { test } from "node:test";
import { resources, rlimits } from "../../../agent/runtime/containerd/spec/resources.ts";
import { newResources, type Resources } from "../../../proto/gen/objects.ts";

const MIB = 1024 * 1024;
const devices = [{ allow: false, access: "rwm" }];

const cases: readonly (readonly [
  name: string,
  limits: Partial<Resources>,
  reserved: Partial<Resources>,
  want: object,
])[] = [
  ["none", {}, {}, { devices }],
  [
    "memory, with as much swap again",
    { memoryBytes: 64 * MIB },
    {},
    { devices, memory: { limit: 64 * MIB, swap: 128 * MIB } },
  ],
  ["half a processor", { nanoCpus: 5e8 }, {}, { devices, cpu: { quota: 50_000, period: 100_000 } }],
  ["1.1 processors", { nanoCpus: 11e8 }, {}, { devices, cpu: { quota: 110_000, period: 100_000 } }],
  [
    "a thousandth: not below the kernel's smallest",
    { nanoCpus: 1e6 },
    {},
    { devices, cpu: { quota: 1_000, period: 100_000 } },
  ],
  ["pids", { pids: 20 }, {}, { devices, pids: { limit: 20 } }],
  ["reserved memory", {}, { memoryBytes: 32 * MIB }, { devices, memory: { reservation: 32 * MIB } }],
  [
    "reserved memory not above the limit",
    { memoryBytes: 8 * MIB },
    { memoryBytes: 32 * MIB },
    { devices, memory: { limit: 8 * MIB, swap: 16 * MIB, reservation: 8 * MIB } },
  ],
  ["two reserved processors weigh double", {}, { nanoCpus: 2e9 }, { devices, cpu: { shares: 2048 } }],
  ["less than one reserved never weighs less than none", {}, { nanoCpus: 1e8 }, { devices }],
  ["very many reserved: the kernel's largest weight", {}, { nanoCpus: 1e15 }, { devices, cpu: { shares: 262_144 } }],
];

for (const [name, limits, reserved, want] of cases) {
  test(`resources: ${name}`, () =>
    assert.deepEqual(resources(newResources(limits), newResources(reserved), true), want));
}

test("resources: a kernel that does not count swap is not asked to limit it", () => {
  const limits = newResources({ memoryBytes: MIB });
  assert.deepEqual(resources(limits, newResources(), false), { devices, memory: { limit: MIB } });
});

const nofile = (value: number): object => ({ type: "RLIMIT_NOFILE", soft: value, hard: value });

test("rlimits: open files by default as Docker has them, within our own limit", () => {
  assert.deepEqual(rlimits([], 10_000_000), [nofile(1_048_576)]);
  assert.deepEqual(rlimits([], 4_096), [nofile(4_096)]);
});

test("rlimits: what the service says replaces the default", () => {
  const wanted = [
    { name: "nofile", soft: 10, hard: 20 },
    { name: "core", soft: -1, hard: -1 },
  ];
  assert.deepEqual(rlimits(wanted, 4_096), [
    { type: "RLIMIT_NOFILE", soft: 10, hard: 20 },
    { type: "RLIMIT_CORE", soft: -1, hard: -1 },
  ]);
});

const wrong: readonly (readonly [name: string, soft: number, hard: number])[] = [
  ["files", 1, 1],
  ["nofile", 3, 2],
  ["nofile", -1, 2],
];
for (const [name, soft, hard] of wrong) {
  test(`rlimits: ${name}=${soft}:${hard} is refused`, () =>
    assert.throws(() => rlimits([{ name, soft, hard }], 1), { code: "invalid_argument" }));
}
