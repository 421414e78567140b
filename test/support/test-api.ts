// The control API over the memory Raft: handlers called as functions, a registry that is a table, and gRPC servers on this
// machine's loopback where a test is about what goes over the wire.
import assert from "node:assert/strict";
import * as grpc from "@grpc/grpc-js";
import { createControlHandlers } from "../../manager/api/control.ts";
import { EventLog } from "../../manager/api/event-log.ts";
import type { ControlService } from "../../proto/gen/control.ts";
import {
  type Node,
  type NodeRole,
  type NodeState,
  newCluster,
  newClusterSpec,
  newContainerSpec,
  newJoinTokens,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newNodeStatus,
  newRootCA,
  newServiceSpec,
  newTaskSpec,
  type ServiceSpec,
} from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import type { ImageResolver } from "../../shared/image/resolve.ts";
import { silentLog } from "../../shared/log.ts";
import { type ClusterId, type NodeId, newId, parseId } from "../../shared/model/ids.ts";
import { newJoinToken } from "../../shared/model/join-token.ts";
import type { ServiceMethods } from "../../shared/rpc/method.ts";
import { addService, type CallContext, type Handlers } from "../../shared/rpc/server.ts";
import { closeAfterEach } from "./cleanup.ts";
import { listenGrpc } from "./plain-grpc.ts";
import { createTestStores, leads, type TestStores } from "./test-store.ts";

export const DIGEST = `sha256:${"d".repeat(64)}`;

export const context = (overrides: Partial<CallContext> = {}): CallContext => ({
  peer: { kind: "local" },
  signal: new AbortController().signal,
  metadata: new Map(),
  ...overrides,
});

export interface TestApi extends TestStores {
  readonly handlers: readonly Handlers<typeof ControlService>[];
  /** Of the manager that leads first. */
  readonly api: Handlers<typeof ControlService>;
  /** Images the registry was asked for. */
  readonly asked: string[];
}

export const errorOf =
  (code: SkepError["code"], message = /./) =>
  (error: unknown): boolean => {
    assert.ok(isCode(error, code), `expected ${code}: ${String(error)}`);
    assert.match(String(error), message);
    return true;
  };

export const nodeIdOf = (number: number): NodeId => parseId<NodeId>("node id", `node${number}`.padEnd(25, "x"));

export function testNode(
  number: number,
  {
    role = "worker",
    state = "ready",
    addr = `10.0.0.${number}:7377`,
  }: { role?: NodeRole; state?: NodeState; addr?: string } = {},
): Node {
  return newNode({
    id: nodeIdOf(number),
    role,
    addr,
    spec: newNodeSpec({ role }),
    description: newNodeDescription({ hostname: `host${number}` }),
    status: newNodeStatus({ state, addrs: [`10.0.0.${number}`] }),
  });
}

export function serviceSpec(name: string, change: Partial<ServiceSpec> = {}, image = "nginx:1.27"): ServiceSpec {
  return newServiceSpec({
    name,
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image }) }),
    mode: { kind: "replicated", replicas: 2 },
    ...change,
  });
}

export interface TestApiOptions {
  readonly managers?: number;
  readonly env?: Env;
  readonly images?: ImageResolver;
  readonly dialManager?: (addr: string) => grpc.Client;
  readonly dialAgent?: (addr: string, nodeId: NodeId) => grpc.Client;
}

const closeLater = closeAfterEach();

/** Managers host1 … (and no other nodes), the first of which leads; the cluster object is there. */
export async function createTestApi(options: TestApiOptions = {}): Promise<TestApi> {
  const { managers = 1 } = options;
  const made = createTestStores(managers);
  const abort = new AbortController();
  const asked: string[] = [];
  const images: ImageResolver = async (image, auth, insecure, signal) => {
    asked.push(image);
    if (options.images !== undefined) return await options.images(image, auth, insecure, signal);
    return { image: `${image}@${DIGEST}`, platforms: [{ os: "linux", architecture: "amd64" }] };
  };
  const nobody = (): never => {
    throw new SkepError("unavailable", "nobody is dialled in this test");
  };
  const handlers = made.stores.map((store, index) => {
    const raft = made.raft.nodes[index];
    assert.ok(raft !== undefined);
    const env = options.env ?? made.env;
    const events = new EventLog({ env, store });
    events.collect(abort.signal).catch(() => undefined); // a listener of the test would hear nothing
    return createControlHandlers({
      env,
      log: silentLog,
      store,
      raft,
      events,
      snapshot: () => made.parts[index]?.machine.snapshot() ?? [],
      images,
      dialManager: options.dialManager ?? nobody,
      dialAgent: options.dialAgent ?? nobody,
      signal: abort.signal,
    });
  });
  const [store] = made.stores;
  const [api] = handlers;
  assert.ok(store !== undefined && api !== undefined);
  made.raft.elect(0);
  await leads(store);
  await store.update((tx) => {
    const caCertHash = "ab".repeat(32);
    const token = (): string => newJoinToken(caCertHash, made.env.random);
    tx.put(
      "cluster",
      newCluster({
        id: newId<ClusterId>(made.env.random),
        spec: newClusterSpec({ name: "default" }),
        rootCa: newRootCA({
          caKey: Buffer.from("the key"),
          caCert: Buffer.from("the certificate"),
          caCertHash,
          joinTokens: newJoinTokens({ worker: token(), manager: token() }),
        }),
      }),
    );
    for (let number = 1; number <= managers; number++) tx.put("node", testNode(number, { role: "manager" }));
  });
  const close = (): void => {
    abort.abort();
    made.close();
  };
  closeLater(close);
  return { ...made, handlers, api, asked, close };
}

export interface Loopback {
  readonly addr: string;
  readonly client: grpc.Client;
  readonly stop: () => void;
}

/** Serves `handlers` on this machine, to anyone, as a manager's call. */
export async function serveLoopback<S extends ServiceMethods>(methods: S, handlers: Handlers<S>): Promise<Loopback> {
  const { port, stop } = await listenGrpc(0, (server) => {
    addService(
      server,
      methods,
      handlers,
      () => ({ kind: "local" }),
      () => undefined,
    );
  });
  const addr = `127.0.0.1:${port}`;
  const client = new grpc.Client(addr, grpc.credentials.createInsecure());
  const close = (): void => {
    client.close();
    stop();
  };
  closeLater(close);
  return { addr, client, stop: close };
}

/** Waits, a turn of the event loop at a time, until `holds`; where sockets are asked, on a busy machine, also for some seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const untilMs = performance.now() + 15_000;
  for (let turns = 0; turns < 20_000 || performance.now() < untilMs; turns++) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail(`never came true: ${what}`);
}
