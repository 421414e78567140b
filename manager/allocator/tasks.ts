// What a task is given: its addresses, all of them or none. With them it is `pending`; without, it is born `new`, says why, and
// waits for the allocator's loop (loop.ts).
import {
  type Network,
  type NetworkAttachment,
  newNetworkAttachment,
  newServiceSpec,
  newTaskStatus,
  type Service,
  type Task,
} from "../../proto/gen/objects.ts";
import type { View } from "../store/types.ts";
import { type Cursors, giveAddresses } from "./addresses.ts";
import { hostPorts, ingressNetwork, networksOfService, usesIngress } from "./places.ts";

export type TaskScope = Pick<View, "get" | "all" | "isAddressHeld">;

export type Outcome =
  | { readonly kind: "given"; readonly task: Task }
  /** `network` has no room, or is not there; `task` says so. */
  | { readonly kind: "waits"; readonly task: Task; readonly network: string };

/** One look at the store: a network that was found full is not searched again for the next task. */
export class TaskAllocator {
  readonly #view: TaskScope;
  readonly #cursors: Cursors;
  readonly #full: Map<string, string>;
  readonly #nowMs: number;
  #ingress: { readonly network: Network | undefined } | undefined;

  /** @param full networks without room as this look began, and why; what is found is added. */
  constructor(view: TaskScope, cursors: Cursors, nowMs: number, full = new Map<string, string>()) {
    this.#view = view;
    this.#cursors = cursors;
    this.#full = full;
    this.#nowMs = nowMs;
  }

  /** @param task that has nothing yet; it must be put before the next one is asked for. */
  give(task: Task, service: Service | undefined): Outcome {
    const spec = { ...(service?.spec ?? newServiceSpec()), taskTemplate: task.spec };
    const wanted = networksOfService(spec, usesIngress(spec) ? this.#ingressNetwork() : undefined);
    const ports = hostPorts(service?.endpoint?.ports ?? []);
    const attachments: NetworkAttachment[] = [];
    for (const id of wanted) {
      const place = this.#place(id);
      if (typeof place === "string") {
        const told = this.#withStatus(task, "new", place);
        return { kind: "waits", task: told === task ? task : { ...told, ports }, network: id };
      }
      attachments.push(place);
    }
    return { kind: "given", task: this.#withStatus({ ...task, attachments, ports }, "pending", "") };
  }

  #ingressNetwork(): Network | undefined {
    this.#ingress ??= { network: ingressNetwork(this.#view) };
    return this.#ingress.network;
  }

  /** Why not, when there is none. */
  #place(id: string): NetworkAttachment | string {
    const known = this.#full.get(id);
    if (known !== undefined) return known;
    const network = this.#view.get("network", id);
    if (network === undefined) return `network ${id} is not there any more`;
    const given = giveAddresses(this.#view, network, this.#cursors);
    if (given.kind === "given") return newNetworkAttachment({ networkId: network.id, addresses: given.addresses });
    this.#full.set(id, given.err);
    return given.err;
  }

  #withStatus(task: Task, state: "new" | "pending", err: string): Task {
    const { status } = task;
    if (status?.state === state && status.err === err) return task;
    return { ...task, status: newTaskStatus({ ...status, state, err, timestampMs: this.#nowMs }) };
  }
}
