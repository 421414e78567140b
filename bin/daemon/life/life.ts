// The daemon's own life: in no cluster, in one, or between. Changes come one at a time, and each either happens whole or leaves
// the host as it was.
//
//   inactive ──init/join/restore──▶ active ──leave──▶ inactive
//      at start, from disk ─▶ active, locked, or failed with the reason (from there `leave --force` leads on, or going on alone)
import type { LocalNodeState } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Identity } from "../../../shared/pki/identity.ts";
import type { ClusterNode } from "../cluster-node.ts";
import type { KeyStore } from "../key-store.ts";
import type { SealedIdentity } from "../node-pem.ts";
import type { NodeState } from "../state-dir.ts";
import { busy, LOCKED_MESSAGE } from "./words.ts";

export type Life =
  | { readonly kind: "inactive" }
  | { readonly kind: "changing"; readonly doing: string }
  | { readonly kind: "active"; readonly node: ClusterNode }
  /** Its keys are sealed: it does nothing before somebody brings the unlock key. Containers live on. */
  | { readonly kind: "locked"; readonly state: NodeState; readonly stored: SealedIdentity }
  | Failed;

export interface Failed {
  readonly kind: "failed";
  readonly message: string;
  /** Nothing of it is of use any more, so that it may join as a new node. */
  readonly canJoin: boolean;
  /** Of a manager whose Raft folder cannot be used as it is: with what it may still go on alone. */
  readonly manager?: Manager | undefined;
}

/** A manager, its node stopped or never started. */
export interface Manager {
  readonly state: NodeState;
  readonly identity: Identity;
  readonly keys: KeyStore;
}

/** Docker's words for it. */
export const STATE_NAME = {
  inactive: "inactive",
  locked: "locked",
  changing: "pending",
  active: "active",
  failed: "error",
} as const satisfies Record<Life["kind"], LocalNodeState>;

/** The one life that this daemon has now. */
export class LifeCell {
  // Until `resume` has looked at the disk nobody knows what this node is: callers try again in a moment.
  now: Life = { kind: "changing", doing: "starting" };

  /** Runs `change` alone; the life it returns follows, or the one from before when it fails. */
  async changeTo<T>(
    doing: string,
    from: Life,
    change: () => Promise<{ readonly life: Life; readonly answer: T }>,
  ): Promise<T> {
    this.now = { kind: "changing", doing };
    try {
      const done = await change();
      this.now = done.life;
      return done.answer;
    } catch (error) {
      this.now = from;
      throw error;
    }
  }

  /** For what makes this host a node. @throws {SkepError} `failed_precondition`: it is one, and what to do. */
  requireInactive(): Life {
    const life = this.now;
    switch (life.kind) {
      case "inactive":
        return life;
      case "changing":
        throw busy(life.doing);
      case "active":
        throw new SkepError(
          "failed_precondition",
          'this node is already part of a swarm; "skep swarm leave" leaves it, then it can join another',
        );
      case "locked":
        throw new SkepError(
          "failed_precondition",
          `this node is part of a swarm. ${LOCKED_MESSAGE} "skep swarm leave --force" makes it forget that swarm`,
        );
      case "failed":
        if (life.canJoin) return life;
        throw new SkepError(
          "failed_precondition",
          `this node is part of a cluster but cannot run (${life.message}); "skep swarm leave --force" makes it forget that cluster`,
        );
    }
  }

  /** For what only a running node can do. @throws {SkepError} `failed_precondition`: it does not run, and what to do. */
  requireActive(wish: string): ClusterNode {
    const life = this.now;
    switch (life.kind) {
      case "active":
        return life.node;
      case "inactive":
        throw new SkepError(
          "failed_precondition",
          `cannot ${wish}: this node is not part of a cluster. "skep swarm restore" takes up one from a backup`,
        );
      case "changing":
        throw busy(life.doing);
      case "locked":
        throw new SkepError("failed_precondition", `cannot ${wish}: ${LOCKED_MESSAGE}`);
      case "failed":
        throw new SkepError(
          "failed_precondition",
          `cannot ${wish}: this node cannot run (${life.message}); "skep swarm leave --force" and then "skep swarm restore" takes up the cluster from a backup`,
        );
    }
  }
}
