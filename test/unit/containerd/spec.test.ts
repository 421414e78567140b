import assert from "node:assert/strict";
import { test } from "node:test";
import { serializeSpec } from "../../../agent/runtime/containerd/spec/oci.ts";
import { containerSpec, hostnameOf } from "../../../agent/runtime/containerd/spec/spec.ts";
import type { ContainerConfig } from "../../../agent/runtime/runtime.ts";
import { config, FACTS, TASK } from "./fixtures.ts";

const USER = { uid: 0, gid: 0, additionalGids: [0], home: "/root" };
const FILES = { hostname: "/f/hostname", hosts: "/f/hosts", resolvConf: "/f/resolv.conf" };
const spec = (init: Partial<ContainerConfig> = {}, facts = FACTS, apparmorProfile = "") =>
  containerSpec(config(init), USER, FILES, facts, { cgroupParent: "/skep", apparmorProfile });
const namespaces = (made: ReturnType<typeof spec>): string[] => made.linux.namespaces.map(({ type }) => type);

test("spec: namespaces of its own, the network only where it is not the node's", () => {
  assert.deepEqual(namespaces(spec()), ["mount", "pid", "ipc", "uts", "network"]);
  assert.deepEqual(namespaces(spec({ network: { kind: "host" } })), ["mount", "pid", "ipc", "uts"]);
  const made = { kind: "path", path: "/run/netns/skt-x", addresses: [], resolvers: [] } as const;
  assert.deepEqual(spec({ network: made }).linux.namespaces.at(-1), { type: "network", path: made.path });
});

test("spec: a cgroup namespace on cgroup v2 only", () => {
  assert.ok(namespaces(spec({}, { ...FACTS, cgroupVersion: 2 })).includes("cgroup"));
});

test("spec: the cgroup is named by the task", () => assert.equal(spec().linux.cgroupsPath, `/skep/${TASK}`));

test("spec: kernel details are hidden, and parts of /proc are read-only", () => {
  assert.ok(spec().linux.maskedPaths.includes("/proc/kcore"));
  assert.ok(spec().linux.readonlyPaths.includes("/proc/sys"));
});

test("spec: process", () => {
  const { process: made } = spec({ args: ["a", "b"], tty: true, workingDir: "/w", oomScoreAdj: 5 });
  assert.deepEqual(made.args, ["a", "b"]);
  assert.equal(made.terminal, true);
  assert.equal(made.cwd, "/w");
  assert.equal(made.oomScoreAdj, 5);
  assert.equal(made.noNewPrivileges, false);
  assert.equal(spec().process.cwd, "/");
});

test("spec: an AppArmor profile only where the host has AppArmor", () => {
  assert.equal(spec({}, FACTS, "skep-default").process.apparmorProfile, "skep-default");
  assert.ok(!("apparmorProfile" in spec().process));
});

test("spec: an init runs the command", () => {
  assert.deepEqual(spec({ init: true, args: ["a"] }).process.args, ["/sbin/docker-init", "--", "a"]);
});

test("spec: a name of the service, else of the task, else of the node", () => {
  assert.equal(hostnameOf(config({ hostname: "web", network: { kind: "host" } }), FACTS), "web");
  assert.equal(hostnameOf(config({}), FACTS), TASK.slice(0, 12));
  assert.equal(hostnameOf(config({ network: { kind: "host" } }), FACTS), "node1");
});

test("spec: no limit is written as the kernel's infinity", () => {
  const ulimits = [{ name: "core", soft: -1, hard: -1 }];
  const text = Buffer.from(serializeSpec(spec({ ulimits }))).toString();
  assert.match(text, /\{"type":"RLIMIT_CORE","soft":18446744073709551615,"hard":18446744073709551615\}/);
  assert.equal(JSON.parse(text).hostname, TASK.slice(0, 12));
});
