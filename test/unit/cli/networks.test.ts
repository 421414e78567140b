// Networks on the command line: what goes to the daemon, and how what comes back is shown.
import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import {
  type CreateServiceRequest,
  newListNetworksResponse,
  newListNodesResponse,
  newListTasksResponse,
  newNetworkDetails,
  newNetworkPeer,
  newNetworkServiceUse,
  newNetworkTask,
  newServiceResponse,
  type UpdateServiceRequest,
} from "../../../proto/gen/control.ts";
import {
  type Network,
  type NetworkSpec,
  newIPAMConfig,
  newMeta,
  newNetwork,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNodeDescription,
  newPortConfig,
  newService,
  newServiceSpec,
  newTaskSpec,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { type NetworkId, parseId } from "../../../shared/model/ids.ts";
import { NOW_MS, type RunOptions, skep, startDaemon } from "./harness.ts";
import { node, nodeId, serviceId, taskId } from "./objects.ts";

const networkId = (n: number): NetworkId => parseId("network id", `net${n}`.padEnd(25, "x"));

const network = (n: number, name: string, spec: Partial<NetworkSpec> = {}): Network =>
  newNetwork({
    id: networkId(n),
    meta: newMeta({ version: n, createdAtMs: NOW_MS }),
    spec: newNetworkSpec({ name, driver: "overlay", ...spec }),
    vni: 4096 + n,
    ipam: [newIPAMConfig({ subnet: `10.0.${n}.0/24`, gateway: `10.0.${n}.1` })],
  });
const networks = [network(1, "front", { driverOpts: { encrypted: "" } }), network(2, "back", { internal: true })];

let created: NetworkSpec[] = [];
let removed: string[] = [];
let listed: string[] = [];
let services: (CreateServiceRequest | UpdateServiceRequest)[] = [];

const mesh = network(3, "mesh", { ingress: true });
const slow = node(1);
const slowDescription = newNodeDescription({ ...slow.description, tunnelProblem: "no WireGuard here" });
const find = (ref: string): Network => {
  const found = [...networks, mesh].find(({ id, spec }) => spec?.name === ref || id.startsWith(ref));
  if (found === undefined) throw new SkepError("not_found", `no such network: ${ref}`);
  return found;
};

const daemon = await startDaemon({
  control: {
    createNetwork: async ({ spec }) => {
      created.push(spec ?? newNetworkSpec());
      return network(9, spec?.name ?? "");
    },
    listNetworks: async ({ filters }) => {
      listed.push(...filters.map(({ key, values }) => `${key}=${values.join(",")}`));
      return newListNetworksResponse({ networks });
    },
    removeNetwork: async ({ ref }) => {
      const { id } = find(ref);
      if (id === networkId(1)) throw new SkepError("failed_precondition", "network front is in use by service web");
      removed.push(ref);
      return { id };
    },
    getNetwork: async ({ ref }) =>
      newNetworkDetails({
        network: find(ref),
        version: 7,
        subnets: [{ used: 3, size: 253 }],
        services: [
          newNetworkServiceUse({
            serviceId: serviceId(1),
            name: "web",
            virtualIps: ["10.0.1.2"],
            ports: [newPortConfig({ publishedPort: 8080, targetPort: 80 })],
          }),
        ],
        tasks: [
          newNetworkTask({
            taskId: taskId(1),
            serviceId: serviceId(1),
            name: `web.1.${taskId(1)}`,
            addresses: ["10.0.1.3"],
            nodeId: nodeId(1),
            state: "ready",
          }),
        ],
        peers: [
          newNetworkPeer({ nodeId: nodeId(1), hostname: "node1", addresses: ["192.0.2.1"], appliedVersion: 7 }),
          newNetworkPeer({ nodeId: nodeId(2), hostname: "node2", addresses: ["192.0.2.2"], appliedVersion: 6 }),
        ],
      }),
    listNodes: async () => newListNodesResponse({ nodes: [{ ...slow, description: slowDescription }, node(2)] }),
    listTasks: async () => newListTasksResponse(),
    createService: async (request) => {
      services.push(request);
      return newServiceResponse({ service: newService({ id: serviceId(1) }) });
    },
    getService: async () => ({
      service: newService({
        id: serviceId(1),
        spec: newServiceSpec({
          name: "web",
          mode: { kind: "replicated", replicas: 1 },
          taskTemplate: newTaskSpec({ networks: [newNetworkAttachmentConfig({ target: networkId(1) })] }),
        }),
      }),
    }),
    updateService: async (request) => {
      services.push(request);
      return newServiceResponse({ service: newService({ id: serviceId(1) }) });
    },
  },
});
const { socket } = daemon;
after(() => daemon.close());
beforeEach(() => {
  [created, removed, listed, services] = [[], [], [], []];
});

const run = (...argv: readonly string[]) => skep(argv, { socket });

test("network create sends what was asked for", async () => {
  const { out, err: warned } = await run(
    ...["network", "create", "--subnet", "10.1.0.0/16", "--gateway", "10.1.0.9", "--ip-range", "10.1.4.0/24"],
    ...["--label", "tier=front", "--opt", "encrypted", "-o", "com.docker.network.driver.mtu=1400"],
    ...["--internal", "--attachable", "--ipv6", "shop"],
  );
  assert.equal(out, `${networkId(9)}\n`);
  assert.match(warned, /^warning: node \S+: no WireGuard here\n$/, "what encryption costs");
  assert.deepEqual(created, [
    newNetworkSpec({
      name: "shop",
      driver: "overlay",
      labels: { tier: "front" },
      driverOpts: { encrypted: "", "com.docker.network.driver.mtu": "1400" },
      internal: true,
      attachable: true,
      ipv6Enabled: true,
      ipam: [newIPAMConfig({ subnet: "10.1.0.0/16", gateway: "10.1.0.9", ipRange: "10.1.4.0/24" })],
    }),
  ]);
  const { status, err } = await run("network", "create", "--gateway", "10.1.0.9", "shop");
  assert.notEqual(status, 0);
  assert.match(err, /--gateway 10\.1\.0\.9: it needs a --subnet/);
});

test("network ls is docker's table, with the subnets", async () => {
  const { out } = await run("network", "ls", "--filter", "name=front");
  assert.deepEqual(listed, ["name=front"]);
  assert.deepEqual(
    out
      .trim()
      .split("\n")
      .map((line) => line.split(/\s{2,}/)),
    [
      ["NETWORK ID", "NAME", "DRIVER", "SCOPE", "SUBNETS"],
      [networkId(2).slice(0, 12), "back", "overlay", "swarm", "10.0.2.0/24"],
      [networkId(1).slice(0, 12), "front", "overlay", "swarm", "10.0.1.0/24"],
    ],
  );
  assert.equal((await run("network", "ls", "-q")).out, `${networkId(2).slice(0, 12)}\n${networkId(1).slice(0, 12)}\n`);
});

test("network rm tries each, and says which it could not", async () => {
  const { status, out, err } = await run("network", "rm", "front", "back");
  assert.equal(status, 1);
  assert.equal(out, "back\n");
  assert.match(err, /network front is in use by service web/);
});

test("network rm of the ingress network: a person is asked, a script is not", async () => {
  const rm = async (options: Partial<RunOptions>, ...flags: readonly string[]) => {
    removed = [];
    const result = await skep(["network", "rm", ...flags, "mesh"], { socket, ...options });
    return { ...result, removed };
  };
  const [yes, no] = [await rm({ isTty: true, input: "y" }), await rm({ isTty: true, input: "" })];
  assert.deepEqual([yes.status, yes.out, yes.removed], [0, "mesh\n", ["mesh"]]);
  assert.match(yes.err, /^WARNING! .*\nAre you sure you want to continue\? \[y\/N\] $/s);
  assert.deepEqual([no.status, no.out, no.removed], [0, "", []]);
  const [piped, nobody, forced] = [await rm({ input: "y" }), await rm({}), await rm({}, "-f")];
  assert.deepEqual([piped.status, piped.err, piped.removed], [0, "", ["mesh"]]);
  assert.deepEqual([nobody.status, nobody.removed], [1, []]);
  assert.match(nobody.err, /mesh is the routing mesh's network.*--force/);
  assert.deepEqual([forced.status, forced.err, forced.removed], [0, "", ["mesh"]]);
});

test("network rm --force takes a network that is not there as removed", async () => {
  assert.match((await run("network", "rm", "nowhere")).err, /no such network: nowhere/);
  const { status, out, err } = await run("network", "rm", "--force", "nowhere", "front");
  assert.deepEqual([status, out], [1, "nowhere\n"]);
  assert.match(err, /network front is in use/);
});

test("network create --ingress has both families, as the one of swarm init", async () => {
  created = [];
  await run("network", "create", "--ingress", "mesh");
  await run("network", "create", "--ingress", "--ipv6=false", "mesh");
  await run("network", "create", "plain");
  assert.deepEqual(
    created.map(({ ingress, ipv6Enabled }) => [ingress, ipv6Enabled]),
    [
      [true, true],
      [true, false],
      [false, false],
    ],
  );
});

test("network prune tells first, and with --force removes what nobody began to use meanwhile", async () => {
  const told = await run("network", "prune");
  assert.match(told.out, /--force` removes them:\nfront\nback\n/);
  assert.deepEqual(removed, []);
  const done = await run("network", "prune", "--force", "--filter", "label=a=b");
  assert.equal(done.out, "Deleted Networks:\nback\n");
  assert.deepEqual(listed.slice(-3), ["label=a=b", "dangling=true", "type=custom"]);
  assert.match((await run("network", "prune", "--filter", "name=x")).err, /pruned by label only/);
});

test("network inspect: docker's JSON; --verbose says who is on it", async () => {
  const { out } = await run("network", "inspect", "front");
  const [plain] = JSON.parse(out);
  assert.equal(plain.Name, "front");
  assert.deepEqual(plain.IPAM.Config, [{ Subnet: "10.0.1.0/24", Gateway: "10.0.1.1" }]);
  assert.equal(plain.Options["com.docker.network.driver.overlay.vxlanid_list"], "4097");
  assert.equal(plain.Services, undefined);
  const [full] = JSON.parse((await run("network", "inspect", "--verbose", "front")).out);
  assert.equal(full.Services.web.VIP, "10.0.1.2");
  assert.deepEqual(full.Services.web.Tasks[0].EndpointIP, "10.0.1.3");
  assert.deepEqual(full.Services.web.Tasks[0].Node, "node1");
  assert.equal(full.Peers.length, 2);
});

test("network inspect --pretty for people", async () => {
  const { out } = await run("network", "inspect", "--pretty", "--verbose", "front");
  assert.match(out, /^Kind:\s+encrypted$/m);
  assert.match(out, /^ In use:\s+3 of 253$/m);
  assert.match(out, /^web\s+10\.0\.1\.2\s+\*:8080->80\/tcp$/m);
  assert.match(out, /^web\.1\s+10\.0\.1\.3\s+node1\s+ready$/m);
  assert.match(out, /^node1\s+192\.0\.2\.1\s+up to date$/m);
  assert.match(out, /^node2\s+192\.0\.2\.2\s+behind$/m);
});

test("a service's networks are sent by id; what an update removes may be named as people name it", async () => {
  await run(
    "service",
    "create",
    "-d",
    "--network",
    "name=front,alias=www",
    "--network",
    "back",
    "-p",
    "80:80",
    "web:1",
  );
  const [created] = services;
  assert.deepEqual(
    created?.spec?.taskTemplate?.networks.map(({ target, aliases }) => [target, ...aliases]),
    [[networkId(1), "www"], [networkId(2)]],
  );
  assert.deepEqual(created?.spec?.endpointSpec?.ports, [newPortConfig({ publishedPort: 80, targetPort: 80 })]);
  await run("service", "update", "-d", "--network-rm", "front", "--network-add", "back", "web");
  assert.deepEqual(
    services[1]?.spec?.taskTemplate?.networks.map(({ target }) => target),
    [networkId(2)],
  );
  const { err } = await run("service", "update", "-d", "--network-add", "nowhere", "web");
  assert.match(err, /no such network: nowhere/);
});

test("a service is on a network once, and leaves only those that it is on", async () => {
  const twice = await run(
    "service",
    "create",
    "-d",
    "--network",
    "name=front,alias=www",
    "--network",
    "front",
    "web:1",
  );
  assert.match(twice.err, /network front: the service is on it already$/m);
  const away = await run("service", "update", "-d", "--network-rm", "back", "web");
  assert.match(away.err, /--network-rm back: it is not there; there is front/);
  const added = await run("service", "update", "-d", "--network-add", "name=front,alias=w", "web");
  assert.match(added.err, /network front: the service is on it already: with --network-rm front/);
});
