// Random histories of networks, services, tasks and nodes, under leaders that come and go: no address, identifier or port is
// ever given twice, none is lost, and a network says that it is full exactly when it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Cursors } from "../../../manager/allocator/addresses.ts";
import { allocateEndpoint } from "../../../manager/allocator/endpoint.ts";
import { hostsOfNetwork, sizeOf } from "../../../manager/allocator/hosts.ts";
import { allocateNetwork, networkScope, newestNetwork } from "../../../manager/allocator/network.ts";
import { placedNode } from "../../../manager/allocator/nodes.ts";
import { ingressNetwork } from "../../../manager/allocator/places.ts";
import { TaskAllocator } from "../../../manager/allocator/tasks.ts";
import type { Store, Tx, View } from "../../../manager/store/types.ts";
import {
  newEndpointSpec,
  newIPAMConfig,
  newNetwork,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNode,
  newPortConfig,
  newService,
  newServiceSpec,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Service,
  type ServiceSpec,
  type Task,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { type NetworkId, type NodeId, newId, type ServiceId, type TaskId } from "../../../shared/model/ids.ts";
import { isTerminal } from "../../../shared/model/tasks.ts";
import { heldAddresses, networkFaults } from "../../support/network-truth.ts";
import { createTestStores, leads } from "../../support/test-store.ts";

type Command =
  | { readonly kind: "network"; readonly prefix: number; readonly ipv6: boolean; readonly ingress: boolean }
  | { readonly kind: "remove network" | "remove service" | "remove node"; readonly pick: number }
  | {
      readonly kind: "service" | "update";
      readonly pick: number;
      readonly networks: readonly number[];
      readonly ports: readonly PortWish[];
      readonly dnsrr: boolean;
    }
  | { readonly kind: "tasks"; readonly pick: number; readonly count: number }
  | { readonly kind: "end" | "forget"; readonly pick: number; readonly count: number }
  | { readonly kind: "retry" | "node" }
  | { readonly kind: "elect"; readonly manager: number; readonly fate: "keep" | "lose" }
  | { readonly kind: "hold" | "release" };

interface PortWish {
  readonly published: number;
  readonly host: boolean;
}

const pick = fc.nat(7);
const wish = fc.record({ published: fc.constantFrom(0, 0, 80, 81, 30_001), host: fc.boolean() });
const ports = fc.array(wish, { maxLength: 2 });
const networks = fc.array(pick, { maxLength: 2 });
const count = fc.integer({ min: 1, max: 6 });
const service = { pick, networks, ports, dnsrr: fc.boolean() };

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("network" as const),
      prefix: fc.constantFrom(0, 28, 29, 30),
      ipv6: fc.boolean(),
      ingress: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("remove network" as const, "remove service" as const, "remove node" as const),
      pick,
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("service" as const, "update" as const), ...service }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("tasks" as const), pick, count }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("end" as const, "forget" as const), pick, count }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("retry" as const, "node" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("elect" as const),
      manager: fc.nat(2),
      fate: fc.constantFrom("keep" as const, "lose" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("hold" as const, "release" as const) }) },
);

class World {
  readonly #made = createTestStores(3, { seed: 5 });
  readonly #random = this.#made.env.random;
  #leader = 0;
  #cursors = new Cursors(this.#random);
  #networks = 0;

  get #store(): Store {
    const store = this.#made.stores[this.#leader];
    assert.ok(store !== undefined);
    return store;
  }

  async start(): Promise<void> {
    this.#made.raft.elect(0);
    await leads(this.#store);
  }

  async close(): Promise<void> {
    this.#made.raft.release();
    await this.#check();
    this.#made.close();
  }

  async run(command: Command): Promise<void> {
    switch (command.kind) {
      case "elect":
        this.#leader = command.manager;
        this.#cursors = new Cursors(this.#random);
        this.#made.raft.release();
        this.#made.raft.elect(command.manager, command.fate);
        await leads(this.#store);
        break;
      case "hold":
        this.#made.raft.hold();
        break;
      case "release":
        this.#made.raft.release();
        break;
      default:
        this.#write(command);
    }
    await this.#check();
  }

  /** Not waited for: while commits are held, one is made over the head of the other. */
  #write(command: Exclude<Command, { kind: "elect" | "hold" | "release" }>): void {
    const refused = (error: unknown): undefined => {
      const code = error instanceof SkepError ? error.code : "internal";
      const expected = ["failed_precondition", "resource_exhausted", "unavailable", "not_found"];
      if (!expected.includes(code)) throw error;
      return undefined;
    };
    this.#store
      .update((tx) => {
        try {
          this.#apply(tx, command);
        } catch (error) {
          refused(error);
          throw error;
        }
        const faults = networkFaults(tx);
        if (faults.length > 0) throw new assert.AssertionError({ message: `over the head: ${faults.join("; ")}` });
      })
      .catch((error: unknown) => {
        if (!(error instanceof SkepError)) this.#broken ??= error;
      });
  }
  #broken: unknown;

  #apply(tx: Tx, command: Exclude<Command, { kind: "elect" | "hold" | "release" }>): void {
    switch (command.kind) {
      case "network": {
        if (command.ingress && ingressNetwork(tx) !== undefined) return;
        const subnet = command.prefix === 0 ? "" : `10.200.${this.#networks % 256}.0/${command.prefix}`;
        const spec = newNetworkSpec({
          name: `n${++this.#networks}`,
          ingress: command.ingress,
          ipv6Enabled: command.ipv6,
          ipam: subnet === "" ? [] : [newIPAMConfig({ subnet })],
        });
        const scope = networkScope(tx);
        tx.put(
          "network",
          newNetwork({
            id: newId<NetworkId>(this.#random),
            spec,
            ...allocateNetwork(scope, spec, newestNetwork(scope)),
          }),
        );
        return;
      }
      case "remove network": {
        const network = nth(tx.all("network"), command.pick);
        if (network === undefined || isUsed(tx, network.id)) return;
        tx.remove("network", network.id);
        return;
      }
      case "service": {
        const fresh = newService({ id: newId<ServiceId>(this.#random), spec: this.#spec(tx, command) });
        tx.put("service", { ...fresh, endpoint: allocateEndpoint(tx, fresh, this.#cursors) });
        return;
      }
      case "update": {
        const present = nth(tx.all("service"), command.pick);
        if (present === undefined) return;
        const next = { ...present, spec: this.#spec(tx, command) };
        tx.put("service", { ...next, endpoint: allocateEndpoint(tx, next, this.#cursors) });
        return;
      }
      case "remove service": {
        const present = nth(tx.all("service"), command.pick);
        if (present !== undefined) tx.remove("service", present.id);
        return;
      }
      case "tasks": {
        const owner = nth(tx.all("service"), command.pick);
        if (owner === undefined) return;
        const allocator = new TaskAllocator(tx, this.#cursors, 1);
        for (let i = 0; i < command.count; i++) this.#give(tx, allocator, this.#task(owner), owner);
        return;
      }
      case "retry": {
        const allocator = new TaskAllocator(tx, this.#cursors, 2);
        for (const task of [...tx.all("task")]) {
          if (task.status?.state === "new") this.#give(tx, allocator, task, tx.get("service", task.serviceId));
        }
        return;
      }
      case "end": {
        for (const task of several(tx.all("task"), command)) {
          tx.put("task", { ...task, status: newTaskStatus({ ...task.status, state: "shutdown", err: "ended" }) });
        }
        return;
      }
      case "forget": {
        for (const task of several(tx.all("task"), command)) tx.remove("task", task.id);
        return;
      }
      case "node": {
        const fresh = newNode({ id: newId<NodeId>(this.#random) });
        tx.put("node", placedNode(tx, fresh, ingressNetwork(tx), this.#cursors));
        return;
      }
      case "remove node": {
        const node = nth(tx.all("node"), command.pick);
        if (node !== undefined) tx.remove("node", node.id);
        return;
      }
    }
  }

  #give(tx: Tx, allocator: TaskAllocator, task: Task, owner: Service | undefined): void {
    const outcome = allocator.give(task, owner);
    if (outcome.kind === "waits") {
      const network = tx.get("network", outcome.network);
      // Not there: its service has moved on, and so will the orchestrator.
      if (network !== undefined) assert.ok(isFull(tx, network.id), `${outcome.task.status?.err}, and it is not`);
    }
    tx.put("task", outcome.task);
  }

  #task(owner: Service): Task {
    return newTask({
      id: newId<TaskId>(this.#random),
      serviceId: owner.id,
      spec: owner.spec?.taskTemplate,
      status: newTaskStatus({ state: "pending" }),
      desiredState: "running",
    });
  }

  #spec(tx: Tx, wishes: Extract<Command, { kind: "service" | "update" }>): ServiceSpec {
    const named = [...tx.all("network")].filter(({ spec }) => spec?.ingress !== true);
    const targets = new Set(wishes.networks.flatMap((at) => named[at % Math.max(1, named.length)]?.id ?? []));
    const given = wishes.ports.map(({ published, host }, i) =>
      newPortConfig({
        targetPort: 80 + i,
        publishedPort: published,
        publishMode: host || wishes.dnsrr ? "host" : "ingress",
      }),
    );
    const distinct = given.filter(
      (one, i) =>
        one.publishedPort === 0 || given.findIndex((other) => other.publishedPort === one.publishedPort) === i,
    );
    return newServiceSpec({
      taskTemplate: newTaskSpec({ networks: [...targets].map((target) => newNetworkAttachmentConfig({ target })) }),
      endpointSpec: newEndpointSpec({ mode: wishes.dnsrr ? "dnsrr" : "vip", ports: distinct }),
    });
  }

  async #check(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (this.#broken !== undefined) throw this.#broken;
    for (const [i, store] of this.#made.stores.entries()) {
      assert.deepEqual(store.view(networkFaults), [], `as manager ${i} has it`);
    }
  }
}

function nth<T>(all: Iterable<T>, at: number): T | undefined {
  const list = [...all];
  return list[at % Math.max(1, list.length)];
}

function several(
  all: Iterable<Task>,
  { kind, pick: from, count: wanted }: { kind: "end" | "forget"; pick: number; count: number },
): Task[] {
  const list = [...all].filter((task) => isTerminal(task.status?.state ?? "new") === (kind === "forget"));
  return list.slice(from % Math.max(1, list.length)).slice(0, wanted);
}

const isUsed = (view: View, id: NetworkId): boolean =>
  heldAddresses(view).some(({ network, who }) => network === id && !who.startsWith("node ")) ||
  [...view.all("service")].some(({ spec }) => spec?.taskTemplate?.networks.some(({ target }) => target === id));

/** Of one of its families, by counting. */
function isFull(view: View, id: NetworkId): boolean {
  const network = view.get("network", id);
  if (network === undefined) return false;
  const held = heldAddresses(view).filter(({ network: other }) => other === id);
  return hostsOfNetwork(network).some(
    (hosts, family) => BigInt(held.filter(({ addresses }) => addresses[family] !== undefined).length) === sizeOf(hosts),
  );
}

test("nothing is given twice, nothing is lost, and full is said when it is full", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 60 }), async (commands) => {
      const world = new World();
      await world.start();
      for (const one of commands) await world.run(one);
      await world.close();
    }),
    { numRuns: 30 },
  );
});
