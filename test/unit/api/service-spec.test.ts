import assert from "node:assert/strict";
import { test } from "node:test";
import { completeServiceSpec } from "../../../manager/api/validate/service-spec.ts";
import {
  type ContainerSpec,
  encodeServiceSpec,
  type Node,
  type NodeRole,
  newBindOptions,
  newContainerSpec,
  newDNSConfig,
  newGenericResource,
  newHealthConfig,
  newLogDriver,
  newMount,
  newNetworkAttachmentConfig,
  newNode,
  newNodeDescription,
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
import { cleanPath } from "../../../shared/model/container-values.ts";
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
  ["a name that begins with a dash", serviceSpec("-web"), "invalid_argument", /service: name "-web"/],
  ["a name with a dot", serviceSpec("web.1"), "invalid_argument", /only letters, digits/],
  ["a name of 64 characters", serviceSpec("a".repeat(64)), "invalid_argument", /longer than 63/],
  // A pattern that tries every way to split it would not come to an end.
  ["a long name with a bad end", serviceSpec(`${"a".repeat(62)}!`), "invalid_argument", /only letters, digits/],
  ["an empty label key", serviceSpec("web", { labels: { "": "x" } }), "invalid_argument", /label has an empty key/],
  ["too little cpu", limits({ nanoCpus: 999_999 }), "invalid_argument", /at least 0\.001/],
  ["too little memory", limits({ memoryBytes: 4 * 1024 * 1024 - 1 }), "invalid_argument", /at least 4MiB/],
  ["negative cpu", limits({ nanoCpus: -1 }), "invalid_argument", /cpu/],
  ["negative pids", limits({ pids: -1 }), "invalid_argument", /limit-pids: -1 is not from 0/],
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
    /restart-delay: a time must not be negative/,
  ],
  ["a mount without target", container({ mounts: [bind("/a", "")] }), "invalid_argument", /target is missing/],
  [
    "a relative target",
    container({ mounts: [bind("/a", "data")] }),
    "invalid_argument",
    /mount data: the target "data" must be an absolute path/,
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
    /source "a" must be an absolute path/,
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
  ["a stop signal", container({ stopSignal: "TERM NOW" }), "invalid_argument", /stop-signal/],
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
  ["a log driver", task({ logDriver: newLogDriver({ name: "syslog" }) }), "invalid_argument", /json-file, local, none/],
  [
    "too many replicas",
    serviceSpec("web", { mode: { kind: "replicated", replicas: 1_000_000 } }),
    "invalid_argument",
    /replicas: 1000000 is not from 0 to 100000/,
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
  ["a long hostname", container({ hostname: "a".repeat(65) }), "invalid_argument", /hostname: .*64 at most/],
  [
    "a hostname that is too long from the 100th replica on",
    container({ hostname: `${"a".repeat(62)}{{.Task.Slot}}` }),
    "invalid_argument",
    /hostname: .* can become .* 65 characters/,
  ],
  [
    "a hostname with an id that does not fit",
    container({ hostname: `{{.Task.ID}}-{{.Service.ID}}-{{.Node.ID}}` }),
    "invalid_argument",
    /77 characters/,
  ],
  [
    "a hostname of the slot of a global service, which is a node's id",
    { ...container({ hostname: `${"a".repeat(40)}{{.Task.Slot}}` }), mode: { kind: "global" } },
    "invalid_argument",
    /65 characters/,
  ],
  ["a signal that is none", container({ stopSignal: "SIGTREM" }), "invalid_argument", /stop-signal: "SIGTREM" is not/],
  ["a capability to add", container({ capabilityAdd: ["NOPE"] }), "invalid_argument", /cap-add: .*"NOPE"/],
  ["a capability to drop", container({ capabilityDrop: ["NOPE"] }), "invalid_argument", /cap-drop: .*"NOPE"/],
  [
    "a resource limit that is none",
    container({ ulimits: [newUlimit({ name: "foo", soft: 1, hard: 1 })] }),
    "invalid_argument",
    /no resource limit "foo"; write|no resource limit "foo": write/,
  ],
  [
    "one resource limit twice",
    container({ ulimits: [newUlimit({ name: "cpu", hard: 1 }), newUlimit({ name: "cpu", hard: 2 })] }),
    "invalid_argument",
    /ulimit cpu: it is there twice/,
  ],
  ["a kernel parameter that is none", container({ sysctls: { foo: "1" } }), "invalid_argument", /sysctl: "foo"/],
  [
    "a kernel parameter of the node",
    container({ sysctls: { "vm.swappiness": "1" } }),
    "invalid_argument",
    /sysctl: vm\.swappiness would change the node/,
  ],
  [
    "a parameter of the node's network",
    task({
      containerSpec: newContainerSpec({ image: "nginx", sysctls: { "net.core.somaxconn": "1" } }),
      networks: [newNetworkAttachmentConfig({ target: "host" })],
    }),
    "invalid_argument",
    /would change the node: the task uses the network of its node/,
  ],
  [
    "one kernel parameter in two spellings",
    container({ sysctls: { "net.core.somaxconn": "1", "net/core/somaxconn": "2" } }),
    "invalid_argument",
    /are one/,
  ],
  ["a user of two colons", container({ user: "a:b:c" }), "invalid_argument", /user: /],
  ["a group with a colon", container({ groups: ["a:b"] }), "invalid_argument", /group: /],
  ["a word beyond the kernel's", container({ args: ["x".repeat(131_072)] }), "invalid_argument", /131071 at most/],
  ["a hosts entry of no name", container({ hosts: ["10.0.0.1"] }), "invalid_argument", /IP NAME/],
  ["a search domain", container({ dnsConfig: newDNSConfig({ search: ["a b"] }) }), "invalid_argument", /dns-search/],
  ["a resolver option", container({ dnsConfig: newDNSConfig({ options: ["ndot:2"] }) }), "invalid_argument", /ndots:N/],
  [
    "a mount inside of /proc",
    container({ mounts: [newMount({ type: "tmpfs", target: "/proc/sys" })] }),
    "invalid_argument",
    /inside of \/proc/,
  ],
  [
    "permission bits",
    container({
      mounts: [newMount({ type: "tmpfs", target: "/t", tmpfsOptions: newTmpfsOptions({ mode: 0o10000 }) })],
    }),
    "invalid_argument",
    /tmpfs-mode: 4096/,
  ],
  ["far too many processes", limits({ pids: 4_194_305 }), "invalid_argument", /limit-pids/],
  ["more cpus than there are", limits({ nanoCpus: 70_000e9 }), "invalid_argument", /limit-cpu: .*at most 65536/],
  [
    "a grace of a hundred years",
    container({ stopGracePeriodMs: 101 * 365 * 86_400_000 }),
    "invalid_argument",
    /stop-grace-period: .*100 years/,
  ],
  [
    "an option that no log driver has",
    task({ logDriver: newLogDriver({ name: "json-file", options: { "max-sise": "1m" } }) }),
    "invalid_argument",
    /log-opt: .*"max-sise"/,
  ],
  [
    "an option that another log driver has",
    task({ logDriver: newLogDriver({ name: "local", options: { tag: "x" } }) }),
    "invalid_argument",
    /log driver local has no option "tag"/,
  ],
  [
    "a generic resource, which no node can offer",
    task({
      resources: newResourceRequirements({
        reservations: newResources({ genericResources: [newGenericResource({ kind: "gpu", amount: 1 })] }),
      }),
    }),
    "unimplemented",
    /generic-resource gpu: no node can offer/,
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
    assert.throws(() => completeServiceSpec(spec, []), errorOf(code, message)));
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
  ["the longest hostname", container({ hostname: `${"a".repeat(61)}{{.Task.Slot}}` })],
  ["Docker's example of a hostname", container({ hostname: "{{.Node.Hostname}}-{{.Node.ID}}-{{.Service.Name}}" })],
  ["a file of /proc that lxcfs makes", container({ mounts: [bind("/a", "/proc/meminfo")] })],
  ["a driver without its name", task({ logDriver: newLogDriver({ options: { "max-size": "1m" } }) })],
  ["a group alone", container({ user: ":1000" })],
  ["kernel parameters", container({ sysctls: { "net/core/somaxconn": "1", "kernel.shmmax": "1" } })],
  ["signals", container({ stopSignal: "SIGRTMIN+3" })],
  ["unlimited", container({ ulimits: [newUlimit({ name: "nofile", soft: 5, hard: -1 })] })],
  ["hosts", container({ hosts: ["10.0.0.1 db", "fd00::1 db6"] })],
  ["an update config", serviceSpec("web", { updateConfig: newUpdateConfig({ parallelism: 1, monitorMs: 1000 }) })],
];
for (const [name, spec] of accepted) {
  test(`a service spec is accepted: ${name}`, () => assert.ok(completeServiceSpec(spec, []).mode !== undefined));
}

test("without a mode it is one replica", () => {
  assert.deepEqual(completeServiceSpec({ ...serviceSpec("web"), mode: undefined }, []).mode, {
    kind: "replicated",
    replicas: 1,
  });
});

test("the order of a map makes no difference", () => {
  const bytes = (labels: Record<string, string>): Uint8Array =>
    encodeServiceSpec(completeServiceSpec({ ...container({ labels }), labels }, []));
  assert.deepEqual(bytes({ a: "1", b: "2" }), bytes({ b: "2", a: "1" }));
});

test("a hostname with the node's name is as long as the longest of the nodes that the service can be on", () => {
  const named = (hostname: string, role: NodeRole): Node =>
    newNode({ role, description: newNodeDescription({ hostname }) });
  const nodes = [named("short", "worker"), named("m".repeat(61), "manager")];
  const spec = container({ hostname: "{{.Node.Hostname}}-web" });
  assert.throws(() => completeServiceSpec(spec, nodes), errorOf("invalid_argument", /64 at most/));
  const constrained = {
    ...spec,
    taskTemplate: newTaskSpec({
      ...spec.taskTemplate,
      placement: newPlacement({ constraints: ["node.role==worker"] }),
    }),
  };
  assert.ok(completeServiceSpec(constrained, nodes));
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
