// A network room without a network: it knows what managers say, and says at once that it is done.
import type { NetworkUpdate } from "../../proto/gen/network.ts";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import { KnownNetworks } from "./known-networks.ts";
import { namespaceOf, namespacePath } from "./plan/names.ts";
import type { NetworkRoom, NetworkRoomCallbacks } from "./room.ts";
import type { NetworkViews } from "./view.ts";

export class HollowNetworkRoom implements NetworkRoom {
  readonly #known: KnownNetworks;

  constructor(log: Log, callbacks: NetworkRoomCallbacks) {
    this.#known = new KnownNetworks(log, callbacks);
  }

  readonly problem = "";

  get views(): NetworkViews {
    return this.#known.views;
  }

  readonly tunnels: NetworkRoom["tunnels"] = {
    description: { tunnelKeys: [], tunnelProblem: "" },
    wantEpoch: () => undefined,
  };

  probe(): never {
    throw new SkepError("unimplemented", "this node has no networks that could be tested: its runtime only pretends");
  }

  adopt(): void {
    // Nothing was kept.
  }

  sessionBegins(): void {
    this.#known.sessionBegins();
  }

  update(update: NetworkUpdate): void {
    if (this.#known.update(update)) this.#known.applied(this.#known.views);
  }

  sessionComplete(): void {
    this.#known.sessionComplete();
  }

  readonly prepare: NetworkRoom["prepare"] = async ({ taskId, attachments }) => ({
    path: namespacePath(namespaceOf(taskId)),
    addresses: attachments.flatMap(({ addresses }) => addresses),
  });

  readonly release: NetworkRoom["release"] = async () => undefined;

  readonly check: NetworkRoom["check"] = async () => [];

  run(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async clear(): Promise<void> {
    // Nothing was made.
  }
}
