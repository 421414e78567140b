import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newEvent, type UpdateServiceRequest } from "../../../proto/gen/control.ts";
import { type NetworkFindingsResponse, newNetworkFindingsResponse } from "../../../proto/gen/dispatcher.ts";
import { newInfoResponse } from "../../../proto/gen/local.ts";
import {
  type Cluster,
  type NodeSpec,
  newCluster,
  newClusterSpec,
  newMeta,
  newRootCA,
  newServiceSpec,
  type ServiceSpec,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { parseId } from "../../../shared/model/ids.ts";
import { fastEnv, NOW_MS, skep, startDaemon } from "./harness.ts";
import { node, nodeId, service, serviceId, task } from "./objects.ts";

const web = service(1, "web", { mode: { kind: "replicated", replicas: 3 }, labels: { tier: "front" } });
const agent = service(2, "agent", { mode: { kind: "global" } });
const sent: {
  create?: ServiceSpec;
  noResolve?: boolean;
  update?: UpdateServiceRequest;
  node?: NodeSpec;
  cluster?: unknown;
  filters?: unknown;
  init?: unknown;
  join?: unknown;
} = {};
const notFound = (what: string, ref: string): never => {
  throw new SkepError("not_found", `no such ${what}: ${ref}`);
};
let conflicts = 0;

const cluster: Cluster = newCluster({
  id: parseId("cluster id", "cluster1".padEnd(25, "x")),
  meta: newMeta({ version: 7, createdAtMs: NOW_MS, updatedAtMs: NOW_MS }),
  spec: newClusterSpec({ name: "default", insecureRegistries: ["a:5000"] }),
  rootCa: newRootCA({ joinTokens: { worker: "W-TOKEN", manager: "M-TOKEN" } }),
});

let findings: NetworkFindingsResponse | undefined = newNetworkFindingsResponse({ state: "tested" });
const daemon = await startDaemon({
  local: {
    info: async () =>
      newInfoResponse({
        version: "0.1.0",
        nodeId: nodeId(1),
        controlAvailable: true,
        localNodeState: "active",
        managers: ["10.0.0.1:7377"],
        nodeAddr: "10.0.0.1",
      }),
    init: async (request) => {
      sent.init = request;
      return {
        nodeId: nodeId(1),
        joinTokens: { worker: "W-TOKEN", manager: "M-TOKEN" },
        addr: "10.0.0.1:7377",
        notes: [],
        unlockKey: "",
      };
    },
    join: async (request) => {
      sent.join = request;
      return { nodeId: nodeId(2), role: "worker" };
    },
    networkFindings: async () => {
      if (findings === undefined) throw new SkepError("unavailable", "this node has no session with a manager now");
      return findings;
    },
    leave: async ({ force }) => {
      if (!force)
        throw new SkepError(
          "failed_precondition",
          "You are attempting to leave the swarm on a node that is participating as a manager. Use `--force`.",
        );
      return {};
    },
  },
  control: {
    listNodes: async () => ({ nodes: [node(2), node(1, "ready", "leader"), node(3, "down")] }),
    getNode: async ({ ref }) => {
      const found = [node(1, "ready", "leader"), node(2)].find(
        (one) => one.id === ref || one.description?.hostname === ref,
      );
      return found ?? notFound("node", ref);
    },
    updateNode: async ({ spec }) => {
      if (conflicts-- > 0) throw new SkepError("conflict", "update out of sequence");
      if (spec !== undefined) sent.node = spec;
      return node(2);
    },
    removeNode: async ({ ref, force }) => {
      if (ref === "node9") return notFound("node", ref);
      if (!force) throw new SkepError("failed_precondition", `node ${ref} is not down`);
      return { id: ref };
    },
    listServices: async ({ filters }) => {
      sent.filters = filters;
      return {
        services: [
          { service: web, status: { runningTasks: 2, desiredTasks: 3, completedTasks: 0, unknownTasks: 1 } },
          { service: agent, status: { runningTasks: 2, desiredTasks: 2, completedTasks: 0, unknownTasks: 0 } },
        ],
      };
    },
    getService: async ({ ref }) => {
      if (ref === "web" || ref === web.id)
        return { service: web, status: { runningTasks: 2, desiredTasks: 3, completedTasks: 0, unknownTasks: 0 } };
      if (ref === "agent") return { service: agent };
      return notFound("service", ref);
    },
    listTasks: async ({ filters }) => {
      sent.filters = filters;
      return {
        tasks: [
          task({ n: 1, of: web, slot: 1, state: "running", node: 1, agoMs: 300_000 }),
          task({ n: 2, of: web, slot: 2, state: "running", node: 2, agoMs: 5_000 }),
          task({ n: 3, of: web, slot: 2, state: "failed", node: 2, desired: "shutdown", exit: 1, agoMs: 10_000 }),
          task({ n: 4, of: web, slot: 3, state: "running", node: 3, agoMs: 7_200_000 }),
        ],
      };
    },
    createService: async ({ spec, noResolveImage }) => {
      if (spec?.name === "taken")
        throw new SkepError("already_exists", "name conflicts with an existing object: service taken already exists");
      if (spec !== undefined) sent.create = spec;
      sent.noResolve = noResolveImage;
      return { service: service(1, spec?.name ?? "", spec), warnings: ["image x could not be accessed on a registry"] };
    },
    updateService: async (request) => {
      if (conflicts-- > 0) throw new SkepError("conflict", "update out of sequence");
      sent.update = request;
      return { service: web, warnings: [] };
    },
    removeService: async ({ ref }) => (ref === "web" ? { id: web.id } : notFound("service", ref)),
    getCluster: async () => cluster,
    updateCluster: async (request) => {
      sent.cluster = request;
      return {
        ...cluster,
        rootCa: cluster.rootCa && { ...cluster.rootCa, joinTokens: { worker: "W2-TOKEN", manager: "M2-TOKEN" } },
      };
    },
    async *events() {
      yield newEvent({
        type: "node",
        action: "update",
        id: nodeId(3),
        attributes: { name: "node3", "state.new": "down", "state.old": "ready", message: "heartbeat failure" },
        timeMs: NOW_MS,
        version: 5,
      });
    },
  },
});
after(() => daemon.close());
const { socket } = daemon;

test("node ls: docker's columns, sorted by name, a star on the node that answers", async () => {
  const { out, status } = await skep(["node", "ls"], { socket });
  assert.equal(status, 0);
  assert.equal(
    out,
    `ID                            HOSTNAME   STATUS    AVAILABILITY   MANAGER STATUS   ENGINE VERSION
node1xxxxxxxxxxxxxxxxxxxx *   node1      Ready     Active         Leader           0.1.0
node2xxxxxxxxxxxxxxxxxxxx     node2      Ready     Active                          0.1.0
node3xxxxxxxxxxxxxxxxxxxx     node3      Down      Active                          0.1.0
`,
  );
});

test("node ls -q and templates give ids without the star", async () => {
  assert.equal((await skep(["node", "ls", "-q"], { socket })).out, `${nodeId(1)}\n${nodeId(2)}\n${nodeId(3)}\n`);
  assert.equal(
    (await skep(["node", "ls", "--format", "{{.ID}} {{.Self}}"], { socket })).out.split("\n")[0],
    `${nodeId(1)} true`,
  );
});

test("service ls: running of wanted, what is unknown told, image without its digest's noise", async () => {
  const { out } = await skep(["service", "ls", "--filter", "label=a=b", "--filter", "name=web"], { socket });
  assert.equal(
    out,
    `ID             NAME      MODE         REPLICAS          IMAGE     PORTS
svc2xxxxxxxx   agent     global       2/2               agent:1
svc1xxxxxxxx   web       replicated   2/3 (1 unknown)   web:1
`,
  );
  assert.deepEqual(sent.filters, [
    { key: "label", values: ["a=b"] },
    { key: "name", values: ["web"] },
  ]);
});

for (const [format, want] of [
  ["{{.Name}}", "agent\nweb\n"],
  ["table {{.Name}}\\t{{.Replicas}}", "NAME      REPLICAS\nagent     2/2\nweb       2/3 (1 unknown)\n"],
  ["json", '{"ID":"svc2xxxxxxxx","Name":"agent","Mode":"global","Replicas":"2/2","Image":"agent:1","Ports":""}\n'],
] as const) {
  test(`service ls --format ${format}`, async () => {
    const { out } = await skep(["service", "ls", "--format", format], { socket });
    assert.ok(out.startsWith(want), out);
  });
}

test("a template that names what is not there is a usage error with the fields there are", async () => {
  const { status, err } = await skep(["service", "ls", "--format", "{{.Replica}}"], { socket });
  assert.equal(status, 2);
  assert.match(err, /there is no \.Replica; there are \.ID, \.Name/);
});

test("service ps: history under its slot, a silent node's task unknown, ages as docker tells them", async () => {
  const { out, status } = await skep(["service", "ps", "web"], { socket });
  assert.equal(status, 0);
  assert.equal(
    out,
    `ID             NAME        IMAGE     NODE      DESIRED STATE   CURRENT STATE                   ERROR                       PORTS
task1xxxxxxx   web.1       web:1     node1     Running         Running 5 minutes ago
task2xxxxxxx   web.2       web:1     node2     Running         Running 5 seconds ago
task3xxxxxxx    \\_ web.2   web:1     node2     Shutdown        Failed 10 seconds ago           "task: non-zero exit (1)"
task4xxxxxxx   web.3       web:1     node3     Running         Unknown (Running 2 hours ago)
`,
  );
  assert.deepEqual(sent.filters, [{ key: "service", values: [web.id] }]);
});

test("a switch's opposite: --no-trunc=false is as without", async () => {
  const plain = await skep(["service", "ps", "web"], { socket });
  assert.deepEqual(await skep(["service", "ps", "--no-trunc=false", "web"], { socket }), plain);
  assert.match((await skep(["service", "ps", "--no-trunc", "web"], { socket })).out, /task1x{20} /);
});

test("service ps of one that is not there fails; the others are shown", async () => {
  const { out, err, status } = await skep(["service", "ps", "nope", "web"], { socket });
  assert.equal(status, 1);
  assert.match(err, /error: no such service: nope/);
  assert.match(out, /web\.1/);
});

test("service create carries every flag into the spec", async () => {
  const { status, out, err } = await skep(
    [
      "service",
      "create",
      "-d",
      "--name",
      "api",
      "--replicas=2",
      "-l",
      "a=b",
      "--container-label",
      "c",
      "--constraint",
      "node.role==worker",
      "--placement-pref",
      "spread=node.labels.zone",
      "--replicas-max-per-node",
      "1",
      "--reserve-cpu",
      "0.5",
      "--reserve-memory",
      "64m",
      "--generic-resource",
      "gpu=1",
      "--limit-cpu",
      "1",
      "--limit-memory",
      "128m",
      "--limit-pids",
      "50",
      "--restart-condition",
      "on-failure",
      "--restart-delay",
      "1s",
      "--restart-max-attempts",
      "3",
      "--restart-window",
      "1m",
      "--update-delay",
      "2s",
      "--update-order",
      "start-first",
      "--rollback-failure-action",
      "continue",
      "--endpoint-mode",
      "dnsrr",
      "--network",
      "host",
      "--hostname",
      "h",
      "--host",
      "db:10.0.0.7",
      "--dns",
      "1.1.1.1",
      "--dns-search",
      "x.y",
      "--dns-option",
      "ndots:2",
      "-e",
      "A=1",
      "-e",
      "MINE",
      "-e",
      "NOT_MINE",
      "--env-file",
      "/f",
      "--mount",
      "type=tmpfs,target=/t",
      "-u",
      "1000",
      "--group",
      "docker",
      "-w",
      "/w",
      "-t",
      "--read-only",
      "--init",
      "--entrypoint",
      "sh -c",
      "--stop-signal",
      "SIGINT",
      "--stop-grace-period",
      "3s",
      "--health-cmd",
      "true",
      "--health-interval",
      "5s",
      "--cap-add",
      "net_admin",
      "--cap-drop",
      "ALL",
      "--sysctl",
      "net.core.somaxconn=9",
      "--ulimit",
      "nofile=1:2",
      "--oom-score-adj=-5",
      "--log-driver",
      "local",
      "--log-opt",
      "max-size=1m",
      "--no-resolve-image",
      "img:1",
      "echo",
      "--not-ours",
      "-d=x",
    ],
    { socket, vars: { MINE: "mine" }, files: { "/f": "F=file\nA=0\n" } },
  );
  assert.equal(err, "warning: image x could not be accessed on a registry\n");
  assert.equal(status, 0);
  assert.equal(out, `${serviceId(1)}\n`);
  assert.equal(sent.noResolve, true);
  const container = sent.create?.taskTemplate?.containerSpec;
  assert.deepEqual(container?.env, ["F=file", "A=1", "MINE=mine"]);
  assert.deepEqual(container?.args, ["echo", "--not-ours", "-d=x"]);
  assert.deepEqual(
    {
      mode: sent.create?.mode,
      labels: sent.create?.labels,
      update: sent.create?.updateConfig,
      rollback: sent.create?.rollbackConfig?.failureAction,
      endpoint: sent.create?.endpointSpec?.mode,
      restart: sent.create?.taskTemplate?.restartPolicy,
      limits: sent.create?.taskTemplate?.resources?.limits,
      reservations: sent.create?.taskTemplate?.resources?.reservations,
      placement: sent.create?.taskTemplate?.placement,
      networks: sent.create?.taskTemplate?.networks.map((one) => one.target),
      log: sent.create?.taskTemplate?.logDriver,
    },
    {
      mode: { kind: "replicated", replicas: 2 },
      labels: { a: "b" },
      update: { parallelism: 1, delayMs: 2_000, failureAction: "pause", maxFailureRatio: 0, order: "start_first" },
      rollback: "continue",
      endpoint: "dnsrr",
      restart: { condition: "on_failure", delayMs: 1_000, maxAttempts: 3, windowMs: 60_000 },
      limits: { nanoCpus: 1e9, memoryBytes: 134_217_728, pids: 50, genericResources: [] },
      reservations: {
        nanoCpus: 5e8,
        memoryBytes: 67_108_864,
        pids: 0,
        genericResources: [{ kind: "gpu", amount: 1, value: "" }],
      },
      placement: {
        constraints: ["node.role==worker"],
        preferences: [{ spread: { spreadDescriptor: "node.labels.zone" } }],
        maxReplicas: 1,
        platforms: [],
      },
      networks: ["host"],
      log: { name: "local", options: { "max-size": "1m" } },
    },
  );
  assert.deepEqual(
    {
      image: container?.image,
      labels: container?.labels,
      hostname: container?.hostname,
      hosts: container?.hosts,
      dns: container?.dnsConfig,
      user: container?.user,
      groups: container?.groups,
      dir: container?.dir,
      tty: container?.tty,
      readOnly: container?.readOnly,
      init: container?.init,
      command: container?.command,
      signal: container?.stopSignal,
      grace: container?.stopGracePeriodMs,
      health: container?.healthcheck?.test,
      interval: container?.healthcheck?.intervalMs,
      add: container?.capabilityAdd,
      drop: container?.capabilityDrop,
      sysctls: container?.sysctls,
      ulimits: container?.ulimits,
      oom: container?.oomScoreAdj,
      mounts: container?.mounts.map((one) => [one.type, one.target]),
    },
    {
      image: "img:1",
      labels: { c: "" },
      hostname: "h",
      hosts: ["10.0.0.7 db"],
      dns: { nameservers: ["1.1.1.1"], search: ["x.y"], options: ["ndots:2"] },
      user: "1000",
      groups: ["docker"],
      dir: "/w",
      tty: true,
      readOnly: true,
      init: true,
      command: ["sh", "-c"],
      signal: "SIGINT",
      grace: 3_000,
      health: ["CMD-SHELL", "true"],
      interval: 5_000,
      add: ["CAP_NET_ADMIN"],
      drop: ["ALL"],
      sysctls: { "net.core.somaxconn": "9" },
      ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
      oom: -5,
      mounts: [["tmpfs", "/t"]],
    },
  );
});

test("service create: the least there is", async () => {
  await skep(["service", "create", "--detach=true", "img"], { socket });
  assert.deepEqual(sent.create?.mode, { kind: "replicated", replicas: 1 });
  assert.equal(sent.create?.updateConfig, undefined);
  assert.equal(sent.create?.taskTemplate?.containerSpec?.tty, false);
  assert.equal(sent.noResolve, false);
});

test("service create --mode global, wherever it stands", async () => {
  assert.equal((await skep(["service", "create", "-d", "img", "--x"], { socket })).status, 0);
  assert.equal((await skep(["service", "create", "-d", "--mode", "global", "img"], { socket })).status, 0);
  assert.deepEqual(sent.create?.mode, { kind: "global" });
  const { status, err } = await skep(["service", "create", "-d", "--replicas", "3", "--mode", "global", "img"], {
    socket,
  });
  assert.equal(status, 2);
  assert.match(err, /--replicas is for replicated services/);
});

test("service create --no-healthcheck", async () => {
  await skep(["service", "create", "-d", "--no-healthcheck", "img"], { socket });
  assert.deepEqual(sent.create?.taskTemplate?.containerSpec?.healthcheck?.test, ["NONE"]);
  const { status, err } = await skep(["service", "create", "-d", "--no-healthcheck", "--health-cmd", "true", "img"], {
    socket,
  });
  assert.equal(status, 2);
  assert.match(err, /--no-healthcheck and --health-cmd exclude one another/);
});

test("service create --with-registry-auth takes what docker login left; without an entry it warns and goes on", async () => {
  const config = JSON.stringify({ auths: { "10.0.0.9:5000": { auth: Buffer.from("me:se:cret").toString("base64") } } });
  const files = { "/cfg/config.json": config };
  await skep(["service", "create", "-d", "--with-registry-auth", "10.0.0.9:5000/img"], {
    socket,
    files,
    vars: { DOCKER_CONFIG: "/cfg" },
  });
  const auth: unknown = JSON.parse(
    Buffer.from(sent.create?.taskTemplate?.containerSpec?.registryAuth ?? "", "base64").toString(),
  );
  assert.deepEqual(auth, { username: "me", password: "se:cret", serveraddress: "10.0.0.9:5000" });
  const { status, err } = await skep(["service", "create", "-d", "--with-registry-auth", "img"], {
    socket,
    vars: { HOME: "/home/u" },
  });
  assert.equal(status, 0);
  assert.match(err, /warning: --with-registry-auth: there is no file \/home\/u\/\.docker\/config\.json/);
});

test("the cluster's refusal is an error with its words, and status 1", async () => {
  const result = await skep(["service", "create", "-d", "--name", "taken", "img"], { socket });
  assert.deepEqual(result, {
    status: 1,
    out: "",
    err: "error: name conflicts with an existing object: service taken already exists\n",
  });
});

for (const [argv, complaint] of [
  [["service", "create"], /missing required argument 'image'/],
  [["service", "create", "--limit-memory", "5x", "img"], /'--limit-memory <bytes>' argument '5x' is invalid.*64m/],
  [["service", "create", "--limit-cpu", "half", "img"], /'--limit-cpu <cpus>' argument 'half' is invalid.*0\.5/],
  [["service", "create", "--restart-delay", "5", "img"], /argument '5' is invalid\. The unit is missing: write 5s/],
  [["service", "create", "--mode", "daemon", "img"], /Allowed values: replicated, global/],
  [["service", "create", "--mount", "type=bind,target=/x", "img"], /needs a source/],
  [
    ["service", "create", "--replica", "3", "img"],
    /unknown option '--replica'\n\(Did you mean --replicas\?\)\nSee 'skep service create --help'/,
  ],
  [["service", "create", "--env-file", "/none", "img"], /--env-file \/none: there is no such file/],
  [["service", "create", "--tty=perhaps", "img"], /--tty is a switch: write --tty, or --tty=false; got "perhaps"/],
  [["service", "update", "web"], /nothing to change/],
  [["service", "update", "-d", "web"], /nothing to change/],
  [["service", "update", "--rollback", "--force", "web"], /--rollback .* goes with no other change/],
  [["service", "scale", "web"], /Not KEY=VALUE: write it like web=5/],
  [["service", "scale", "web=many"], /Not a whole number/],
  [["servce"], /unknown command 'servce'\n\(Did you mean service\?\)/],
  [["service", "creat"], /unknown command 'creat'\n\(Did you mean create\?\)/],
  [["node", "update", "node2"], /nothing to change/],
  [["node", "update", "--availability", "off", "node2"], /Allowed values: active, pause, drain/],
  [["node", "update", "--label-rm", "zone", "node2"], /it is not there; there is none/],
  [["swarm", "join", "1.2.3.4:7377"], /required option '--token <token>' not specified/],
  [["swarm", "join-token", "boss"], /Allowed choices are worker, manager/],
  [["swarm", "update"], /nothing to change/],
  [["events", "--since", "yesterday"], /write it like 10m/],
  [["-H", "tcp://1.2.3.4", "node", "ls"], /--host "tcp:\/\/1\.2\.3\.4" is not an address/],
  [["service", "ls", "extra"], /too many arguments/],
  [["service", "inspect", "--pretty", "--format", "x", "web"], /exclude one another/],
] as const) {
  test(`skep ${argv.join(" ")}: status 2, and says what to write`, async () => {
    const { status, out, err } = await skep(argv, { socket });
    assert.match(err, complaint);
    assert.equal(status, 2);
    assert.equal(out, "");
  });
}

test("service update edits the present spec: removals before additions, the rest untouched", async () => {
  const before = web.spec ?? newServiceSpec();
  const { status, out } = await skep(
    [
      "service",
      "update",
      "-d",
      "--env-add",
      "B=2",
      "--label-add",
      "x=y",
      "--label-rm",
      "tier",
      "--limit-memory",
      "64m",
      "--read-only=false",
      "--args",
      "-p 80",
      "web",
    ],
    { socket },
  );
  assert.equal(status, 0);
  assert.equal(out, "web\n");
  assert.equal(sent.update?.id, web.id);
  assert.equal(sent.update?.version, 11);
  assert.equal(sent.update?.keepRegistryAuth, true);
  assert.equal(sent.update?.noResolveImage, true, "no new image: the registry is not asked");
  assert.deepEqual(sent.update?.spec?.labels, { x: "y" });
  assert.deepEqual(sent.update?.spec?.mode, before.mode);
  const container = sent.update?.spec?.taskTemplate?.containerSpec;
  assert.deepEqual(
    [container?.image, container?.env, container?.args],
    ["docker.io/library/web:1", ["B=2"], ["-p", "80"]],
  );
});

test("service update --force makes all anew; --image asks the registry", async () => {
  await skep(["service", "update", "-d", "--force", "--image", "web:2", "web"], { socket });
  assert.equal(sent.update?.spec?.taskTemplate?.forceUpdate, 1);
  assert.equal(sent.update?.noResolveImage, false);
});

test("service update --rollback", async () => {
  await skep(["service", "update", "-d", "--rollback", "web"], { socket });
  assert.equal(sent.update?.rollback, true);
});

test("a write that came between is read again and repeated", async () => {
  conflicts = 2;
  assert.equal((await skep(["service", "scale", "-d", "web=7"], { socket })).out, "web scaled to 7\n");
  assert.deepEqual(sent.update?.spec?.mode, { kind: "replicated", replicas: 7 });
  assert.equal(sent.update?.noResolveImage, true);
});

test("who collides again and again goes on until the deadline, in pauses that differ", async () => {
  conflicts = 40;
  const pauses: number[] = [];
  let last = 0;
  const env = fastEnv((nowMs) => {
    pauses.push(nowMs - last);
    last = nowMs;
  });
  const updated = await skep(["service", "update", "-d", "--label-add", "x=y", "web"], {
    socket,
    env: { ...env, random: () => (pauses.length % 2 === 0 ? 0.25 : 0.75) },
  });
  assert.equal(updated.err, "");
  assert.equal(updated.status, 0);
  assert.equal(conflicts, -1);
  assert.deepEqual(sent.update?.spec?.labels["x"], "y");
  assert.deepEqual(pauses.slice(0, 3), [6.25, 37.5, 25]);
  assert.ok(Math.max(...pauses) <= 1_000);
  conflicts = Number.POSITIVE_INFINITY;
  const { status, err } = await skep(["service", "scale", "-d", "web=7"], { socket });
  conflicts = 0;
  assert.equal(status, 1);
  assert.equal(err, "error: update out of sequence: for 30 s others changed it each time\n");
});

test("service scale: what can be scaled is; a global service and an unknown one are told", async () => {
  const { status, out, err } = await skep(["service", "scale", "-d", "agent=2", "nope=1", "web=4"], { socket });
  assert.equal(status, 1);
  assert.equal(out, "web scaled to 4\n");
  assert.match(err, /agent: scale can only be used with replicated services/);
  assert.match(err, /no such service: nope/);
});

test("service rm: every one is tried", async () => {
  assert.deepEqual(await skep(["service", "rm", "nope", "web"], { socket }), {
    status: 1,
    out: "web\n",
    err: "error: no such service: nope\n",
  });
});

test("service inspect: docker's array; a template; both in part when one is unknown", async () => {
  const { out, err, status } = await skep(["service", "inspect", "web", "nope"], { socket });
  const parsed: unknown = JSON.parse(out);
  assert.ok(Array.isArray(parsed) && parsed.length === 1);
  assert.deepEqual([status, err], [1, "error: no such service: nope\n"]);
  assert.equal(
    (
      await skep(["service", "inspect", "--format", "{{.Spec.Mode.Replicated.Replicas}} {{.UpdateStatus}}", "web"], {
        socket,
      })
    ).out,
    "3 <no value>\n",
  );
  assert.match(
    (await skep(["service", "inspect", "--pretty", "web"], { socket })).out,
    /^ID:\tsvc1x+\nName:\tweb\nLabels:\n tier:\tfront\nService Mode:\tReplicated\n Replicas:\t3\n/,
  );
});

test("service inspect shows the defaults of what the spec leaves open", async () => {
  const format =
    "{{.Spec.UpdateConfig.Parallelism}} {{.Spec.TaskTemplate.RestartPolicy.Condition}} {{.Spec.EndpointSpec.Mode}}";
  assert.equal((await skep(["service", "inspect", "--format", format, "web"], { socket })).out, "1 any vip\n");
  const { out } = await skep(["service", "inspect", "--pretty", "web"], { socket });
  assert.match(out, /^UpdateConfig:\n Parallelism:\t1\n On failure:\tpause\n Monitoring Period:\t5s\n/m);
  assert.match(out, /^RollbackConfig:\n Parallelism:\t1$/m);
  assert.match(out, /^Endpoint Mode:\tvip$/m);
});

test("node update changes what was named", async () => {
  const { out } = await skep(["node", "update", "--availability", "drain", "--label-add", "disk=ssd", "self"], {
    socket,
  });
  assert.equal(out, "self\n");
  assert.deepEqual(
    [sent.node?.availability, sent.node?.labels, sent.node?.role],
    ["drain", { disk: "ssd" }, "manager"],
  );
});

test("node rm and inspect", async () => {
  assert.deepEqual(await skep(["node", "rm", "node9", "node2"], { socket }), {
    status: 1,
    out: "",
    err: "error: no such node: node9\nerror: node node2 is not down\n",
  });
  assert.equal((await skep(["node", "rm", "-f", "node2"], { socket })).out, "node2\n");
  assert.equal(
    (await skep(["node", "inspect", "self", "--format", "{{.Status.Addr}} {{.ManagerStatus.Leader}}"], { socket })).out,
    "10.0.0.1 true\n",
  );
  assert.match((await skep(["node", "inspect", "--pretty", "node2"], { socket })).out, /Hostname:\tnode2\n/);
});

test("node ps asks for the tasks of this node", async () => {
  await skep(["node", "ps"], { socket });
  assert.deepEqual(sent.filters, [{ key: "node", values: [nodeId(1)] }]);
});

test("swarm init prints how to go on, as docker does", async () => {
  const { out } = await skep(
    [
      "swarm",
      "init",
      "--advertise-addr",
      "eth0",
      "--task-history-limit",
      "2",
      "--cert-expiry",
      "24h",
      "--insecure-registry",
      "r:5000",
    ],
    { socket },
  );
  assert.equal(
    out,
    `Swarm initialized: current node (${nodeId(1)}) is now a manager.

To add a worker to this swarm, run the following command:

    skep swarm join --token W-TOKEN 10.0.0.1:7377

To add a manager to this swarm, run 'skep swarm join-token manager' and follow the instructions.
`,
  );
  assert.deepEqual(sent.init, {
    advertiseAddr: "eth0",
    listenAddr: "",
    dataPathAddr: "",
    availability: "active",
    spec: {
      name: "",
      labels: {},
      orchestration: { taskHistoryRetentionLimit: 2 },
      caConfig: { nodeCertExpiryMs: 86_400_000 },
      insecureRegistries: ["r:5000"],
    },
    forceNewCluster: false,
    force: false,
  });
});

test("swarm join tells what is wrong between the new node and the others, and has joined nevertheless", async () => {
  const join = async (): Promise<unknown> => {
    const { status, out, err } = await skep(["swarm", "join", "--token", "T", "10.0.0.1:7377"], { socket });
    assert.deepEqual([status, out], [0, "This node joined a swarm as a worker.\n"]);
    return err;
  };
  assert.equal(await join(), "");
  const blocked = "node1 → node2: UDP 4789 (VXLAN) is blocked: open it from 10.0.0.1 to 10.0.0.2";
  const unknown = /^warning: whether this node .* not known yet: run `skep network check` on a manager\n$/;
  findings = newNetworkFindingsResponse({ state: "tested", problems: [blocked] });
  assert.equal(await join(), `warning: ${blocked}\n`);
  for (const state of ["pending", "untested"] as const) {
    findings = newNetworkFindingsResponse({ state });
    assert.match(String(await join()), unknown);
  }
  findings = undefined;
  assert.match(String(await join()), unknown);
  findings = newNetworkFindingsResponse({ state: "tested" });
});

test("swarm join, leave, join-token, update", async () => {
  assert.equal(
    (await skep(["swarm", "join", "--token", "T", "10.0.0.1:7377", "10.0.0.2:7377"], { socket })).out,
    "This node joined a swarm as a worker.\n",
  );
  assert.deepEqual(sent.join, {
    token: "T",
    remoteAddrs: ["10.0.0.1:7377", "10.0.0.2:7377"],
    advertiseAddr: "",
    listenAddr: "",
    dataPathAddr: "",
    availability: "active",
  });
  assert.match((await skep(["swarm", "leave"], { socket })).err, /error: You are attempting to leave.*--force/);
  assert.equal((await skep(["swarm", "leave", "--force"], { socket })).out, "Node left the swarm.\n");
  assert.equal((await skep(["swarm", "join-token", "-q", "worker"], { socket })).out, "W-TOKEN\n");
  assert.match(
    (await skep(["swarm", "join-token", "manager"], { socket })).out,
    /To add a manager .*\n\n {4}skep swarm join --token M-TOKEN 10\.0\.0\.1:7377\n/,
  );
  assert.match(
    (await skep(["swarm", "join-token", "--rotate", "worker"], { socket })).out,
    /^Successfully rotated worker join token\.\n\n.*\n\n.*W2-TOKEN/,
  );
  assert.equal(
    (
      await skep(
        [
          "swarm",
          "update",
          "--node-down-after",
          "20s",
          "--insecure-registry-add",
          "b:5000",
          "--insecure-registry-rm",
          "a:5000",
        ],
        { socket },
      )
    ).out,
    "Swarm updated.\n",
  );
  assert.deepEqual(sent.cluster, {
    version: 7,
    spec: {
      name: "default",
      labels: {},
      dispatcher: { heartbeatPeriodMs: 0, suspectAfterMs: 0, downAfterMs: 20_000 },
      insecureRegistries: ["b:5000"],
    },
    rotateWorkerToken: false,
    rotateManagerToken: false,
  });
});

test("swarm update takes away only a registry that is there, in whatever case it was written", async () => {
  const update = (...flags: readonly string[]) => skep(["swarm", "update", ...flags], { socket });
  const { status, err } = await update("--insecure-registry-rm", "c:5000");
  assert.equal(status, 2);
  assert.match(err, /--insecure-registry-rm c:5000: it is not there; there is a:5000/);
  await update(
    "--insecure-registry-rm",
    "A:5000",
    "--insecure-registry-add",
    "b:5000",
    "--insecure-registry-add",
    "B:5000",
  );
  assert.partialDeepStrictEqual(sent.cluster, { spec: { insecureRegistries: ["b:5000"] } });
});

test("events, info, version", async () => {
  assert.equal(
    (await skep(["events"], { socket })).out,
    "2023-11-14T22:13:20Z  node3: ready → down (heartbeat failure)\n",
  );
  assert.equal(
    (await skep(["events", "--format", "raw"], { socket })).out,
    `2023-11-14T22:13:20Z node update ${nodeId(3)} (message=heartbeat failure, name=node3, state.new=down, state.old=ready)\n`,
  );
  const json: unknown = JSON.parse((await skep(["events", "--format", "json"], { socket })).out);
  assert.partialDeepStrictEqual(json, {
    Type: "node",
    Action: "update",
    Actor: { ID: nodeId(3) },
    time: 1_700_000_000,
  });
  assert.equal(
    (await skep(["events", "--format", "{{.Type}} {{.Actor.Attributes.name}}"], { socket })).out,
    "node node3\n",
  );
  assert.match(
    (await skep(["info"], { socket })).out,
    /^Server Version: 0\.1\.0\nSwarm: active\n NodeID: node1x+\n Is Manager: true\n/,
  );
  assert.equal((await skep(["info", "--format", "{{.Swarm.LocalNodeState}}"], { socket })).out, "active\n");
  const format =
    "{{.Swarm.Nodes}} {{.Swarm.Managers}} {{.Swarm.Cluster.Spec.Name}} {{.Swarm.Cluster.RootRotationInProgress}}";
  assert.equal((await skep(["info", "--format", format], { socket })).out, "3 1 default false\n");
  const { out } = await skep(["info"], { socket });
  assert.match(out, /^ Managers: 1\n Nodes: 3$/m);
  assert.match(out, /^ Autolock Managers: false\n Root Rotation In Progress: false$/m);
  assert.doesNotMatch(out, /TOKEN/);
  assert.match(
    (await skep(["version"], { socket })).out,
    /^Client:\n Version: +\d+\.\d+\.\d+\n[\s\S]*\nServer:\n Version: +0\.1\.0\n/,
  );
});

test("help teaches: every command has examples and pointers", async () => {
  for (const noun of ["swarm", "node", "service"]) {
    const list = await skep([noun, "--help"]);
    assert.equal(list.status, 0);
    assert.deepEqual(await skep([noun]), list);
    for (const [, verb] of list.out.matchAll(/^ {2}([a-z-]+)[ |]/gm)) {
      if (verb === undefined || verb === "help") continue;
      const { out, status } = await skep([noun, verb, "--help"]);
      assert.equal(status, 0);
      assert.match(out, new RegExp(`^Usage: skep ${noun}`), verb);
      assert.match(out, /Examples:\n {2}# .*\n {2}\$ skep /, verb);
      assert.match(out, /See also: skep/, verb);
      assert.deepEqual(await skep(["help", noun, verb]), { out, status: 0, err: "" });
    }
  }
});
