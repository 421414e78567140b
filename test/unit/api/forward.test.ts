import assert from "node:assert/strict";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import {
  ControlService,
  newCreateServiceRequest,
  newListRequest,
  newLogsRequest,
  newObjectRequest,
  newRemoveRequest,
  newStatusRequest,
} from "../../../proto/gen/control.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { closeAfterEach } from "../../support/cleanup.ts";
import {
  context,
  createTestApi,
  errorOf,
  type Loopback,
  serveLoopback,
  serviceSpec,
  type TestApi,
} from "../../support/test-api.ts";
import { leads } from "../../support/test-store.ts";

const closeLater = closeAfterEach();

interface Cluster extends TestApi {
  readonly dialled: string[];
  /** Addresses where nobody listens. */
  readonly unreachable: Set<string>;
}

/** Three managers whose control APIs listen on this machine; members' made-up addresses lead there. */
async function threeManagers(): Promise<Cluster> {
  const servers = new Map<string, Loopback>();
  const dialled: string[] = [];
  const unreachable = new Set<string>();
  const nobody = new grpc.Client("127.0.0.1:1", grpc.credentials.createInsecure());
  const dialManager = (addr: string): grpc.Client => {
    dialled.push(addr);
    const server = servers.get(addr);
    return server === undefined || unreachable.has(addr) ? nobody : server.client;
  };
  const api = await createTestApi({ managers: 3, dialManager, env: realEnv });
  for (const [index, handlers] of api.handlers.entries()) {
    servers.set(`10.0.0.${index + 1}:7377`, await serveLoopback(ControlService, handlers));
  }
  closeLater(() => nobody.close());
  return { ...api, dialled, unreachable };
}

const create = (name: string): ReturnType<typeof newCreateServiceRequest> =>
  newCreateServiceRequest({ spec: serviceSpec(name), noResolveImage: true });

test("a follower sends every kind of call on, and names stay unique through any of them", async () => {
  const { handlers, dialled } = await threeManagers();
  const [, b, c] = handlers;
  assert.ok(b !== undefined && c !== undefined);
  const results = await Promise.allSettled([
    b.createService(create("web"), context()),
    c.createService(create("web"), context()),
  ]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const refused = results.find((result) => result.status === "rejected");
  assert.ok(errorOf("already_exists", /taken/)(refused?.reason));
  const { service } = await c.getService(newObjectRequest({ ref: "web" }), context());
  assert.equal(service?.spec?.name, "web", "reads its own write, through another manager");
  assert.equal(
    (await b.listNodes(newListRequest(), context())).nodes.filter((node) => node.managerStatus?.leader).length,
    1,
  );
  await b.removeService(newRemoveRequest({ ref: "web" }), context());
  const logs = b.logs(newLogsRequest({ refs: ["web"] }), context())[Symbol.asyncIterator]();
  await assert.rejects(logs.next(), errorOf("not_found", /no such service or task: web/));
  assert.ok(
    dialled.every((addr) => addr === "10.0.0.1:7377"),
    "only the leader is asked",
  );
});

test("a call that was sent on once is not sent on again", async () => {
  const { handlers } = await threeManagers();
  const marked = context({ metadata: new Map([["skep-control-forwarded", "1"]]) });
  await assert.rejects(
    async () => handlers[1]?.listNodes(newListRequest(), marked),
    errorOf("unavailable", /does not lead any more; the leader is 10\.0\.0\.1:7377/),
  );
});

test("during an election a call waits for the new leader", async () => {
  const { handlers, raft, stores } = await threeManagers();
  const [a, b] = handlers;
  assert.ok(a !== undefined && b !== undefined && stores[2] !== undefined);
  raft.depose();
  const waiting = [b.createService(create("web"), context()), a.listServices(newListRequest(), context())];
  await new Promise((resolve) => setImmediate(resolve));
  raft.elect(2);
  await leads(stores[2]);
  await Promise.all(waiting);
  assert.ok(stores[2].view((view) => view.byName("service", "web")) !== undefined);
});

test("a read is asked again when the leader went away, a write is not", async () => {
  const { raft, handlers, stores } = await threeManagers();
  const [, b, c] = handlers;
  assert.ok(b !== undefined && c !== undefined && stores[2] !== undefined);
  raft.hold();
  const write = b.createService(create("web"), context());
  write.catch(() => undefined);
  while (raft.inFlight() === 0) await new Promise((resolve) => setImmediate(resolve));
  raft.elect(2, "lose");
  raft.release();
  await leads(stores[2]);
  await assert.rejects(write, errorOf("unavailable", /outcome unknown/));
  assert.deepEqual((await b.listServices(newListRequest(), context())).services, []);
});

test("a leader that cannot be reached was told nothing: the call goes to the next one", async () => {
  const { raft, handlers, stores, unreachable } = await threeManagers();
  const [, b] = handlers;
  assert.ok(b !== undefined && stores[2] !== undefined);
  unreachable.add("10.0.0.1:7377");
  const write = b.createService(create("web"), context());
  await new Promise((resolve) => setImmediate(resolve));
  raft.elect(2);
  assert.equal((await write).service?.spec?.name, "web");
});

test("without a leader: an error that tells how many managers it takes, and what is known all the same", async () => {
  const { raft, handlers, env } = await createTestApi({ managers: 3 });
  const [, b] = handlers;
  assert.ok(b !== undefined);
  raft.depose();
  const refused = b.listServices(newListRequest(), context());
  const rejection = assert.rejects(
    refused,
    errorOf("unavailable", /no leader now: 2 of its 3 managers must be running/),
  );
  const status = b.status(newStatusRequest(), context());
  await env.advance(4000);
  await rejection;
  const { problems, nodes } = await status;
  assert.match(problems.join("\n"), /there is no leader: nothing can be changed until 2 of 3/);
  assert.equal(nodes.length, 3);
  const abort = new AbortController();
  const gone = b.listServices(newListRequest(), context({ signal: abort.signal }));
  abort.abort(new SkepError("canceled", "the caller went away"));
  await assert.rejects(gone, errorOf("canceled"));
});
