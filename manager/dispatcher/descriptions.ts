// What nodes say of themselves, on its way into the store: what is no news is not written, and a node that has ever more to say
// is written down every now and then, with what it said last.
import { createHash } from "node:crypto";
import { encodeNodeDescription, type Node } from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import type { Log } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { TokenBuckets } from "../../shared/token-buckets.ts";
import { changedNode, type NodeChange } from "./records.ts";

/** A node that starts says four different things in a few seconds. */
const RATE = { burst: 8, everyMs: 5_000 } as const;

export type Said = Pick<NodeChange, "description" | "addr">;

export interface DescriptionsOptions {
  readonly env: Env;
  readonly log: Log;
  /** As the store has it now. */
  readonly node: (id: NodeId) => Node | undefined;
  readonly write: (id: NodeId, said: Said) => void;
}

export class Descriptions {
  readonly #options: DescriptionsOptions;
  readonly #rate = new TokenBuckets<NodeId>(RATE);
  /** What was written last, by this leader: the store may not have it yet. */
  readonly #written = new Map<NodeId, Digests>();
  /** Waits until the node may say more. */
  readonly #held = new Map<NodeId, Said>();

  constructor(options: DescriptionsOptions) {
    this.#options = options;
  }

  /** Nodes of which something waits. */
  get held(): number {
    return this.#held.size;
  }

  say(id: NodeId, said: Said): void {
    const { env, log, write } = this.#options;
    const wasHeld = this.#held.has(id);
    const next = { ...this.#held.get(id), ...said };
    this.#held.delete(id);
    const digests = digestsOf(next);
    const isNews = this.#isNews(id, next, digests);
    if (isNews && this.#rate.take(id, env.nowMs()) > 0) {
      this.#held.set(id, next);
      if (!wasHeld) {
        log.warn(
          { node: id, everyMs: RATE.everyMs },
          "a node describes itself anew too often: only the latest is kept",
        );
      }
      return;
    }
    this.#written.set(id, { ...this.#written.get(id), ...digests });
    if (isNews) write(id, next);
  }

  #isNews(id: NodeId, { description, addr }: Said, digests: Digests): boolean {
    const written = this.#written.get(id);
    const differs = (part: keyof Digests, said: Said): boolean => {
      if (digests[part] === undefined) return false;
      if (written?.[part] !== undefined) return written[part] !== digests[part];
      const present = this.#options.node(id);
      return present !== undefined && changedNode(present, said, this.#options.env.wallMs()) !== undefined;
    };
    return (
      (description !== undefined && differs("description", { description })) ||
      (addr !== undefined && differs("addr", { addr }))
    );
  }

  /** To be called every now and then. */
  sweep(): void {
    for (const id of [...this.#held.keys()]) this.say(id, {});
  }

  forget(id: NodeId): void {
    this.#written.delete(id);
    this.#held.delete(id);
  }
}

/** Of each part that was said. An empty address says nothing. */
type Digests = { readonly [Part in keyof Said]?: string };

const digestsOf = ({ description, addr }: Said): Digests => ({
  ...(addr === undefined || addr === "" ? {} : { addr }),
  ...(description === undefined
    ? {}
    : { description: createHash("sha256").update(encodeNodeDescription(description)).digest("base64") }),
});
