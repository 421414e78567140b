// What managers have said of the networks, and what they were told back. Pure: no clock, no kernel.
import type { NetworkUpdate } from "../../proto/gen/network.ts";
import { assertNever } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { NetworkId } from "../../shared/model/ids.ts";
import type { NetworkRoomCallbacks } from "./room.ts";
import { merge, type NetworkViews } from "./view.ts";

export class KnownNetworks {
  readonly #log: Log;
  readonly #callbacks: NetworkRoomCallbacks;
  #views: NetworkViews;
  /** Networks that this session has sent, by the version that was acknowledged in it. */
  readonly #told = new Map<NetworkId, number>();
  /** Asked for, and not yet sent: one question is enough. */
  readonly #asked = new Set<NetworkId>();

  /** @param views as an earlier life remembered them. */
  constructor(log: Log, callbacks: NetworkRoomCallbacks, views: NetworkViews = new Map()) {
    this.#log = log;
    this.#callbacks = callbacks;
    this.#views = views;
  }

  get views(): NetworkViews {
    return this.#views;
  }

  sessionBegins(): void {
    this.#told.clear();
    this.#asked.clear();
  }

  /** True when something is to be done: a view changed, or an acknowledgement is due. */
  update({ update }: NetworkUpdate): boolean {
    const merged = merge(this.#views, update);
    switch (merged.kind) {
      case "invalid":
        this.#log.error({ reason: merged.reason }, "ignored a message about networks");
        return false;
      case "resync":
        if (this.#asked.has(merged.networkId)) return false;
        this.#asked.add(merged.networkId);
        this.#log.warn({ network: merged.networkId }, "a change of a network does not fit; asking for all of it");
        this.#callbacks.onResync(merged.networkId);
        return false;
      case "merged":
        break;
      default:
        assertNever(merged);
    }
    this.#views = merged.views;
    if (update?.kind === "snapshot" && update.network !== undefined) {
      this.#asked.delete(update.network.networkId);
      this.#told.set(update.network.networkId, 0);
    } else if (update?.kind === "delta") {
      // Upon what this node knew when the session began: managers know just that.
      if (!this.#told.has(update.networkId)) this.#told.set(update.networkId, 0);
    } else if (update?.kind === "gone") {
      this.#asked.delete(update.networkId);
      this.#told.delete(update.networkId);
    }
    return true;
  }

  /** The networks that this session has not sent are gone. True when there were any. */
  sessionComplete(): boolean {
    const here = [...this.#views].filter(([id]) => this.#told.has(id));
    if (here.length === this.#views.size) return false;
    this.#views = new Map(here);
    return true;
  }

  /** The node does what `views` say: the session is told once per network and version. */
  applied(views: NetworkViews): void {
    for (const [id, { version }] of views) {
      const told = this.#told.get(id);
      if (told === undefined || told >= version) continue;
      this.#told.set(id, version);
      this.#callbacks.onApplied(id, version);
    }
  }
}
