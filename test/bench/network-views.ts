// What networks cost the leader: 500 services with 2 tasks each on one network, on 5 nodes and on 1,000. From a commit to the bytes
// for every node's stream, without the streams themselves; and the same for nodes that know nothing yet, and for a new leader's,
// which know it all.
//
//   node_modules/.bin/node --expose-gc test/bench/network-views.ts

import { heldNetworks } from "../../agent/network/held.ts";
import { viewOf } from "../../agent/network/view.ts";
import { ServedDispatcherService } from "../../manager/dispatcher/encode.ts";
import { NetworkDispatch } from "../../manager/dispatcher/network/network-dispatch.ts";
import { Outbox } from "../../manager/dispatcher/outbox.ts";
import type { Change, Commit, View } from "../../manager/store/types.ts";
import type { NetworkHeld } from "../../proto/gen/network.ts";
import {
  type Network,
  type Node,
  newContainerSpec,
  newEndpoint,
  newIPAMConfig,
  newNetwork,
  newNetworkAttachment,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newService,
  newServiceSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  newVirtualIP,
  type Service,
  type Task,
} from "../../proto/gen/objects.ts";
import { seededRandom } from "../../shared/env/sim-env.ts";
import { type NetworkId, type NodeId, newId, type ServiceId, type TaskId } from "../../shared/model/ids.ts";
import { printTable } from "./table.ts";

const SERVICES = 500;
const TASKS_EACH = 2;
const CHANGES = 200;

const random = seededRandom(7);
const address = (at: number): string => `10.0.${(at >> 8) & 255}.${at & 255}`;

class Fixture {
  readonly network: Network;
  readonly nodes: readonly Node[];
  readonly services: readonly Service[];
  readonly tasks: readonly Task[];
  readonly loadMs: number;
  readonly #view: View;
  #dispatch: NetworkDispatch;
  #outboxes: readonly Outbox[] = [];
  /** As every agent has it. */
  #held: readonly NetworkHeld[] = [];
  version = 1_000;

  constructor(nodes: number) {
    const networkId = newId<NetworkId>(random);
    this.network = newNetwork({
      id: networkId,
      vni: 4097,
      ipam: [newIPAMConfig({ subnet: "10.0.0.0/16", gateway: "10.0.0.1" })],
      spec: newNetworkSpec({ name: "web", driver: "overlay" }),
    });
    this.nodes = Array.from({ length: nodes }, (_, at) =>
      newNode({
        id: newId<NodeId>(random),
        status: newNodeStatus({ state: "ready", addrs: [`172.16.${at >> 8}.${at & 255}`] }),
        description: newNodeDescription({ hostname: `host${at}`, dataPathMtu: 1500 }),
      }),
    );
    this.services = Array.from({ length: SERVICES }, (_, at) =>
      newService({
        id: newId<ServiceId>(random),
        spec: newServiceSpec({
          name: `service-${at}`,
          taskTemplate: newTaskSpec({
            containerSpec: newContainerSpec({ image: "nginx:1" }),
            networks: [newNetworkAttachmentConfig({ target: networkId })],
          }),
        }),
        endpoint: newEndpoint({ virtualIps: [newVirtualIP({ networkId, addresses: [address(at + 2)] })] }),
      }),
    );
    this.tasks = this.services.flatMap((service, at) =>
      Array.from({ length: TASKS_EACH }, (_, slot) =>
        newTask({
          id: newId<TaskId>(random),
          serviceId: service.id,
          serviceName: service.spec?.name ?? "",
          slot: slot + 1,
          nodeId: this.nodes[(at * TASKS_EACH + slot) % nodes]?.id ?? ("" as NodeId),
          spec: service.spec?.taskTemplate,
          status: newTaskStatus({ state: "running" }),
          desiredState: "running",
          attachments: [newNetworkAttachment({ networkId, addresses: [address(1_000 + at * TASKS_EACH + slot)] })],
        }),
      ),
    );
    const tables = { network: [this.network], node: this.nodes, service: this.services, task: this.tasks };
    this.#view = {
      version: this.version,
      all: (table: keyof typeof tables) => tables[table] ?? [],
      tasksOfNode: () => [],
      get: () => undefined,
    } as unknown as View;
    const startMs = performance.now();
    this.#dispatch = new NetworkDispatch(this.#view);
    this.loadMs = performance.now() - startMs;
    this.#connect();
  }

  /** The same store, and agents that know all of it. */
  changeLeader(): void {
    this.#dispatch = new NetworkDispatch(this.#view);
    this.#connect();
  }

  #connect(): void {
    this.#outboxes = this.nodes.map(({ id }) => {
      const outbox = new Outbox(id, (read) => read(this.#view));
      outbox.networks(this.#dispatch.open(id, outbox, this.#held));
      return outbox;
    });
  }

  commit(...changes: readonly Change[]): void {
    const commit: Commit = { version: ++this.version, timeMs: 0, changes };
    this.#dispatch.commit(commit);
  }

  /** Everything that waits, as it goes into the streams. */
  send(): number {
    let bytes = 0;
    for (const outbox of this.#outboxes) {
      for (let message = outbox.next(); message !== undefined; message = outbox.next()) {
        bytes += ServedDispatcherService.session.responseSerialize(message).length;
        const update = message.message?.kind === "network" ? message.message.update : undefined;
        if (update?.kind === "snapshot" && update.network !== undefined && this.#held.length === 0) {
          this.#held = heldNetworks(new Map([[update.network.networkId, viewOf(update, update.network)]]));
        }
      }
    }
    return bytes;
  }

  /** All nodes have applied what they were sent. */
  acknowledge(): void {
    for (const { id } of this.nodes) this.#dispatch.applied(id, { networkId: this.network.id, version: this.version });
  }
}

interface Figures {
  readonly loadMs: number;
  readonly heapBytes: number;
  readonly allMs: number;
  readonly allBytes: number;
  readonly againMs: number;
  readonly againBytes: number;
  readonly commitMs: number;
  readonly sendMs: number;
  readonly ackMs: number;
  readonly bytes: number;
}

const collect = (): void => {
  const { gc } = globalThis as { readonly gc?: () => void };
  gc?.();
};

function measure(nodes: number): Figures {
  collect();
  const before = process.memoryUsage().heapUsed;
  const fixture = new Fixture(nodes);
  collect();
  const heapBytes = process.memoryUsage().heapUsed - before;
  const startMs = performance.now();
  const allBytes = fixture.send();
  const allMs = performance.now() - startMs;
  const againStartMs = performance.now();
  fixture.changeLeader();
  const againBytes = fixture.send();
  const againMs = performance.now() - againStartMs;
  fixture.acknowledge();
  let [commitMs, sendMs, ackMs, bytes] = [0, 0, 0, 0];
  for (let n = 0; n < CHANGES; n++) {
    const task = fixture.tasks[n];
    if (task === undefined) throw new Error("too few tasks");
    const t0 = performance.now();
    fixture.commit({ table: "task", action: "update", old: task, object: { ...task, desiredState: "shutdown" } });
    const t1 = performance.now();
    bytes += fixture.send();
    const t2 = performance.now();
    fixture.acknowledge();
    ackMs += performance.now() - t2;
    fixture.send(); // the word that it is drained
    commitMs += t1 - t0;
    sendMs += t2 - t1;
  }
  return {
    loadMs: fixture.loadMs,
    heapBytes,
    allMs,
    allBytes,
    againMs,
    againBytes,
    commitMs: commitMs / CHANGES,
    sendMs: sendMs / CHANGES,
    ackMs: ackMs / CHANGES,
    bytes: bytes / CHANGES,
  };
}

measure(50); // the compiler has seen it
const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
printTable(
  [
    "nodes",
    "load, ms",
    "heap, MB",
    "all to all, ms",
    "MB",
    "a new leader, ms",
    "MB",
    "one change: tables, ms",
    "messages to all, ms",
    "acknowledgements of all, ms",
    "bytes per node",
  ],
  [5, 100, 1_000].map((nodes) => {
    const figures = measure(nodes);
    return [
      String(nodes),
      figures.loadMs.toFixed(1),
      megabytes(figures.heapBytes),
      figures.allMs.toFixed(1),
      megabytes(figures.allBytes),
      figures.againMs.toFixed(1),
      megabytes(figures.againBytes),
      figures.commitMs.toFixed(3),
      figures.sendMs.toFixed(2),
      figures.ackMs.toFixed(2),
      (figures.bytes / nodes).toFixed(0),
    ];
  }),
);
