// A manager calls this node and says who the managers are. Who calls shows a manager's certificate, which outlives a demotion:
// so it is asked to prove that it is a manager now, and heard when it calls again.
import { type MeetManagersRequest, type MeetManagersResponse, newMeetManagersResponse } from "../../proto/gen/agent.ts";
import type { LeaderProof } from "../../proto/gen/dispatcher.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import type { ProofPurpose } from "../../shared/pki/leader-proof.ts";
import type { Peer } from "../../shared/rpc/peer.ts";

/** How this node knows managers from those that were. */
export interface LeaderCheck {
  readonly newChallenge: () => Uint8Array;
  /** @param challenge what the other one was asked to sign; empty: nothing yet. */
  readonly isProven: (purpose: ProofPurpose, challenge: Uint8Array, proofs: readonly LeaderProof[]) => boolean;
}

export interface MeetingOptions {
  readonly env: Env;
  /** Unset: who calls is believed, in simulations. */
  readonly leaders: LeaderCheck | undefined;
  readonly session: {
    /** Would it listen now? */
    readonly mayMeet: () => boolean;
    /** @throws {SkepError} `invalid_argument` */
    readonly meet: (managers: readonly string[]) => void;
  };
}

const ANSWER_LIMIT_MS = 10_000;
/** Callers that were asked at once; with more, the one that was asked first has to call anew. */
const MAX_ASKED = 64;
const NOTHING = new Uint8Array(0);

export class Meeting {
  readonly #options: MeetingOptions;
  /** By caller, oldest first. Each challenge is good once. */
  readonly #asked = new Map<string, { readonly challenge: Uint8Array; readonly atMs: number }>();

  constructor(options: MeetingOptions) {
    this.#options = options;
  }

  /** @throws {SkepError} `permission_denied`: the proofs prove nothing; `invalid_argument`. */
  meet({ managers, proofs }: MeetManagersRequest, peer: Peer): MeetManagersResponse {
    const { env, leaders, session } = this.#options;
    if (!session.mayMeet()) return newMeetManagersResponse();
    const caller = peer.kind === "node" ? peer.nodeId : "";
    const nowMs = env.nowMs();
    const asked = this.#asked.get(caller);
    this.#asked.delete(caller);
    const challenge = asked !== undefined && nowMs - asked.atMs < ANSWER_LIMIT_MS ? asked.challenge : NOTHING;
    if (leaders === undefined || leaders.isProven("meet", challenge, proofs)) {
      session.meet(managers);
      return newMeetManagersResponse();
    }
    if (proofs.length > 0) {
      throw new SkepError(
        "permission_denied",
        "who calls does not prove that it is a manager: this node does not listen",
      );
    }
    const next = leaders.newChallenge();
    this.#asked.set(caller, { challenge: next, atMs: nowMs });
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > MAX_ASKED && oldest !== undefined) this.#asked.delete(oldest);
    return newMeetManagersResponse({ challenge: next });
  }
}
