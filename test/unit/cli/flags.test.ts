// Flags as edits of a spec: what `service update` does to what is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import type { CommandContext } from "../../../cli/context.ts";
import { SPEC_FLAGS } from "../../../cli/service/flags.ts";
import { addSpecOptions, envEdits, specEdit } from "../../../cli/service/spec-options.ts";
import { processTerminal } from "../../../cli/terminal.ts";
import {
  newContainerSpec,
  newDNSConfig,
  newEndpointSpec,
  newMount,
  newPlacement,
  newPortConfig,
  newResources,
  newServiceSpec,
  newTaskSpec,
  type PortConfig,
  type ServiceSpec,
} from "../../../proto/gen/objects.ts";
import { fastEnv } from "./harness.ts";

const PRESENT = newServiceSpec({
  name: "web",
  labels: { a: "1", b: "2" },
  mode: { kind: "replicated", replicas: 3 },
  taskTemplate: newTaskSpec({
    containerSpec: newContainerSpec({
      image: "web:1",
      env: ["A=1", "B=2"],
      mounts: [newMount({ type: "bind", source: "/a", target: "/a" }), newMount({ type: "tmpfs", target: "/t" })],
      hosts: ["10.0.0.1 db", "10.0.0.2 cache"],
      capabilityAdd: ["CAP_NET_ADMIN"],
      capabilityDrop: ["CAP_CHOWN"],
      groups: ["docker"],
      ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
    }),
    placement: newPlacement({
      constraints: ["node.role==worker"],
      preferences: [{ spread: { spreadDescriptor: "node.labels.z" } }],
    }),
    resources: {
      reservations: newResources({ genericResources: [{ kind: "gpu", amount: 1, value: "" }], memoryBytes: 5 }),
    },
    networks: [{ target: "host", aliases: [], driverOpts: {} }],
  }),
});

const silent = { write: () => undefined };

const port = (publishedPort: number, targetPort: number): PortConfig => newPortConfig({ publishedPort, targetPort });

async function update(
  argv: readonly string[],
  vars: Readonly<Record<string, string>> = {},
  present = PRESENT,
): Promise<ServiceSpec> {
  const command = new Command("update").exitOverride().configureOutput({ writeErr: () => undefined });
  addSpecOptions(command, "update");
  command.parse([...argv], { from: "user" });
  const context: CommandContext = {
    env: fastEnv(),
    terminal: processTerminal(silent, silent, {}),
    vars,
    commands: [],
    files: {
      readText: () => Promise.reject(new Error("no files here")),
      readBytes: () => Promise.reject(new Error("no files here")),
      writeSecret: () => Promise.reject(new Error("no files here")),
    },
    readSecret: () => Promise.reject(new Error("nobody is here")),
    ask: async () => undefined,
    signal: new AbortController().signal,
    isRoot: true,
    findDevSockets: async () => [],
    connect: () => Promise.reject(new Error("no cluster here")),
    action: (work) => work().then(() => undefined),
  };
  return specEdit(command, "update", await envEdits(command, context))(present);
}

const container = (spec: ServiceSpec): ReturnType<typeof newContainerSpec> =>
  spec.taskTemplate?.containerSpec ?? newContainerSpec();

const cases: readonly (readonly [argv: readonly string[], of: (spec: ServiceSpec) => unknown, want: unknown])[] = [
  [[], (spec) => spec, PRESENT],
  [["--env-add", "A=9", "--env-add", "C", "--env-rm", "B"], (spec) => container(spec).env, ["A=9", "C=mine"]],
  [["--env-add", "A=9", "--env-rm", "A"], (spec) => container(spec).env, ["B=2", "A=9"]],
  [["--label-rm", "a", "--label-add", "c=3"], (spec) => spec.labels, { b: "2", c: "3" }],
  [
    ["--mount-rm", "/a", "--mount-add", "type=tmpfs,target=/t,ro"],
    (spec) => container(spec).mounts.map((one) => [one.target, one.readOnly]),
    [["/t", true]],
  ],
  [["--host-rm", "db:10.0.0.1"], (spec) => container(spec).hosts, ["10.0.0.2 cache"]],
  [["--host-rm", "cache", "--host-add", "x:1.1.1.1"], (spec) => container(spec).hosts, ["10.0.0.1 db", "1.1.1.1 x"]],
  [
    ["--cap-add", "CHOWN", "--cap-drop", "net_admin"],
    (spec) => [container(spec).capabilityAdd, container(spec).capabilityDrop],
    [["CAP_CHOWN"], ["CAP_NET_ADMIN"]],
  ],
  [["--group-rm", "docker", "--group-add", "wheel"], (spec) => container(spec).groups, ["wheel"]],
  [["--ulimit-rm", "nofile"], (spec) => container(spec).ulimits, []],
  [
    ["--constraint-rm", "node.role==worker", "--constraint-add", "node.labels.a==b"],
    (spec) => spec.taskTemplate?.placement?.constraints,
    ["node.labels.a==b"],
  ],
  [["--placement-pref-rm", "spread=node.labels.z"], (spec) => spec.taskTemplate?.placement?.preferences, []],
  [
    ["--generic-resource-rm", "gpu"],
    (spec) => spec.taskTemplate?.resources?.reservations,
    newResources({ memoryBytes: 5 }),
  ],
  [
    ["--publish-add", "8081:81/udp", "--publish-add", "target=9,mode=host"],
    (spec) => spec.endpointSpec?.ports.map((one) => [one.publishMode, one.publishedPort, one.targetPort, one.protocol]),
    [
      ["ingress", 8081, 81, "udp"],
      ["host", 0, 9, "tcp"],
    ],
  ],
  [["--replicas", "5"], (spec) => spec.mode, { kind: "replicated", replicas: 5 }],
  [["--entrypoint", ""], (spec) => container(spec).command, []],
  [["--args", "-p 80 'a b'"], (spec) => container(spec).args, ["-p", "80", "a b"]],
  [["--update-parallelism", "0"], (spec) => spec.updateConfig?.parallelism, 0],
  [["--no-read-only", "--tty"], (spec) => [container(spec).readOnly, container(spec).tty], [false, true]],
  [["--health-interval", "3s"], (spec) => container(spec).healthcheck?.intervalMs, 3_000],
  [["--image", "web:2"], (spec) => container(spec).image, "web:2"],
];
for (const [argv, of, want] of cases) {
  test(`service update ${argv.join(" ")}`, async () => assert.deepEqual(of(await update(argv, { C: "mine" })), want));
}

// What is there is found by what it says, not by how it was typed; what stands there stays as it is.
const KEPT = newServiceSpec({
  ...PRESENT,
  taskTemplate: newTaskSpec({
    containerSpec: newContainerSpec({
      image: "web:1",
      hosts: ["10.0.0.1   db", "fd00:0:0::2 db"],
      dnsConfig: newDNSConfig({ nameservers: ["fd00::0:1"], search: ["Example.com."], options: ["ndots:2"] }),
      mounts: [newMount({ type: "tmpfs", target: "/t/" })],
      sysctls: { "net/core/somaxconn": "1" },
      capabilityAdd: ["net_admin"],
    }),
    placement: newPlacement({
      constraints: ["node.role == worker", "Node.IP==10.0.0.0/8", "node.labels.Disk==SSD"],
      preferences: [{ spread: { spreadDescriptor: "Node.Labels.z" } }],
    }),
  }),
  endpointSpec: newEndpointSpec({ ports: [port(6080, 80), port(0, 9)] }),
});
const again: readonly (readonly [flag: string, value: string])[] = [
  ["constraint", "node.role==worker"],
  ["constraint", "node.role  ==  Worker"],
  ["constraint", "node.ip == 10.1.2.3/8"],
  ["constraint", "node.labels.Disk==ssd"],
  ["placement-pref", "spread=node.labels.z"],
  ["host", "DB:10.0.0.1"],
  ["host", "db:fd00::2"],
  ["dns", "fd00::1"],
  ["dns-search", "example.COM"],
  ["dns-option", "ndots:2"],
  ["publish", "6080:80/tcp"],
  ["publish", "9"],
];
for (const [flag, value] of again) {
  test(`--${flag}-add ${value}: it is there and stays as it was written`, async () =>
    assert.deepEqual(await update([`--${flag}-add`, value], {}, KEPT), KEPT));
}

const removed: readonly (readonly [flag: string, value: string, of: (spec: ServiceSpec) => unknown, want: unknown])[] =
  [
    ["constraint", "node.role==worker", (of) => of.taskTemplate?.placement?.constraints.length, 2],
    ["constraint", "node.ip==10.0.0.0/8", (of) => of.taskTemplate?.placement?.constraints.length, 2],
    ["placement-pref", "spread=node.labels.z", (of) => of.taskTemplate?.placement?.preferences, []],
    ["host", "db", (of) => container(of).hosts, []],
    ["host", "db:fd00::2", (of) => container(of).hosts, ["10.0.0.1   db"]],
    ["dns", "fd00::1", (of) => container(of).dnsConfig?.nameservers, []],
    ["dns-search", "example.com", (of) => container(of).dnsConfig?.search, []],
    ["mount", "/t", (of) => container(of).mounts, []],
    ["sysctl", "net.core.somaxconn", (of) => container(of).sysctls, {}],
    ["publish", "6080:80", (of) => of.endpointSpec?.ports.map((one) => one.targetPort), [9]],
  ];
for (const [flag, value, of, want] of removed) {
  test(`--${flag}-rm ${value}, in whatever way it was written`, async () =>
    assert.deepEqual(of(await update([`--${flag}-rm`, value], {}, KEPT)), want));
}

test("a parameter's other spelling is the same parameter", async () =>
  assert.deepEqual(container(await update(["--sysctl-add", "net.core.somaxconn=2"], {}, KEPT)).sysctls, {
    "net.core.somaxconn": "2",
  }));

test("a capability's other spelling is the same capability", async () => {
  const spec = container(await update(["--cap-drop", "NET_ADMIN"], {}, KEPT));
  assert.deepEqual([spec.capabilityAdd, spec.capabilityDrop], [[], ["CAP_NET_ADMIN"]]);
});

const absent: readonly (readonly [flag: string, value: string, there: string])[] = [
  ["label-rm", "c", "a, b"],
  ["env-rm", "C", "A, B"],
  ["container-label-rm", "c", "none"],
  ["constraint-rm", "node.role==manager", "node.role==worker"],
  ["placement-pref-rm", "spread=node.labels.Z", "spread=node.labels.z"],
  ["generic-resource-rm", "fpga", "gpu"],
  ["publish-rm", "80", "none"],
  ["host-rm", "db:10.0.0.2", "db:10.0.0.1, cache:10.0.0.2"],
  ["dns-rm", "1.1.1.1", "none"],
  ["dns-search-rm", "x.y", "none"],
  ["dns-option-rm", "ndots:3", "none"],
  ["mount-rm", "/b", "/a, /t"],
  ["group-rm", "wheel", "docker"],
  ["sysctl-rm", "net.core.somaxconn", "none"],
  ["ulimit-rm", "cpu", "nofile"],
];
for (const [flag, value, there] of absent) {
  test(`--${flag} ${value}: what is not there cannot be taken away`, async () =>
    await assert.rejects(update([`--${flag}`, value]), {
      name: "UsageError",
      message: `--${flag} ${value}: it is not there; there is ${there}`,
    }));
}

test("every list's removal has its row", () => {
  const names = SPEC_FLAGS.map(({ name }) => name).filter((name) => name.endsWith("-rm"));
  assert.deepEqual(
    names.filter((name) => !absent.some(([flag]) => flag === name)),
    [],
  );
});

// What Docker keeps both of, both are kept; what the manager refuses is still there when it looks.
const doubles: readonly (readonly [argv: readonly string[], of: (spec: ServiceSpec) => unknown, want: unknown])[] = [
  [["-p", "80", "-p", "80"], (spec) => spec.endpointSpec?.ports.map((one) => one.targetPort), [80, 80]],
  [["-p", "6060:80", "-p", "6060:81"], (spec) => spec.endpointSpec?.ports.map((one) => one.targetPort), [80, 81]],
  [["-p", "6060:80", "-p", "6060:80"], (spec) => spec.endpointSpec?.ports.map((one) => one.targetPort), [80, 80]],
  [["-l", "a=1", "-l", "a=2"], (spec) => spec.labels["a"], "2"],
];
for (const [argv, of, want] of doubles) {
  test(`service create ${argv.join(" ")}`, () => {
    const command = new Command("create").exitOverride();
    addSpecOptions(command, "create");
    command.parse([...argv], { from: "user" });
    assert.deepEqual(of(specEdit(command, "create", [])(newServiceSpec())), want);
  });
}

test("an added port does not take the place of another", async () => {
  const { endpointSpec } = await update(["--publish-add", "6080:20"], {}, KEPT);
  assert.deepEqual(
    endpointSpec?.ports.map((one) => [one.publishedPort, one.targetPort]),
    [
      [6080, 80],
      [0, 9],
      [6080, 20],
    ],
  );
});

for (const name of ["mount", "mount-add"] as const) {
  test(`--${name}: two with one target in one command are refused, one that is there is replaced`, () => {
    const command = new Command("x").exitOverride().configureOutput({ writeErr: () => undefined });
    addSpecOptions(command, name === "mount" ? "create" : "update");
    const argv = [`--${name}`, "type=tmpfs,target=/a", `--${name}`, "type=bind,source=/b,target=/a/"];
    assert.throws(() => command.parse(argv, { from: "user" }), { message: /Two mounts have the target \/a/ });
  });
}

test("an update of a global service to replicas is refused", async () => {
  const flag = SPEC_FLAGS.find((one) => one.name === "replicas");
  assert.throws(() => flag?.edit("3")({ ...PRESENT, mode: { kind: "global" } }), { name: "UsageError" });
});

test("every flag's name is there once per command, and every flag is described", () => {
  for (const kind of ["create", "update"] as const) {
    const names = SPEC_FLAGS.filter((flag) => flag.on === "both" || flag.on === kind).map((flag) => flag.name);
    assert.equal(new Set(names).size, names.length);
  }
  for (const flag of SPEC_FLAGS) assert.notEqual(flag.help, "");
});
