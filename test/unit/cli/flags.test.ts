// Flags as edits of a spec: what `service update` does to what is there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import type { CommandContext } from "../../../cli/context.ts";
import { SPEC_FLAGS } from "../../../cli/service/flags.ts";
import { addSpecOptions, envEdits, specEdit } from "../../../cli/service/spec-options.ts";
import {
  newContainerSpec,
  newMount,
  newPlacement,
  newResources,
  newServiceSpec,
  newTaskSpec,
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

async function update(argv: readonly string[], vars: Readonly<Record<string, string>> = {}): Promise<ServiceSpec> {
  const command = new Command("update").exitOverride().configureOutput({ writeErr: () => undefined });
  addSpecOptions(command, "update");
  command.parse([...argv], { from: "user" });
  const context: CommandContext = {
    env: fastEnv(),
    terminal: {
      out: () => undefined,
      err: () => undefined,
      isTty: false,
      colour: false,
      columns: () => 80,
      rows: () => 24,
    },
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
    findDevSocket: async () => undefined,
    connect: () => Promise.reject(new Error("no cluster here")),
    action: (work) => work().then(() => undefined),
  };
  return specEdit(command, "update", await envEdits(command, context))(PRESENT);
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
    ["--publish-rm", "80", "--publish-add", "8081:81/udp", "--publish-add", "target=9,mode=host"],
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
