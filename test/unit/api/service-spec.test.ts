import assert from "node:assert/strict";
import { test } from "node:test";
import { cleanPath } from "../../../manager/api/validate/mounts.ts";
import { completeServiceSpec } from "../../../manager/api/validate/service-spec.ts";
import {
  type ContainerSpec,
  encodeServiceSpec,
  newBindOptions,
  newContainerSpec,
  newDNSConfig,
  newGenericResource,
  newHealthConfig,
  newLogDriver,
  newMount,
  newPlacement,
  newPlacementPreference,
  newResourceRequirements,
  newResources,
  newRestartPolicy,
  newSpreadOver,
  newTaskSpec,
  newTmpfsOptions,
  newUlimit,
  newUpdateConfig,
  type ServiceSpec,
  type TaskSpec,
} from "../../../proto/gen/objects.ts";
import type { SkepError } from "../../../shared/errors.ts";
import { errorOf, serviceSpec } from "../../support/test-api.ts";

const container = (change: Partial<ContainerSpec>): ServiceSpec =>
  task({ containerSpec: newContainerSpec({ image: "nginx", ...change }) });
const task = (change: Partial<TaskSpec>): ServiceSpec =>
  serviceSpec("web", { taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "nginx" }), ...change }) });
const limits = (change: object): ServiceSpec =>
  task({ resources: newResourceRequirements({ limits: newResources(change) }) });
const bind = (source: string, target: string): ReturnType<typeof newMount> =>
  newMount({ type: "bind", source, target });

const refused: readonly (readonly [
  name: string,
  spec: ServiceSpec | undefined,
  code: SkepError["code"],
  message: RegExp,
])[] = [
  ["no spec", undefined, "invalid_argument", /spec is missing/],
  ["no container", serviceSpec("web", { taskTemplate: newTaskSpec() }), "invalid_argument", /needs an image/],
  ["no image", container({ image: "" }), "invalid_argument", /needs an image/],
  ["a bad reference", container({ image: "UPPER/Case:tag" }), "invalid_argument", /UPPER\/Case/],
  ["a name that begins with a dash", serviceSpec("-web"), "invalid_argument", /name "-web"/],
  ["a name with a dot", serviceSpec("web.1"), "invalid_argument", /only letters, digits/],
  ["a name of 64 characters", serviceSpec("a".repeat(64)), "invalid_argument", /longer than 63/],
  // A pattern that tries every way to split it would not come to an end.
  ["a long name with a bad end", serviceSpec(`${"a".repeat(62)}!`), "invalid_argument", /only letters, digits/],
  ["an empty label key", serviceSpec("web", { labels: { "": "x" } }), "invalid_argument", /label has an empty key/],
  ["too little cpu", limits({ nanoCpus: 999_999 }), "invalid_argument", /at least 0\.001/],
  ["too little memory", limits({ memoryBytes: 4 * 1024 * 1024 - 1 }), "invalid_argument", /at least 4MiB/],
  ["negative cpu", limits({ nanoCpus: -1 }), "invalid_argument", /cpu/],
  ["negative pids", limits({ pids: -1 }), "invalid_argument", /negative/],
  [
    "generic limits",
    limits({ genericResources: [newGenericResource({ kind: "gpu", amount: 1 })] }),
    "invalid_argument",
    /reserved, not limited/,
  ],
  [
    "a constraint",
    task({ placement: newPlacement({ constraints: ["node.lables.x==1"] }) }),
    "invalid_argument",
    /node\.lables\.x/,
  ],
  [
    "a preference",
    task({
      placement: newPlacement({
        preferences: [newPlacementPreference({ spread: newSpreadOver({ spreadDescriptor: "zone" }) })],
      }),
    }),
    "invalid_argument",
    /node\.labels\.LABEL/,
  ],
  [
    "a negative delay",
    task({ restartPolicy: newRestartPolicy({ delayMs: -1 }) }),
    "invalid_argument",
    /delay must not be negative/,
  ],
  ["a mount without target", container({ mounts: [bind("/a", "")] }), "invalid_argument", /target is missing/],
  [
    "a relative target",
    container({ mounts: [bind("/a", "data")] }),
    "invalid_argument",
    /mount data: the target must be an absolute path/,
  ],
  ["a mount over everything", container({ mounts: [bind("/a", "/x/..")] }), "invalid_argument", /must not be \//],
  [
    "one target twice",
    container({ mounts: [bind("/a", "/data"), bind("/b", "/data/")] }),
    "invalid_argument",
    /two mounts/,
  ],
  ["a bind without source", container({ mounts: [bind("", "/data")] }), "invalid_argument", /needs a source/],
  [
    "a relative bind",
    container({ mounts: [bind("a", "/data")] }),
    "invalid_argument",
    /source a must be an absolute path/,
  ],
  [
    "a propagation",
    container({ mounts: [{ ...bind("/a", "/data"), bindOptions: newBindOptions({ propagation: "none" }) }] }),
    "invalid_argument",
    /propagation none is none of private/,
  ],
  [
    "a tmpfs with source",
    container({ mounts: [newMount({ type: "tmpfs", source: "/a", target: "/t" })] }),
    "invalid_argument",
    /no source/,
  ],
  [
    "tmpfs options on a bind",
    container({ mounts: [{ ...bind("/a", "/t"), tmpfsOptions: newTmpfsOptions() }] }),
    "invalid_argument",
    /tmpfs options/,
  ],
  [
    "a volume",
    container({ mounts: [newMount({ type: "volume", source: "v", target: "/v" })] }),
    "unimplemented",
    /type volume: not available yet/,
  ],
  ["env without name", container({ env: ["=x"] }), "invalid_argument", /has no name/],
  ["a zero byte", container({ args: ["a\0b"] }), "invalid_argument", /zero byte/],
  ["an unknown template", container({ hostname: "{{.Node.Label}}" }), "invalid_argument", /unknown placeholder/],
  ["a broken template", container({ env: ["A={{.Task.Slot"] }), "invalid_argument", /without its/],
  ["a hostname", container({ hostname: "a b" }), "invalid_argument", /not a host's name/],
  ["a stop signal", container({ stopSignal: "TERM NOW" }), "invalid_argument", /stop signal/],
  ["a negative grace", container({ stopGracePeriodMs: -1 }), "invalid_argument", /negative/],
  ["a relative workdir", container({ dir: "app" }), "invalid_argument", /workdir/],
  ["a capability", container({ capabilityAdd: ["NET ADMIN"] }), "invalid_argument", /capability/],
  [
    "a ulimit",
    container({ ulimits: [newUlimit({ name: "nofile", soft: 2, hard: 1 })] }),
    "invalid_argument",
    /above the hard limit/,
  ],
  ["a sysctl", container({ sysctls: { somaxconn: "1" } }), "invalid_argument", /sysctl/],
  ["an oom score", container({ oomScoreAdj: 1001 }), "invalid_argument", /-1000 to 1000/],
  ["a host", container({ hosts: ["db 10.0.0.1"] }), "invalid_argument", /IP NAME/],
  [
    "a name server",
    container({ dnsConfig: newDNSConfig({ nameservers: ["dns.local"] }) }),
    "invalid_argument",
    /not an IP/,
  ],
  ["credentials", container({ registryAuth: "%%" }), "invalid_argument", /credentials are malformed/],
  [
    "a health check",
    container({ healthcheck: newHealthConfig({ test: ["CMD", "true"] }) }),
    "unimplemented",
    /health check: not available yet/,
  ],
  [
    "a broken health check",
    container({ healthcheck: newHealthConfig({ test: ["true"] }) }),
    "invalid_argument",
    /begins with CMD/,
  ],
  [
    "a log driver",
    task({ logDriver: newLogDriver({ name: "syslog" }) }),
    "invalid_argument",
    /json-file, local and none/,
  ],
  [
    "too many replicas",
    serviceSpec("web", { mode: { kind: "replicated", replicas: 1_000_000 } }),
    "invalid_argument",
    /more than 100000/,
  ],
  [
    "a maximum per node of a global service",
    { ...task({ placement: newPlacement({ maxReplicas: 1 }) }), mode: { kind: "global" } },
    "invalid_argument",
    /only a replicated service/,
  ],
  [
    "parallel updates",
    serviceSpec("web", { updateConfig: newUpdateConfig({ parallelism: 2 }) }),
    "unimplemented",
    /parallelism/,
  ],
  [
    "start-first",
    serviceSpec("web", { updateConfig: newUpdateConfig({ parallelism: 1, order: "start_first" }) }),
    "unimplemented",
    /start-first/,
  ],
  [
    "a rollback of a rollback",
    serviceSpec("web", { rollbackConfig: newUpdateConfig({ parallelism: 1, failureAction: "rollback" }) }),
    "invalid_argument",
    /cannot be rolled back/,
  ],
  [
    "a failure ratio",
    serviceSpec("web", { updateConfig: newUpdateConfig({ parallelism: 1, maxFailureRatio: Number.NaN }) }),
    "invalid_argument",
    /ratio/,
  ],
  [
    "a spec beyond all measure",
    container({ env: [`A=${"x".repeat(300_000)}`] }),
    "invalid_argument",
    /more than 262144/,
  ],
];
for (const [name, spec, code, message] of refused) {
  test(`a service spec is refused: ${name}`, () =>
    assert.throws(() => completeServiceSpec(spec), errorOf(code, message)));
}

const accepted: readonly (readonly [name: string, spec: ServiceSpec])[] = [
  ["a plain one", serviceSpec("web")],
  ["without a name", serviceSpec("")],
  ["a name with - and _", serviceSpec("a-b_C9")],
  ["no replicas", serviceSpec("web", { mode: { kind: "replicated", replicas: 0 } })],
  ["global", serviceSpec("web", { mode: { kind: "global" } })],
  ["the least limits", limits({ nanoCpus: 1_000_000, memoryBytes: 4 * 1024 * 1024, pids: 10 })],
  [
    "templates",
    container({
      hostname: "{{.Service.Name}}-{{.Task.Slot}}",
      env: ["N={{.Node.Hostname}}"],
      mounts: [bind("/data/{{.Task.Slot}}", "/data")],
    }),
  ],
  [
    "mounts",
    container({
      mounts: [
        bind("/a", "/b"),
        newMount({ type: "tmpfs", target: "/t", tmpfsOptions: newTmpfsOptions({ sizeBytes: 1, mode: 0o700 }) }),
      ],
    }),
  ],
  ["no health check", container({ healthcheck: newHealthConfig({ test: ["NONE"] }) })],
  ["signals", container({ stopSignal: "SIGRTMIN+3" })],
  ["unlimited", container({ ulimits: [newUlimit({ name: "nofile", soft: 5, hard: -1 })] })],
  ["hosts", container({ hosts: ["10.0.0.1 db", "fd00::1 db6"] })],
  ["an update config", serviceSpec("web", { updateConfig: newUpdateConfig({ parallelism: 1, monitorMs: 1000 }) })],
];
for (const [name, spec] of accepted) {
  test(`a service spec is accepted: ${name}`, () => assert.ok(completeServiceSpec(spec).mode !== undefined));
}

test("without a mode it is one replica", () => {
  assert.deepEqual(completeServiceSpec({ ...serviceSpec("web"), mode: undefined }).mode, {
    kind: "replicated",
    replicas: 1,
  });
});

test("the order of a map makes no difference", () => {
  const bytes = (labels: Record<string, string>): Uint8Array =>
    encodeServiceSpec(completeServiceSpec({ ...container({ labels }), labels }));
  assert.deepEqual(bytes({ a: "1", b: "2" }), bytes({ b: "2", a: "1" }));
});

test("cleanPath", () => {
  for (const [path, want] of [
    ["/a/", "/a"],
    ["/a/./b/../c", "/a/c"],
    ["/..", "/"],
    ["//a", "/a"],
  ] as const) {
    assert.equal(cleanPath(path), want);
  }
});
