// What runs on a node, in counters that are kept up to date from commits, so that placing a task asks no table.
import type { Node, Task } from "../../proto/gen/objects.ts";
import type { NodeId, ServiceId } from "../../shared/model/ids.ts";
import { HostPorts } from "./host-ports.ts";
import { type Amounts, addUse, nothingUsed, type Used } from "./resources.ts";

/** Swarm's: a node on which a service failed this often in this time is taken last for it. */
const FAILURES = 5;
const FAILURE_WINDOW_MS = 5 * 60_000;
const MAX_FAILURE_RECORDS = 1_000;

export class NodeLoad {
  readonly used: Used = nothingUsed();
  readonly ports = new HostPorts();
  /** Tasks that shall run here. */
  tasks = 0;
  readonly #failures = new Map<string, number[]>();

  /** @param active false: it is being stopped and only holds what it reserved. */
  add(reservation: Amounts, active: boolean, sign: 1 | -1): void {
    addUse(this.used, reservation, sign);
    if (active) this.tasks += sign;
  }

  failed(task: Task): void {
    const key = failureKey(task.serviceId, task.specVersion);
    const times = this.#failures.get(key) ?? [];
    times.push(task.status?.timestampMs ?? 0);
    // The earliest goes: a new leader finds them in any order.
    if (times.length > FAILURES) times.splice(times.indexOf(Math.min(...times)), 1);
    this.#failures.delete(key); // to the end: the oldest record is the first
    this.#failures.set(key, times);
    if (this.#failures.size > MAX_FAILURE_RECORDS) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest);
        break;
      }
    }
  }

  isFailing(service: ServiceId, specVersion: number, nowMs: number): boolean {
    if (this.#failures.size === 0) return false;
    const times = this.#failures.get(failureKey(service, specVersion));
    return times !== undefined && times.length >= FAILURES && Math.min(...times) > nowMs - FAILURE_WINDOW_MS;
  }
}

const failureKey = (service: ServiceId, specVersion: number): string => `${service}/${specVersion}`;

export interface NodeEntry {
  readonly id: NodeId;
  /** Place in the verdicts of cached filters; reused after the node is gone. */
  readonly index: number;
  node: Node;
  capacity: Amounts;
  ready: boolean;
  readonly load: NodeLoad;
}

/** A service's tasks that shall run, by node. */
export type TasksByNode = ReadonlyMap<NodeId, number>;
