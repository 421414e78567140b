import assert from "node:assert/strict";
import { test } from "node:test";
import {
  newCreateServiceRequest,
  newListRequest,
  newObjectRequest,
  newRemoveRequest,
  newUpdateServiceRequest,
  type ServiceResponse,
  type ServiceStatus,
} from "../../../proto/gen/control.ts";
import {
  type NodeState,
  newContainerSpec,
  newNodeDescription,
  newPlacement,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Service,
  type ServiceSpec,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import {
  context,
  createTestApi,
  DIGEST,
  errorOf,
  nodeIdOf,
  serviceSpec,
  type TestApi,
  testNode,
} from "../../support/test-api.ts";

const create = (api: TestApi["api"], spec: ServiceSpec, noResolveImage = false): Promise<ServiceResponse> =>
  api.createService(newCreateServiceRequest({ spec, noResolveImage }), context());
const serviceOf = ({ service }: { readonly service?: Service | undefined }): Service => {
  assert.ok(service !== undefined);
  return service;
};
const get = async (api: TestApi["api"], ref: string): Promise<Service> =>
  serviceOf(await api.getService(newObjectRequest({ ref }), context()));
const update = (
  api: TestApi["api"],
  service: Service,
  spec: ServiceSpec | undefined,
  more: object = {},
): Promise<ServiceResponse> =>
  api.updateService(
    newUpdateServiceRequest({
      id: service.id,
      version: service.meta?.version ?? 0,
      spec,
      noResolveImage: true,
      ...more,
    }),
    context(),
  );
const specOf = (service: Service): ServiceSpec => service.spec ?? serviceSpec("");
const imageOf = (service: Service): string | undefined => service.spec?.taskTemplate?.containerSpec?.image;
const withImage = (spec: ServiceSpec, image: string): ServiceSpec => ({
  ...spec,
  taskTemplate: newTaskSpec({ ...spec.taskTemplate, containerSpec: newContainerSpec({ image }) }),
});

test("create: digest and platforms are asked for once, and what was made is returned", async () => {
  const { api, asked, close } = await createTestApi();
  const { service, warnings } = await create(api, serviceSpec("web"));
  assert.deepEqual(warnings, []);
  assert.deepEqual(asked, ["nginx:1.27"]);
  assert.ok(service !== undefined);
  assert.equal(imageOf(service), `nginx:1.27@${DIGEST}`);
  assert.deepEqual(service.spec?.taskTemplate?.placement?.platforms, [{ os: "linux", architecture: "amd64" }]);
  assert.equal(service.specVersion, service.meta?.version, "what its tasks are made of changed with this very write");
  assert.equal(service.previousSpec, undefined);
  close();
});

test("create: a registry that does not answer is a warning, and so are wrong credentials", async () => {
  for (const code of ["unavailable", "not_found", "unauthenticated"] as const) {
    const { api, close } = await createTestApi({
      images: async () => {
        throw new SkepError(code, "the registry's own words");
      },
    });
    const { service, warnings } = await create(api, serviceSpec("web"));
    assert.equal(imageOf(serviceOf({ service })), "nginx:1.27");
    assert.match(
      warnings.join(),
      /image nginx:1\.27 could not be accessed on a registry to record its digest.*own words/s,
    );
    close();
  }
});

test("create: an image that is fixed by its digest is the same on every node, also when no registry answers", async () => {
  const { api, close } = await createTestApi({
    images: async () => {
      throw new SkepError("unavailable", "the registry's own words");
    },
  });
  const { warnings } = await create(api, serviceSpec("web", {}, `nginx@${DIGEST}`));
  assert.match(warnings.join(), /record its platforms.*own words/s);
  assert.doesNotMatch(warnings.join(), /different versions/);
  close();
});

test("create: without resolving, nobody is asked", async () => {
  const { api, asked, close } = await createTestApi();
  assert.equal(imageOf(serviceOf(await create(api, serviceSpec("web"), true))), "nginx:1.27");
  assert.deepEqual(asked, []);
  close();
});

test("create: a taken name is told before the registry is asked; one without a name gets one", async () => {
  const { api, asked, close } = await createTestApi();
  await create(api, serviceSpec("web"));
  await assert.rejects(create(api, serviceSpec("WEB")), errorOf("already_exists", /name "web" is taken/));
  assert.equal(asked.length, 1);
  const names = new Set<string>();
  for (let i = 0; i < 5; i++) names.add(specOf(serviceOf(await create(api, serviceSpec("")))).name);
  assert.equal(names.size, 5);
  for (const name of names) assert.match(name, /^[a-z]+_[a-z]+\d*$/);
  close();
});

test("a host name that a node's own makes too long is refused, also by an update", async () => {
  const { api, stores, close } = await createTestApi();
  const node = testNode(7);
  await stores[0]?.update((tx) =>
    tx.put("node", { ...node, description: newNodeDescription({ hostname: "m".repeat(62) }) }),
  );
  const spec = (hostname: string): ServiceSpec =>
    serviceSpec("web", {
      taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "nginx", hostname }) }),
    });
  await assert.rejects(
    create(api, spec("{{.Node.Hostname}}-web")),
    errorOf("invalid_argument", /hostname: .*64 at most/),
  );
  const made = serviceOf(await create(api, spec("web")));
  await assert.rejects(update(api, made, spec("{{.Node.Hostname}}-web")), errorOf("invalid_argument", /64 at most/));
  close();
});

test("concurrent creates of one name: one is made", async () => {
  const { api, close } = await createTestApi();
  const results = await Promise.allSettled(["web", "Web", "web"].map((name) => create(api, serviceSpec(name))));
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected", "rejected"]);
  close();
});

test("credentials are kept for the nodes and never shown", async () => {
  const { api, stores, close } = await createTestApi();
  const registryAuth = Buffer.from(JSON.stringify({ username: "u", password: "p" })).toString("base64");
  const spec = serviceSpec("web", {
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "nginx", registryAuth }) }),
  });
  const made = serviceOf(await create(api, spec, true));
  const shown = [
    made,
    await get(api, "web"),
    ...(await api.listServices(newListRequest(), context())).services.map(serviceOf),
  ];
  for (const service of shown) assert.equal(service.spec?.taskTemplate?.containerSpec?.registryAuth, "");
  const stored = (): string | undefined =>
    stores[0]?.view((view) => view.get("service", made.id)?.spec?.taskTemplate?.containerSpec?.registryAuth);
  assert.equal(stored(), registryAuth);
  const kept = serviceOf(await update(api, made, specOf(made), { keepRegistryAuth: true }));
  assert.equal(stored(), registryAuth);
  assert.equal(kept.specVersion, made.specVersion, "the same as before changes no task");
  assert.equal(kept.previousSpec?.taskTemplate?.containerSpec?.registryAuth, "");
  await update(api, kept, specOf(kept));
  assert.equal(stored(), "");
  close();
});

test("update: labels and replicas leave tasks alone, the template does not", async () => {
  const { api, close } = await createTestApi();
  const made = serviceOf(await create(api, serviceSpec("web"), true));
  const scaled = serviceOf(
    await update(api, made, { ...specOf(made), mode: { kind: "replicated", replicas: 9 }, labels: { a: "b" } }),
  );
  assert.equal(scaled.specVersion, made.specVersion);
  assert.deepEqual(scaled.previousSpec?.mode, { kind: "replicated", replicas: 2 });
  const changed = serviceOf(await update(api, scaled, withImage(specOf(scaled), "nginx:1.28")));
  assert.equal(changed.specVersion, changed.meta?.version);
  assert.equal(changed.previousSpecVersion, made.specVersion);
  const forced = serviceOf(
    await update(api, changed, {
      ...specOf(changed),
      taskTemplate: newTaskSpec({ ...changed.spec?.taskTemplate, forceUpdate: 1 }),
    }),
  );
  assert.equal(forced.specVersion, forced.meta?.version);
  close();
});

test("rollback swaps, twice is where it began, and the version of the tasks goes along", async () => {
  const { api, close } = await createTestApi();
  const made = serviceOf(await create(api, serviceSpec("web"), true));
  await assert.rejects(
    update(api, made, undefined, { rollback: true }),
    errorOf("failed_precondition", /does not have a previous spec/),
  );
  const changed = serviceOf(await update(api, made, withImage(specOf(made), "nginx:1.28")));
  const back = serviceOf(await update(api, changed, undefined, { rollback: true }));
  assert.equal(imageOf(back), "nginx:1.27");
  assert.equal(back.specVersion, made.specVersion);
  const again = serviceOf(await update(api, back, undefined, { rollback: true }));
  assert.equal(imageOf(again), "nginx:1.28");
  assert.equal(again.specVersion, changed.specVersion);
  close();
});

test("update: stale, renamed, of another mode, or of nothing", async () => {
  const { api, close } = await createTestApi();
  const made = serviceOf(await create(api, serviceSpec("web"), true));
  await update(api, made, specOf(made));
  await assert.rejects(update(api, made, specOf(made)), errorOf("conflict", /update out of sequence/));
  const now = await get(api, "web");
  await assert.rejects(
    update(api, now, { ...specOf(now), name: "www" }),
    errorOf("unimplemented", /cannot be renamed/),
  );
  await assert.rejects(
    update(api, now, { ...specOf(now), mode: { kind: "global" } }),
    errorOf("unimplemented", /mode change/),
  );
  await assert.rejects(
    update(api, { ...now, id: newId<ServiceId>(Math.random) }, specOf(now)),
    errorOf("not_found", /no such service/),
  );
  close();
});

test("an image that is resolved again takes its platforms along; one that is not loses the old ones", async () => {
  let answers = true;
  const { api, close } = await createTestApi({
    images: async (image) => {
      if (!answers) throw new SkepError("unavailable", "gone");
      return { image, platforms: [{ os: "linux", architecture: "arm64" }] };
    },
  });
  const spec = serviceSpec("web", {
    taskTemplate: newTaskSpec({
      containerSpec: newContainerSpec({ image: "nginx" }),
      placement: newPlacement({ constraints: ["node.role==worker"] }),
    }),
  });
  const made = serviceOf(await create(api, spec));
  assert.equal(made.spec?.taskTemplate?.placement?.platforms[0]?.architecture, "arm64");
  answers = false;
  const changed = serviceOf(await update(api, made, specOf(made), { noResolveImage: false }));
  assert.deepEqual(changed.spec?.taskTemplate?.placement?.platforms, []);
  assert.deepEqual(changed.spec?.taskTemplate?.placement?.constraints, ["node.role==worker"]);
  close();
});

test("remove: by name, and then it is not there", async () => {
  const { api, close } = await createTestApi();
  const made = serviceOf(await create(api, serviceSpec("web"), true));
  assert.equal((await api.removeService(newRemoveRequest({ ref: "web" }), context())).id, made.id);
  await assert.rejects(get(api, "web"), errorOf("not_found", /no such service: web/));
  await assert.rejects(api.removeService(newRemoveRequest({ ref: "web" }), context()), errorOf("not_found"));
  close();
});

test("counts tell the truth about tasks whose node does not answer", async () => {
  const { api, stores, close } = await createTestApi();
  const [store] = stores;
  const made = serviceOf(await create(api, serviceSpec("web", { mode: { kind: "replicated", replicas: 5 } }), true));
  const states: readonly (readonly [node: NodeState, state: TaskState, desired: TaskState])[] = [
    ["ready", "running", "running"],
    ["down", "running", "running"],
    ["suspect", "running", "running"],
    ["ready", "running", "shutdown"],
    ["down", "running", "shutdown"],
    ["ready", "pending", "running"],
    ["ready", "complete", "shutdown"],
  ];
  await store?.update((tx) => {
    states.forEach(([state, taskState, desiredState], i) => {
      tx.put("node", testNode(10 + i, { state }));
      tx.put(
        "task",
        newTask({
          id: newId<TaskId>(Math.random),
          serviceId: made.id,
          slot: i + 1,
          nodeId: nodeIdOf(10 + i),
          desiredState,
          status: newTaskStatus({ state: taskState }),
        }),
      );
    });
  });
  const { status } = await api.getService(newObjectRequest({ ref: "web" }), context());
  const want: ServiceStatus = { runningTasks: 1, desiredTasks: 5, completedTasks: 1, unknownTasks: 2 };
  assert.deepEqual(status, want);
  close();
});

test("lists take filters and refuse unknown ones", async () => {
  const { api, close } = await createTestApi();
  await create(api, serviceSpec("web"), true);
  await create(api, serviceSpec("api"), true);
  const list = async (key: string, value: string): Promise<readonly (string | undefined)[]> =>
    (await api.listServices(newListRequest({ filters: [{ key, values: [value] }] }), context())).services.map(
      ({ service }) => service?.spec?.name,
    );
  assert.deepEqual(await list("name", "w"), ["web"]);
  await assert.rejects(list("colour", "red"), errorOf("invalid_argument", /"colour"/));
  close();
});

test("an answer tells of its own write, whatever others did to the service by then", async () => {
  const { api, raft, env, close } = await createTestApi();
  const web = serviceOf(await create(api, serviceSpec("web"), true));
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await env.breathe(); // a call reaches its transaction
  };
  raft.hold();
  const spec = (value: string): ServiceSpec => ({ ...specOf(web), labels: { value } });
  const first = update(api, web, spec("1"));
  await turn();
  const version = (web.meta?.version ?? 0) + 1;
  const second = update(api, { ...web, meta: web.meta && { ...web.meta, version } }, spec("2"));
  const created = create(api, serviceSpec("brief"), true);
  await turn();
  const removed = api.removeService(newRemoveRequest({ ref: "brief" }), context());
  await turn();
  assert.equal(raft.inFlight(), 4);
  raft.release(); // all are applied before any call goes on
  const told = [serviceOf(await first), serviceOf(await second)];
  assert.deepEqual(
    told.map(({ meta, spec: now }) => [meta?.version, now?.labels["value"]]),
    [
      [version, "1"],
      [version + 1, "2"],
    ],
  );
  assert.equal(serviceOf(await created).id, (await removed).id);
  close();
});
