// Networks over the API: what may be made, what it is given, what may be removed.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  decodeNetworkDetails,
  encodeNetworkDetails,
  newCreateNetworkRequest,
  newListRequest,
  newObjectRequest,
  newRemoveRequest,
} from "../../../proto/gen/control.ts";
import {
  type Network,
  type NetworkSpec,
  newEndpoint,
  newIPAMConfig,
  newNetworkAttachment,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newService,
  newTask,
  newTaskSpec,
  newTaskStatus,
  newVirtualIP,
  type Service,
  type Task,
} from "../../../proto/gen/objects.ts";
import type { SkepError } from "../../../shared/errors.ts";
import { type NetworkId, newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { MTU_OPTION, VXLAN_ID_OPTION } from "../../../shared/model/networks.ts";
import { context, createTestApi, errorOf, nodeIdOf, serviceSpec, type TestApi } from "../../support/test-api.ts";

type Wish = Partial<NetworkSpec>;

const create = (api: TestApi["api"], name: string, wish: Wish = {}): Promise<Network> =>
  api.createNetwork(newCreateNetworkRequest({ spec: newNetworkSpec({ name, ...wish }) }), context());
const list = async (api: TestApi["api"], filters: Readonly<Record<string, string>> = {}): Promise<string[]> => {
  const request = newListRequest({
    filters: Object.entries(filters).map(([key, value]) => ({ key, values: [value] })),
  });
  const { networks } = await api.listNetworks(request, context());
  return networks.map(({ spec }) => spec?.name ?? "").sort();
};
const remove = (api: TestApi["api"], ref: string): Promise<unknown> =>
  api.removeNetwork(newRemoveRequest({ ref }), context());
const subnet = (text: string, more: Readonly<Record<string, string>> = {}): Wish => ({
  ipam: [newIPAMConfig({ subnet: text, ...more })],
});

test("create: identifier, subnet and gateway come from the pool, one after the other", async () => {
  const { api, close } = await createTestApi();
  const a = await create(api, "a", { labels: { z: "1", a: "2" } });
  const b = await create(api, "b");
  assert.deepEqual([a.vni, a.ipam], [4097, [newIPAMConfig({ subnet: "10.0.1.0/24", gateway: "10.0.1.1" })]]);
  assert.deepEqual([b.vni, b.ipam], [4098, [newIPAMConfig({ subnet: "10.0.2.0/24", gateway: "10.0.2.1" })]]);
  assert.equal(a.spec?.driver, "overlay");
  assert.deepEqual(Object.keys(a.spec?.labels ?? {}), ["a", "z"]);
  assert.ok((a.meta?.version ?? 0) > 0);
  await remove(api, "b");
  const c = await create(api, "c");
  assert.deepEqual([c.vni, c.ipam[0]?.subnet], [4099, "10.0.3.0/24"], "what was given back is not given at once");
  await create(api, "named", subnet("10.77.0.0/24"));
  assert.equal((await create(api, "d")).ipam[0]?.subnet, "10.0.4.0/24", "a named one does not move the pool");
  close();
});

test("create: the pool keeps clear of the nodes' own addresses", async () => {
  const { api, close } = await createTestApi();
  // The test's manager answers at 10.0.0.1, so 10.0.0.0/24 is passed over.
  assert.equal((await create(api, "a")).ipam[0]?.subnet, "10.0.1.0/24");
  close();
});

test("create: dual stack", async () => {
  const { api, close } = await createTestApi();
  const own = await create(api, "own", { ipv6Enabled: true });
  assert.equal(own.ipam.length, 2);
  assert.match(own.ipam[1]?.subnet ?? "", /^fd[0-9a-f:]+::\/64$/);
  assert.match(own.ipam[1]?.gateway ?? "", /::1$/);
  const given = await create(api, "given", { ipv6Enabled: true, ...subnet("fd00:1::/64") });
  assert.deepEqual(
    given.ipam.map((one) => one.subnet),
    ["10.0.2.0/24", "fd00:1::/64"],
  );
  close();
});

test("create: what is given is kept, in canonical spelling", async () => {
  const { api, close } = await createTestApi();
  const made = await create(api, "web", {
    ipam: [
      newIPAMConfig({ subnet: "10.9.0.0/16", gateway: "10.9.0.254", ipRange: "10.9.4.0/22" }),
      newIPAMConfig({ subnet: "FD00:0:0:9::/64" }),
    ],
    ipv6Enabled: true,
    internal: true,
    attachable: true,
    driverOpts: { [MTU_OPTION]: "1400", encrypted: "", [VXLAN_ID_OPTION]: "5000" },
  });
  assert.equal(made.vni, 5000);
  assert.deepEqual(made.ipam, [
    newIPAMConfig({ subnet: "10.9.0.0/16", gateway: "10.9.0.254", ipRange: "10.9.4.0/22" }),
    newIPAMConfig({ subnet: "fd00:0:0:9::/64", gateway: "fd00:0:0:9::1" }),
  ]);
  close();
});

const REFUSED: readonly (readonly [what: string, name: string, wish: Wish, code: SkepError["code"], words: RegExp])[] =
  [
    ["no name", "", {}, "invalid_argument", /the name is missing/],
    ["a name that is none", "a b", {}, "invalid_argument", /only letters/],
    ["host", "host", {}, "permission_denied", /not permitted on predefined host network/],
    ["Bridge", "Bridge", {}, "permission_denied", /predefined bridge/],
    ["ingress, without saying so", "ingress", {}, "permission_denied", /made with --ingress/],
    ["another driver", "a", { driver: "macvlan" }, "invalid_argument", /driver "macvlan" is unknown/],
    ["no subnet", "a", subnet("10.1.0.0"), "invalid_argument", /is not a subnet like/],
    ["host bits", "a", subnet("10.1.0.5/24"), "invalid_argument", /host bits set: did you mean 10\.1\.0\.0\/24/],
    ["too large", "a", subnet("8.0.0.0/7"), "invalid_argument", /too large: \/8 at most/],
    ["loopback", "a", subnet("127.1.0.0/16"), "invalid_argument", /127\.0\.0\.0\/8, which no network can use/],
    ["no room", "a", subnet("10.1.0.0/31"), "invalid_argument", /has no address for a task/],
    [
      "only a gateway",
      "a",
      subnet("10.1.0.4/30", { ipRange: "10.1.0.5/32" }),
      "invalid_argument",
      /no address for a task/,
    ],
    [
      "gateway elsewhere",
      "a",
      subnet("10.1.0.0/24", { gateway: "10.2.0.1" }),
      "invalid_argument",
      /gateway 10\.2\.0\.1/,
    ],
    ["gateway is broadcast", "a", subnet("10.1.0.0/24", { gateway: "10.1.0.255" }), "invalid_argument", /gateway/],
    ["gateway is a word", "a", subnet("10.1.0.0/24", { gateway: "first" }), "invalid_argument", /not an IP address/],
    ["range elsewhere", "a", subnet("10.1.0.0/24", { ipRange: "10.2.0.0/25" }), "invalid_argument", /does not lie in/],
    ["range wider", "a", subnet("10.1.0.0/24", { ipRange: "10.1.0.0/16" }), "invalid_argument", /does not lie in/],
    ["a gateway alone", "a", subnet("", { gateway: "10.1.0.1" }), "invalid_argument", /needs the subnet/],
    ["IPv6 unasked", "a", subnet("fd00::/64"), "invalid_argument", /needs --ipv6/],
    [
      "two of a family",
      "a",
      { ipam: [newIPAMConfig({ subnet: "10.1.0.0/24" }), newIPAMConfig({ subnet: "10.2.0.0/24" })] },
      "invalid_argument",
      /one IPv4 subnet at most/,
    ],
    ["an MTU that is none", "a", { driverOpts: { [MTU_OPTION]: "big" } }, "invalid_argument", /from 68 to 65535/],
    ["a small MTU", "a", { ipv6Enabled: true, driverOpts: { [MTU_OPTION]: "900" } }, "invalid_argument", /from 1280/],
    ["a VXLAN id", "a", { driverOpts: { [VXLAN_ID_OPTION]: "12" } }, "invalid_argument", /from 4097 to 16777215/],
    ["an unknown option", "a", { driverOpts: { speed: "1" } }, "invalid_argument", /option "speed" is unknown/],
    ["attachable ingress", "mesh", { ingress: true, attachable: true }, "invalid_argument", /cannot be attachable/],
    ["a taken name", "Taken", {}, "already_exists", /network name "taken" is taken/],
    ["a taken subnet", "a", subnet("10.7.0.0/16"), "failed_precondition", /overlaps 10\.7\.7\.0\/24 of network taken/],
    ["a node in it", "a", subnet("10.0.0.0/24"), "failed_precondition", /10\.0\.0\.1, the address of node host1/],
    ["the tasks' way out", "a", subnet("172.29.4.0/24"), "failed_precondition", /overlaps 172\.29\.0\.0\/16, by which/],
    ["a taken VXLAN id", "a", { driverOpts: { [VXLAN_ID_OPTION]: "4097" } }, "failed_precondition", /of network taken/],
  ];

test("create: what is refused, and the words", async (t) => {
  const { api, close } = await createTestApi();
  await create(api, "taken", subnet("10.7.7.0/24"));
  for (const [what, name, wish, code, words] of REFUSED) {
    await t.test(what, () => assert.rejects(create(api, name, wish), errorOf(code, words)));
  }
  assert.deepEqual(await list(api), ["taken"]);
  close();
});

test("one ingress network at a time", async () => {
  const { api, close } = await createTestApi();
  await create(api, "mesh", { ingress: true });
  await assert.rejects(
    create(api, "ingress", { ingress: true }),
    errorOf("already_exists", /ingress network \(mesh, /),
  );
  await remove(api, "mesh");
  await create(api, "ingress", { ingress: true });
  close();
});

const publishing = (network: Network): Service =>
  newService({
    id: newId<ServiceId>(Math.random),
    spec: serviceSpec("web", {
      taskTemplate: newTaskSpec({ networks: [newNetworkAttachmentConfig({ target: network.id })] }),
    }),
    endpoint: newEndpoint({ virtualIps: [newVirtualIP({ networkId: network.id, addresses: ["10.0.1.9"] })] }),
  });

const taskOn = (network: NetworkId, service: Service, state: "running" | "shutdown"): Task =>
  newTask({
    id: newId<TaskId>(Math.random),
    serviceId: service.id,
    serviceName: "web",
    slot: 1,
    nodeId: nodeIdOf(1),
    desiredState: "running",
    status: newTaskStatus({ state }),
    attachments: [newNetworkAttachment({ networkId: network, addresses: ["10.0.1.5"] })],
  });

test("rm: refused while a service, or a task that has not ended, uses it", async () => {
  const { api, stores, close } = await createTestApi();
  const [store] = stores;
  assert.ok(store !== undefined);
  const network = await create(api, "web");
  const service = publishing(network);
  const task = taskOn(network.id, service, "running");
  await store.update((tx) => {
    tx.put("service", service);
    tx.put("task", task);
  });
  await assert.rejects(remove(api, "web"), errorOf("failed_precondition", /network web is in use by service web/));
  await store.update((tx) => tx.remove("service", service.id));
  await assert.rejects(
    remove(api, "web"),
    errorOf("failed_precondition", /in use by task web\.1\..*try again in a moment/),
  );
  await store.update((tx) => {
    const present = tx.get("task", task.id);
    if (present !== undefined) tx.put("task", { ...present, status: newTaskStatus({ state: "shutdown" }) });
  });
  await remove(api, "web");
  assert.deepEqual(await list(api), []);
  await assert.rejects(remove(api, "web"), errorOf("not_found", /no such network: web/));
  await assert.rejects(remove(api, "host"), errorOf("permission_denied", /host is a pre-defined network/));
  close();
});

test("ls: Docker's filters", async () => {
  const { api, stores, close } = await createTestApi();
  const [store] = stores;
  assert.ok(store !== undefined);
  await create(api, "ingress", { ingress: true });
  const used = await create(api, "used", { labels: { tier: "front" } });
  const idle = await create(api, "idle");
  await store.update((tx) => tx.put("service", publishing(used)));
  const cases: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [{}, ["idle", "ingress", "used"]],
    [{ id: idle.id.slice(0, 20) }, ["idle"]],
    [{ name: "US" }, ["used"]],
    [{ label: "tier=front" }, ["used"]],
    [{ driver: "overlay" }, ["idle", "ingress", "used"]],
    [{ driver: "bridge" }, []],
    [{ scope: "local" }, []],
    [{ type: "builtin" }, ["ingress"]],
    [{ type: "custom" }, ["idle", "used"]],
    [{ dangling: "true" }, ["idle"]],
    [{ dangling: "false" }, ["ingress", "used"]],
  ];
  for (const [filters, names] of cases) assert.deepEqual(await list(api, filters), names, JSON.stringify(filters));
  await assert.rejects(list(api, { subnet: "x" }), errorOf("invalid_argument", /unknown filter "subnet" for networks/));
  close();
});

test("inspect: who is on it, and how much of it is given away", async () => {
  const { api, stores, close } = await createTestApi();
  const [store] = stores;
  assert.ok(store !== undefined);
  const network = await create(api, "web");
  const service = publishing(network);
  await store.update((tx) => {
    tx.put("service", service);
    tx.put("task", taskOn(network.id, service, "running"));
    tx.put("task", taskOn(network.id, service, "shutdown"));
  });
  const details = await api.getNetwork(newObjectRequest({ ref: "web" }), context());
  assert.deepEqual(
    details.services.map(({ name, virtualIps }) => [name, virtualIps]),
    [["web", ["10.0.1.9"]]],
  );
  assert.deepEqual(
    details.tasks.map(({ addresses, state }) => [addresses, state]),
    [[["10.0.1.5"], "ready"]],
  );
  assert.deepEqual(
    details.peers.map(({ hostname, addresses }) => [hostname, addresses]),
    [["host1", ["10.0.0.1"]]],
  );
  assert.deepEqual(details.subnets, [{ used: 2, size: 253 }]);
  await create(api, "both", { ipv6Enabled: true });
  const both = await api.getNetwork(newObjectRequest({ ref: "both" }), context());
  // More than a number can count, and more than goes over the wire.
  assert.deepEqual(decodeNetworkDetails(encodeNetworkDetails(both)).subnets, [
    { used: 0, size: 253 },
    { used: 0, size: 2 ** 53 - 1 },
  ]);
  close();
});
