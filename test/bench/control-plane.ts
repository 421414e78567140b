// Orchestrator, scheduler and dispatcher of one manager with very many agents, all in this process: from the creation of a
// service to the last task assigned, pushed to its agent and stored as running. Raft is a memory log without a disk, and
// agents answer at once: what is measured is the managers' own work.
//
//   node_modules/.bin/node test/bench/control-plane.ts [nodes] [tasks] [services] [networks]
//
// With networks, the services are spread over so many of them, and every task gets an address and every service a virtual IP.
import { Cursors } from "../../manager/allocator/addresses.ts";
import { allocateEndpoint } from "../../manager/allocator/endpoint.ts";
import { allocateNetwork, networkScope } from "../../manager/allocator/network.ts";
import { createDispatcher } from "../../manager/dispatcher/dispatcher.ts";
import { runLeaderLoops } from "../../manager/leader-loops.ts";
import { createStore } from "../../manager/store/store.ts";
import { type AgentMessage, newAgentMessage, newTaskStatusUpdate } from "../../proto/gen/dispatcher.ts";
import {
  newContainerSpec,
  newIPAMConfig,
  newNetwork,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNode,
  newNodeDescription,
  newPlatform,
  newResources,
  newService,
  newServiceSpec,
  newTaskSpec,
  newTaskStatus,
} from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { type ClusterId, type NetworkId, type NodeId, newId } from "../../shared/model/ids.ts";
import { createMemoryRaft } from "../support/memory-raft.ts";
import { leads } from "../support/test-store.ts";
import { printTable } from "./table.ts";

const [nodes = 5_000, tasks = 50_000, services = 10, networks = 0] = process.argv.slice(2).map(Number);
const env = realEnv;
const abort = new AbortController();
const raft = createMemoryRaft(1);
const [node] = raft.nodes;
if (node === undefined) throw new Error("no raft");
const { store, machine, attach } = createStore({ env, log: silentLog });
node.bind(machine);
void attach(node, abort.signal);
const dispatcher = createDispatcher({ env, log: silentLog, store, raft: node });
void dispatcher.run(abort.signal);
raft.elect(0);
await leads(store);

async function agent(id: NodeId, index: number): Promise<void> {
  const outgoing: AgentMessage[] = [];
  let wake: () => void = () => undefined;
  const say = (message: NonNullable<AgentMessage["message"]>): void => {
    outgoing.push(newAgentMessage({ message }));
    wake();
  };
  async function* requests(): AsyncGenerator<AgentMessage> {
    while (!abort.signal.aborted) {
      const next = outgoing.shift();
      if (next !== undefined) yield next;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  say({
    kind: "hello",
    challenge: new Uint8Array(0),
    networks: [],
    addr: `10.0.${index >> 8}.${index & 255}:7377`,
    description: newNodeDescription({
      hostname: `host${index}`,
      platform: newPlatform({ os: "linux", architecture: "amd64" }),
      resources: newResources({ nanoCpus: 64e9, memoryBytes: 2 ** 38 }),
    }),
  });
  const peer = { kind: "node", nodeId: id, role: "worker", clusterId: "" as ClusterId } as const;
  const context = { peer, signal: abort.signal, metadata: new Map<string, string>() };
  for await (const { message } of dispatcher.handlers.session(requests(), context)) {
    if (message?.kind === "beat") say({ kind: "beat" });
    if (message?.kind !== "assignments" || message.tasks.length === 0) continue;
    const status = newTaskStatus({ state: "running", timestampMs: env.wallMs() });
    say({ kind: "statuses", updates: message.tasks.map(({ id: taskId }) => newTaskStatusUpdate({ taskId, status })) });
  }
}

const seconds = (fromMs: number): number => (env.nowMs() - fromMs) / 1000;
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await env.sleep(5, abort.signal);
}

const ids = Array.from({ length: nodes }, () => newId<NodeId>(env.random));
await store.batch(ids, (tx, id) => tx.put("node", newNode({ id })));
const joinMs = env.nowMs();
ids.forEach((id, index) => void agent(id, index));
const count = (table: "node" | "task", matches: (state: string) => boolean): number =>
  store.view((view) => {
    let found = 0;
    for (const { status } of view.all(table)) if (matches(status?.state ?? "")) found++;
    return found;
  });
await until(() => count("node", (state) => state === "ready") === nodes);
const joined = seconds(joinMs);

const cursors = new Cursors(env.random);
const targets = Array.from({ length: networks }, () => newId<NetworkId>(env.random));
for (const [index, id] of targets.entries()) {
  const spec = newNetworkSpec({
    name: `network${index}`,
    ipam: [newIPAMConfig({ subnet: `10.${100 + index}.0.0/16` })],
  });
  await store.update((tx) => {
    tx.put("network", newNetwork({ id, spec, ...allocateNetwork(networkScope(tx), spec, undefined) }));
  });
}

void runLeaderLoops({ env, log: silentLog, store, signal: abort.signal });
const startMs = env.nowMs();
let assigned = 0;
let running = 0;
let assignedAt = 0;
const { commits } = store.viewAndWatch(() => undefined, { signal: abort.signal, maxBuffered: 1_000_000 });
const watching = (async () => {
  for await (const { changes } of commits) {
    for (const change of changes) {
      if (change.table !== "task" || change.action !== "update") continue;
      const state = change.object.status?.state;
      if (state === "assigned" && ++assigned === tasks) assignedAt = seconds(startMs);
      if (state === "running" && ++running === tasks) return;
    }
  }
})();
for (let index = 0; index < services; index++) {
  const share = Math.floor(tasks / services) + (index < tasks % services ? 1 : 0);
  await store.update((tx) => {
    const containerSpec = newContainerSpec({ image: `registry.example/image${index}:1`, env: ["A=1", "B=2"] });
    const spec = newServiceSpec({
      name: `service${index}`,
      mode: { kind: "replicated", replicas: share },
      taskTemplate: newTaskSpec({
        containerSpec,
        networks: targets
          .slice(index % networks)
          .slice(0, 1)
          .map((target) => newNetworkAttachmentConfig({ target })),
      }),
    });
    const service = newService({ id: newId(env.random), spec, specVersion: tx.version + 1 });
    tx.put("service", { ...service, endpoint: allocateEndpoint(tx, service, cursors) });
  });
}
await watching;
const ran = seconds(startMs);
printTable(
  [
    "nodes",
    "services",
    "networks",
    "tasks",
    "all joined s",
    "all assigned s",
    "all running s",
    "placements/s",
    "running/s",
    "MB resident",
  ],
  [
    [
      String(nodes),
      String(services),
      String(networks),
      String(tasks),
      joined.toFixed(2),
      assignedAt.toFixed(2),
      ran.toFixed(2),
      Math.round(tasks / assignedAt).toLocaleString("en"),
      Math.round(tasks / ran).toLocaleString("en"),
      String(Math.round(process.memoryUsage().rss / 2 ** 20)),
    ],
  ],
);
abort.abort();
process.exit(0);
