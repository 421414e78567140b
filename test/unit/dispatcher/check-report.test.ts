// Every field that an agent reports has a range, and what is beyond it is refused in words.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  checkAddress,
  checkChallenge,
  checkDescription,
  checkHeld,
  checkNetworkId,
  checkOwnAddress,
  checkStatuses,
} from "../../../manager/dispatcher/check-report.ts";
import type { TaskStatusUpdate } from "../../../proto/gen/dispatcher.ts";
import { newNetworkHeld } from "../../../proto/gen/network.ts";
import {
  type ContainerStatus,
  type EngineDescription,
  type GenericResource,
  type NodeDescription,
  newContainerStatus,
  newEngineDescription,
  newGenericResource,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newPlatform,
  newPortConfig,
  newResources,
  newTaskStatus,
  newTLSInfo,
  newTunnelKey,
  type Platform,
  type Resources,
  type TaskStatus,
  type TLSInfo,
  type TunnelKey,
} from "../../../proto/gen/objects.ts";
import type { NetworkId, NodeId, TaskId } from "../../../shared/model/ids.ts";

const digest = "a".repeat(64);
const long = "x".repeat(5_000);
const key = (epoch: number, init: Partial<TunnelKey> = {}): TunnelKey =>
  newTunnelKey({ epoch, publicKey: new Uint8Array(32), port: 4_790, ...init });

const whole = newNodeDescription({
  hostname: "node-1.example",
  platform: newPlatform({ architecture: "amd64", os: "linux" }),
  resources: newResources({
    nanoCpus: 64e9,
    memoryBytes: 2 ** 40,
    pids: 4_194_304,
    genericResources: [newGenericResource({ kind: "gpu", amount: 1, value: "uuid-1" })],
  }),
  engine: newEngineDescription({
    engineVersion: "0.1.0",
    runtime: "containerd 1.6.20",
    labels: { "disk/kind": "SSD, fast" },
  }),
  tls: newTLSInfo({ issuer: digest, trustRoots: [digest, digest] }),
  dataPathAddrs: ["10.0.0.1", "fd00::1"],
  dataPathMtu: 9_000,
  tunnelKeys: [key(1), key(2)],
  tunnelProblem: "no wireguard in this kernel",
});

type Bad<T> = { readonly [K in keyof Required<T>]: readonly Required<T>[K][] };

/** What is out of range, by field: the type asks for every one. */
const PLATFORM: Bad<Platform> = { architecture: [long, "a\u001b[2J"], os: [long, "linux\n"] };
const GENERIC: Bad<GenericResource> = { kind: [long, "\u0007"], amount: [-1, 1.5, 2 ** 60], value: [long, "a\nb"] };
const RESOURCES: Bad<Resources> = {
  nanoCpus: [-1, 1e16],
  memoryBytes: [-1, 2 ** 60],
  pids: [-1],
  genericResources: [Array.from({ length: 65 }, () => newGenericResource({ kind: "gpu", amount: 1 }))],
};
const ENGINE: Bad<EngineDescription> = {
  engineVersion: [long, "0\u0000"],
  runtime: [long, "\u009b31m"],
  labels: [
    { [long]: "" },
    { "a\nb": "" },
    { a: long },
    { a: "\u001b]0;title\u0007" },
    Object.fromEntries(Array.from({ length: 513 }, (_, n) => [`${n}`, ""])),
  ],
};
const TLS: Bad<TLSInfo> = {
  issuer: ["A".repeat(64), "a", long],
  trustRoots: [["none"], Array.from({ length: 9 }, () => digest)],
};
const KEY: Bad<TunnelKey> = {
  epoch: [-1, 2 ** 60],
  publicKey: [new Uint8Array(31), new Uint8Array(33), new Uint8Array(0)],
  port: [65_536, 2 ** 32 - 1],
};
const DESCRIPTION: Bad<NodeDescription> = {
  hostname: [long, "a\nb", "\u001b[31mred"],
  platform: variants(newPlatform(), PLATFORM),
  resources: [
    ...variants(newResources(), RESOURCES),
    ...variants(newGenericResource(), GENERIC).map((one) => newResources({ genericResources: [one] })),
  ],
  engine: variants(newEngineDescription(), ENGINE),
  tls: variants(newTLSInfo(), TLS),
  dataPathAddrs: [
    ["node2"],
    ["10.0.0.1:4789"],
    ["0.0.0.0"],
    ["224.0.0.1"],
    ["ff02::1"],
    ["fe80::1"],
    ["::"],
    [long],
    Array.from({ length: 9 }, () => "10.0.0.1"),
  ],
  dataPathMtu: [1, 67, 65_537, 2 ** 32 - 1],
  tunnelKeys: [
    ...variants(key(1), KEY).map((one) => [one]),
    [key(1), key(1)],
    [1, 2, 3, 4, 5].map((epoch) => key(epoch)),
  ],
  tunnelProblem: [long, "\u001b"],
  withoutIpv6: [], // either is right
};

function variants<T extends object>(base: T, bad: Bad<T>): T[] {
  return Object.entries(bad).flatMap(([field, values]) =>
    (values as readonly unknown[]).map((value) => ({ ...base, [field]: value })),
  );
}

const refused = (check: () => void, what: string): void => {
  assert.throws(check, { name: "SkepError", code: "invalid_argument", message: /^the node's .{4,200}$/s }, what);
};

describe("a description", () => {
  test("as nodes have it is taken, and an empty one", () => {
    checkDescription(whole);
    checkDescription(newNodeDescription());
    for (const dataPathMtu of [0, 68, 1_200, 1_280, 65_535, 65_536]) checkDescription({ ...whole, dataPathMtu });
  });
  for (const [field, values] of Object.entries(DESCRIPTION)) {
    test(`${field}: ${values.length} values out of range are refused`, () => {
      for (const value of values) {
        refused(() => checkDescription({ ...whole, [field]: value }), JSON.stringify(value).slice(0, 100));
      }
    });
  }
  test("is bounded as a whole", () => {
    const labels = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n}`, "v".repeat(4_000)]));
    refused(() => checkDescription({ ...whole, engine: newEngineDescription({ labels }) }), "400 kB of labels");
  });
});

const taskId = "t".repeat(25) as TaskId;
const CONTAINER: Bad<ContainerStatus> = {
  containerId: [long, "a b", "../x", "\u001b"],
  pid: [-1],
  exitCode: [],
  oomKilled: [],
};
const STATUS: Bad<TaskStatus> = {
  timestampMs: [-1, 253_402_300_800_000, 2 ** 60],
  state: [], // which ones are an agent's to say: records.test.ts
  message: [], // cut
  err: [],
  containerStatus: variants(newContainerStatus(), CONTAINER),
  portStatus: [
    { awaited: [newPortConfig({ targetPort: 65_536 })] },
    { awaited: [newPortConfig({ publishedPort: 2 ** 32 - 1 })] },
  ],
};

describe("statuses", () => {
  const of = (status: TaskStatus): TaskStatusUpdate => ({ taskId, status });
  test("as agents send them are taken", () => {
    const containerStatus = newContainerStatus({ containerId: "web.1.abc_def-2", pid: 4_194_304, exitCode: -1 });
    const portStatus = { awaited: [newPortConfig({ targetPort: 65_535, publishedPort: 0 })] };
    checkStatuses([of(newTaskStatus({ timestampMs: 1.8e12, containerStatus, portStatus, err: long }))]);
    checkStatuses(Array.from({ length: 4_096 }, () => of(newTaskStatus())));
    checkStatuses([{ taskId, status: undefined }]);
  });
  for (const [field, values] of Object.entries(STATUS)) {
    test(`${field}: ${values.length} values out of range are refused`, () => {
      for (const value of values) refused(() => checkStatuses([of({ ...newTaskStatus(), [field]: value })]), field);
    });
  }
  test("are of tasks, and not too many", () => {
    for (const id of ["", long, "a b", "t\n", "../../../../../../../../x"]) {
      refused(() => checkStatuses([{ taskId: id as TaskId, status: newTaskStatus() }]), id);
    }
    assert.throws(() => checkStatuses(Array.from({ length: 4_097 }, () => of(newTaskStatus()))), /4097 statuses/);
  });
});

test("words on networks, challenges and addresses", () => {
  const networkId = "n".repeat(25) as NetworkId;
  checkNetworkId(networkId);
  refused(() => checkNetworkId("n n"), "no id");
  checkHeld([newNetworkHeld({ networkId, version: 7, digest: new Uint8Array(32) })]);
  refused(() => checkHeld([newNetworkHeld({ networkId: long as NetworkId })]), "no id");
  refused(() => checkHeld([newNetworkHeld({ networkId, digest: new Uint8Array(65) })]), "digest");
  refused(() => checkHeld(Array.from({ length: 10_001 }, () => newNetworkHeld({ networkId }))), "too many");
  for (const bytes of [0, 32]) checkChallenge(new Uint8Array(bytes));
  for (const bytes of [1, 31, 33, 4_096]) assert.throws(() => checkChallenge(new Uint8Array(bytes)), /32 bytes/);
  for (const addr of ["", "10.0.0.1:7377", "node2:7377"]) checkAddress(addr);
  for (const addr of ["10.0.0.1:0x1", "a b:1", long]) {
    assert.throws(() => checkAddress(addr), { code: "invalid_argument" }, addr);
  }
});

test("a node moves to no address where another one answers", () => {
  const [one, two, down] = ["1", "2", "3"].map((letter) => letter.repeat(25) as NodeId);
  assert.ok(one !== undefined && two !== undefined && down !== undefined);
  const nodes = [
    newNode({ id: one, addr: "10.0.0.1:7377", status: newNodeStatus({ state: "ready" }) }),
    newNode({ id: two, addr: "10.0.0.2:7377", status: newNodeStatus({ state: "suspect" }) }),
    newNode({ id: down, addr: "10.0.0.3:7377", status: newNodeStatus({ state: "down" }) }),
  ];
  const view = { all: () => nodes, get: (_: string, id: string) => nodes.find((node) => node.id === id) };
  const claim = (addr: string): void => checkOwnAddress(view as never, one, addr);
  for (const addr of ["", "10.0.0.1:7377", "10.0.0.3:7377", "10.0.0.9:7377"]) claim(addr);
  assert.throws(() => claim("10.0.0.2:7377"), { code: "failed_precondition" });
});
