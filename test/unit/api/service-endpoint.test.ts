// Networks and ports of services over the API: what is refused, what a service is given, what an update keeps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { completeServiceSpec } from "../../../manager/api/validate/service-spec.ts";
import {
  newCreateNetworkRequest,
  newCreateServiceRequest,
  newRemoveRequest,
  newUpdateServiceRequest,
} from "../../../proto/gen/control.ts";
import {
  newEndpointSpec,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNodeDescription,
  newPortConfig,
  newTask,
  newTaskSpec,
  newTaskStatus,
  newTunnelKey,
  type PortConfig,
  type Service,
  type ServiceSpec,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { newId, type TaskId } from "../../../shared/model/ids.ts";
import {
  context,
  createTestApi,
  errorOf,
  nodeIdOf,
  serviceSpec,
  type TestApi,
  testNode,
} from "../../support/test-api.ts";

const port = (targetPort: number, more: Partial<PortConfig> = {}): PortConfig => newPortConfig({ targetPort, ...more });
const endpoint = (ports: readonly PortConfig[], mode: "vip" | "dnsrr" = "vip"): Partial<ServiceSpec> => ({
  endpointSpec: newEndpointSpec({ mode, ports }),
});
const on = (...targets: readonly string[]): Partial<ServiceSpec> => ({
  taskTemplate: newTaskSpec({
    ...serviceSpec("").taskTemplate,
    networks: targets.map((target) => newNetworkAttachmentConfig({ target })),
  }),
});

// --------------------------------------------------------------------------------------------- what the spec alone says

const attached = (more: Parameters<typeof newNetworkAttachmentConfig>[0]): Partial<ServiceSpec> => ({
  taskTemplate: newTaskSpec({ ...serviceSpec("").taskTemplate, networks: [newNetworkAttachmentConfig(more)] }),
});

const REFUSED: readonly (readonly [what: string, change: Partial<ServiceSpec>, words: RegExp])[] = [
  ["two predefined networks", on("host", "none"), /no other beside/],
  ["bridge beside another", on("bridge", "front"), /network bridge: a service on a predefined network/],
  ["an alias on host", attached({ target: "host", aliases: ["a"] }), /no aliases/],
  ["an alias that is none", attached({ target: "front", aliases: ["a b"] }), /alias "a b" is not/],
  ["driver options", attached({ target: "front", driverOpts: { a: "b" } }), /takes no driver options/],
  ["a network without a name", on(""), /the name is missing/],
  ["too many networks", on(...Array.from({ length: 65 }, (_, i) => `n${i}`)), /at most 64/],
  ["no target port", endpoint([port(0)]), /target port is from 1 to 65535/],
  ["a published port too high", endpoint([port(80, { publishedPort: 70_000 })]), /published port is from 1/],
  ["an address that is none", endpoint([port(80, { hostIp: "here" })]), /"here" is not an IP address/],
  ["every address", endpoint([port(80, { hostIp: "0.0.0.0" })]), /leave it out/],
  ["every IPv6 address", endpoint([port(80, { hostIp: "0::0" })]), /leave it out/],
  ["dnsrr with ingress", endpoint([port(80)], "dnsrr"), /can't be used with dnsrr mode/],
  ["prefer-local in mode host", endpoint([port(80, { publishMode: "host", preferLocal: true })]), /always local/],
  [
    "one port twice",
    endpoint([port(80, { publishedPort: 8080 }), port(81, { publishedPort: 8080, hostIp: "10.0.0.1" })]),
    /duplicate published ports provided: 10\.0\.0\.1:8080\/tcp/,
  ],
  [
    "one port in both modes",
    endpoint([port(80, { publishedPort: 8080 }), port(80, { publishedPort: 8080, publishMode: "host" })]),
    /duplicate published ports/,
  ],
  ["ingress on host", { ...on("host"), ...endpoint([port(80)]) }, /network host has no port in mode ingress/],
  [
    "anything on none",
    { ...on("none"), ...endpoint([port(80, { publishMode: "host" })]) },
    /network none publishes nothing/,
  ],
  [
    "a moved port on host",
    { ...on("host"), ...endpoint([port(80, { publishMode: "host", publishedPort: 81 })]) },
    /80 cannot be another/,
  ],
  ["too many ports", endpoint(Array.from({ length: 10_001 }, (_, i) => port(i + 1))), /at most 10000 ports/],
];
for (const [what, change, words] of REFUSED) {
  test(`refused: ${what}`, () =>
    assert.throws(() => completeServiceSpec(serviceSpec("web", change), []), errorOf("invalid_argument", words)));
}

const ACCEPTED: readonly (readonly [what: string, change: Partial<ServiceSpec>])[] = [
  ["host network", on("host")],
  ["bridge", on("bridge")],
  ["two networks with aliases", on("front", "back")],
  [
    "the same number for TCP and UDP",
    endpoint([port(53, { publishedPort: 53 }), port(53, { publishedPort: 53, protocol: "udp" })]),
  ],
  [
    "the same number at two addresses",
    endpoint([
      port(80, { publishedPort: 80, hostIp: "10.0.0.1" }),
      port(81, { publishedPort: 80, hostIp: "10.0.0.2" }),
    ]),
  ],
  ["dnsrr with mode host", endpoint([port(80, { publishMode: "host", publishedPort: 80 })], "dnsrr")],
  ["ingress on bridge", { ...on("bridge"), ...endpoint([port(80)]) }],
];
for (const [what, change] of ACCEPTED) {
  test(`accepted: ${what}`, () => assert.ok(completeServiceSpec(serviceSpec("web", change), [])));
}

test("an address of a node is kept in one spelling", () => {
  const spec = completeServiceSpec(serviceSpec("web", endpoint([port(80, { hostIp: "FD00:0::1" })])), []);
  assert.equal(spec.endpointSpec?.ports[0]?.hostIp, "fd00::1");
});

// ------------------------------------------------------------------------------------------------- what the cluster says

interface Scene extends TestApi {
  readonly create: (name: string, change?: Partial<ServiceSpec>) => Promise<Service>;
  readonly update: (service: Service, change: Partial<ServiceSpec>) => Promise<Service>;
  readonly rollback: (service: Service) => Promise<Service>;
  readonly network: (name: string, subnet?: string) => Promise<string>;
}

async function scene({ ingress = true }: { readonly ingress?: boolean } = {}): Promise<Scene> {
  const made = await createTestApi();
  const { api } = made;
  const answered = ({ service }: { readonly service?: Service | undefined }): Service => {
    assert.ok(service !== undefined);
    return service;
  };
  const change = (service: Service, more: object): Promise<Service> =>
    api
      .updateService(
        newUpdateServiceRequest({ id: service.id, version: service.meta?.version ?? 0, noResolveImage: true, ...more }),
        context(),
      )
      .then(answered);
  const network = async (name: string, subnet = ""): Promise<string> => {
    const spec = newNetworkSpec({
      name,
      ingress: name === "ingress",
      ipam: subnet === "" ? [] : [{ subnet, gateway: "", ipRange: "" }],
    });
    return (await api.createNetwork(newCreateNetworkRequest({ spec }), context())).id;
  };
  if (ingress) await network("ingress", "10.255.0.0/24");
  return {
    ...made,
    network,
    create: async (name, more = {}) =>
      answered(
        await api.createService(
          newCreateServiceRequest({ spec: serviceSpec(name, more), noResolveImage: true }),
          context(),
        ),
      ),
    update: (service, more) => change(service, { spec: { ...service.spec, ...more } }),
    rollback: (service) => change(service, { rollback: true }),
  };
}

const portsOf = ({ endpoint: given }: Service): readonly number[] =>
  (given?.ports ?? []).map((one) => one.publishedPort);
const vips = ({ endpoint: given }: Service): readonly string[] => (given?.virtualIps ?? []).map((one) => one.networkId);

test("what the nodes need themselves is nobody's port", async () => {
  const { create, stores, close } = await scene();
  await stores[0]?.update((tx) => {
    const node = testNode(4);
    const tunnelKeys = [newTunnelKey({ epoch: 3, port: 51_821 })];
    const description = newNodeDescription({ ...node.description, dataPathAddrs: ["192.0.2.4"], tunnelKeys });
    tx.put("node", { ...node, addr: "10.0.0.4:30005", description });
  });
  const at = (publishedPort: number, more: Partial<PortConfig> = {}) =>
    endpoint([port(80, { publishedPort, ...more })]);
  const refused: readonly (readonly [change: Partial<ServiceSpec>, words: RegExp])[] = [
    [at(7377), /port '7377\/tcp' is for what managers and nodes say to host1: publish another/],
    [at(7377, { publishMode: "host" }), /say to host1/],
    [at(7377, { hostIp: "192.0.2.4" }), /port '192\.0\.2\.4:7377\/tcp'/],
    [at(30_005), /say to host4/],
    [at(4789, { protocol: "udp" }), /the packets of networks between nodes/],
    [at(51_820, { protocol: "udp" }), /the encrypted networks of host4/],
    [at(51_821, { protocol: "udp" }), /the encrypted networks of host4/],
  ];
  for (const [change, words] of refused) {
    await assert.rejects(create("web", change), errorOf("failed_precondition", words));
  }
  const free = [at(7377, { protocol: "udp" }), at(4789), at(51_821), at(7377, { hostIp: "192.0.2.9" })];
  for (const [index, change] of free.entries()) await create(`free${index}`, change);
  const open = (count: number) => endpoint(Array.from({ length: count }, (_, index) => port(index + 1)));
  await assert.rejects(create("all", open(2_768)), errorOf("resource_exhausted", /name another/));
  assert.ok(!portsOf(await create("most", open(2_767))).includes(30_005), "nor is it chosen");
  close();
});

test("networks are found by name and kept by ID; each gives a virtual IP of its own", async () => {
  const { create, network, close } = await scene();
  const [front, back] = [await network("front"), await network("back", "10.50.0.0/24")];
  const web = await create("web", on("Front", back.slice(0, 12)));
  assert.deepEqual(
    web.spec?.taskTemplate?.networks.map(({ target }) => target),
    [front, back],
  );
  assert.deepEqual(vips(web), [front, back]);
  assert.match(web.endpoint?.virtualIps[1]?.addresses[0] ?? "", /^10\.50\.0\./);
  const other = await create("other", on("back"));
  assert.notDeepEqual(other.endpoint?.virtualIps[0]?.addresses, web.endpoint?.virtualIps[1]?.addresses);
  close();
});

test("no network, no port: no virtual IP", async () => {
  const { create, close } = await scene();
  assert.deepEqual((await create("web")).endpoint, { mode: "vip", ports: [], virtualIps: [] });
  close();
});

test("what is refused, and the words", async () => {
  const { create, network, api, close } = await scene();
  await network("front");
  await assert.rejects(create("web", on("nowhere")), errorOf("not_found", /no such network: nowhere/));
  await assert.rejects(create("web", on("front", "FRONT")), errorOf("invalid_argument", /names it twice/));
  await assert.rejects(
    create("web", on("ingress")),
    errorOf("invalid_argument", /cannot be explicitly attached to the ingress network "ingress"/),
  );
  await create("web", on("front"));
  await assert.rejects(
    api.removeNetwork(newRemoveRequest({ ref: "front" }), context()),
    errorOf("failed_precondition", /network front is in use by service web/),
  );
  close();
});

test("a service that publishes needs the ingress network, and holds it", async () => {
  const { create, network, api, close } = await scene({ ingress: false });
  await assert.rejects(
    create("web", endpoint([port(80)])),
    errorOf("failed_precondition", /no ingress network is present/),
  );
  const ingress = await network("ingress");
  assert.deepEqual(vips(await create("web", endpoint([port(80)]))), [ingress]);
  await assert.rejects(
    api.removeNetwork(newRemoveRequest({ ref: "ingress" }), context()),
    errorOf("failed_precondition", /ingress network cannot be removed because web publishes ports on it/),
  );
  close();
});

test("dnsrr has no virtual IP, and may change to one", async () => {
  const { create, update, network, close } = await scene();
  const front = await network("front");
  const web = await create("web", { ...on("front"), ...endpoint([], "dnsrr") });
  assert.deepEqual([web.endpoint?.mode, web.endpoint?.virtualIps], ["dnsrr", []]);
  const changed = await update(web, endpoint([], "vip"));
  assert.deepEqual(vips(changed), [front]);
  assert.equal(changed.specVersion, web.specVersion, "its tasks need not know");
  close();
});

test("ports are one service's alone", async () => {
  const { create, close } = await scene();
  await create("web", endpoint([port(80, { publishedPort: 8080 })]));
  await create("own", endpoint([port(80, { publishedPort: 9090, publishMode: "host" })]));
  const wish = (more: Partial<PortConfig>): Partial<ServiceSpec> => endpoint([port(80, more)]);
  await assert.rejects(
    create("a", wish({ publishedPort: 8080 })),
    errorOf(
      "failed_precondition",
      /port '8080\/tcp' is already in use by service 'web' \([a-z0-9]{25}\) as an ingress port/,
    ),
  );
  await assert.rejects(
    create("a", wish({ publishedPort: 8080, publishMode: "host" })),
    errorOf("failed_precondition", /as an ingress port/),
  );
  await assert.rejects(
    create("a", wish({ publishedPort: 8080, hostIp: "10.0.0.1" })),
    errorOf("failed_precondition", /port '10\.0\.0\.1:8080\/tcp' is already in use by service 'web'/),
  );
  await assert.rejects(
    create("a", wish({ publishedPort: 9090 })),
    errorOf("failed_precondition", /service 'own' .* as a host-published port/),
  );
  await create("a", wish({ publishedPort: 8080, protocol: "udp" }));
  await create("b", wish({ publishedPort: 9090, publishMode: "host" }));
  close();
});

test("one port at two addresses of a node is two ports", async () => {
  const { create, close } = await scene();
  await create("a", endpoint([port(80, { publishedPort: 80, hostIp: "10.0.0.1" })]));
  await create("b", endpoint([port(80, { publishedPort: 80, hostIp: "10.0.0.2" })]));
  await assert.rejects(create("c", endpoint([port(80, { publishedPort: 80 })])), errorOf("failed_precondition"));
  close();
});

test("a port that a task chose for itself is not given away", async () => {
  const { create, stores, close } = await scene();
  const [store] = stores;
  assert.ok(store !== undefined);
  const own = await create("own", endpoint([port(80, { publishMode: "host" })]));
  const task = newTask({
    id: newId<TaskId>(Math.random),
    serviceId: own.id,
    serviceName: "own",
    slot: 1,
    nodeId: nodeIdOf(1),
    status: newTaskStatus({ state: "running" }),
    ports: [port(80, { publishMode: "host", publishedPort: 40_000 })],
  });
  await store.update((tx) => tx.put("task", task));
  await assert.rejects(
    create("web", endpoint([port(80, { publishedPort: 40_000 })])),
    errorOf("failed_precondition", /in use by task own\.1\.[a-z0-9]+ as a host-published port/),
  );
  close();
});

test("a port left open is chosen, stays through updates, and is free again afterwards", async () => {
  const { create, update, api, close } = await scene();
  const web = await create("web", endpoint([port(80), port(443)]));
  const chosen = portsOf(web);
  assert.equal(new Set(chosen).size, 2);
  for (const number of chosen) assert.ok(number >= 30_000 && number <= 32_767, String(number));
  const more = await update(web, endpoint([port(443), port(8443), port(80)]));
  assert.deepEqual([portsOf(more)[0], portsOf(more)[2]], [chosen[1], chosen[0]]);
  assert.equal(more.specVersion, web.specVersion, "a port more does not replace tasks");
  await assert.rejects(
    create("other", endpoint([port(80, { publishedPort: chosen[0] ?? 0 })])),
    errorOf("failed_precondition", /service 'web'/),
  );
  await api.removeService(newRemoveRequest({ ref: "web" }), context());
  await create("other", endpoint([port(80, { publishedPort: chosen[0] ?? 0 })]));
  close();
});

test("automatic ports pass over what is named, and say when there is none left", async () => {
  const { create, close } = await scene();
  const named = Array.from({ length: 2766 }, (_, i) => port(80, { publishedPort: 30_000 + i }));
  await create("many", endpoint(named));
  const both = await create("last", endpoint([port(80), port(81, { publishedPort: 32_766 })]));
  assert.deepEqual(portsOf(both), [32_767, 32_766], "nor over what the service itself names");
  await assert.rejects(
    create("none", endpoint([port(80)])),
    errorOf("resource_exhausted", /every tcp port from 30000 to 32767 is in use/),
  );
  await create("udp", endpoint([port(80, { protocol: "udp" })]));
  close();
});

test("which updates replace tasks", async () => {
  const { create, update, network, close } = await scene();
  await network("front");
  let web = await create("web");
  const step = async (what: string, change: Partial<ServiceSpec>, replaces: boolean): Promise<void> => {
    const before = web.specVersion;
    web = await update(web, change);
    assert.equal(web.specVersion !== before, replaces, what);
  };
  await step("the first ingress port", endpoint([port(80, { publishedPort: 8080 })]), true);
  await step("another ingress port", endpoint([port(80, { publishedPort: 8081 })]), false);
  await step("a second one", endpoint([port(80, { publishedPort: 8081 }), port(81)]), false);
  await step("prefer local", endpoint([port(80, { publishedPort: 8081, preferLocal: true })]), false);
  await step("a port in mode host", endpoint([port(80), port(81, { publishMode: "host" })]), true);
  await step("the last ingress port", endpoint([port(81, { publishMode: "host" })]), true);
  await step("a label", { labels: { a: "b" } }, false);
  await step("a network", on("front"), true);
  close();
});

test("a rollback gives back networks and ports, unless others have them now", async () => {
  const { create, update, rollback, network, api, close } = await scene();
  const [front, back] = [await network("front"), await network("back")];
  const first = await create("web", { ...on("front"), ...endpoint([port(80, { publishedPort: 8080 })]) });
  const second = await update(first, { ...on("back"), ...endpoint([]) });
  assert.deepEqual(vips(second), [back]);
  const third = await rollback(second);
  assert.deepEqual(vips(third).slice(0, 1), [front]);
  assert.deepEqual(portsOf(third), [8080]);
  const fourth = await rollback(third);
  await create("thief", endpoint([port(80, { publishedPort: 8080 })]));
  await assert.rejects(
    rollback(fourth),
    errorOf("failed_precondition", /8080\/tcp' is already in use by service 'thief'/),
  );
  await api.removeNetwork(newRemoveRequest({ ref: "front" }), context());
  await assert.rejects(
    rollback(fourth),
    (error) => error instanceof SkepError && /front|8080|network/.test(error.message),
  );
  close();
});

test("a full network refuses a service", async () => {
  const { create, network, close } = await scene();
  await network("tiny", "10.60.0.0/30");
  await create("a", on("tiny"));
  await assert.rejects(
    create("b", on("tiny")),
    errorOf("resource_exhausted", /network tiny is full: 1 of 1 in use: no virtual IP for the service/),
  );
  close();
});
