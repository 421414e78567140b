// Which nodes are alive. Beats live here, in the leader's memory; the store hears only of changes.
//
// Two thresholds: after `suspectAfterMs` of silence a node is suspect (it gets nothing new), after `downAfterMs` it is down
// (its tasks are replaced). Wrongly calling a node down restarts healthy work, so three rules keep the leader honest:
// - A closed stream is not death: silence counts from the last message, as ever.
// - A new leader has heard nobody yet: every node gets its silence counted from now, plus the time that its agent needs to
//   notice the change and find this manager.
// - A leader that was itself asleep (the sweep comes late) was not listening: that time counts as nobody's silence.
import type { NodeState } from "../../proto/gen/objects.ts";
import type { NodeId } from "../../shared/model/ids.ts";

export interface LivenessConfig {
  readonly heartbeatPeriodMs: number;
  readonly suspectAfterMs: number;
  readonly downAfterMs: number;
}

export const DEFAULT_LIVENESS: LivenessConfig = { heartbeatPeriodMs: 1_000, suspectAfterMs: 2_500, downAfterMs: 4_000 };

export interface Verdict {
  readonly node: NodeId;
  readonly state: "ready" | "suspect" | "down";
  readonly silentMs: number;
}

interface Entry {
  /** Silence counts from here; may lie ahead. */
  silentSinceMs: number;
  /** As the store has it. */
  stored: NodeState;
}

export class Liveness {
  readonly #nodes = new Map<NodeId, Entry>();
  #config: LivenessConfig;
  #sweptAtMs: number;

  constructor(config: LivenessConfig, nowMs: number) {
    this.#config = config;
    this.#sweptAtMs = nowMs;
  }

  get config(): LivenessConfig {
    return this.#config;
  }

  configure(config: LivenessConfig): void {
    this.#config = config;
  }

  /** A node of the store, new to this leader or changed. */
  track(node: NodeId, stored: NodeState, nowMs: number): void {
    const entry = this.#nodes.get(node);
    if (entry !== undefined) entry.stored = stored;
    else {
      const silentSinceMs = nowMs + this.#config.suspectAfterMs;
      this.#nodes.set(node, { silentSinceMs, stored });
    }
  }

  /** Those that are tracked; they may be forgotten meanwhile. */
  nodes(): Iterable<NodeId> {
    return this.#nodes.keys();
  }

  forget(node: NodeId): void {
    this.#nodes.delete(node);
  }

  /**
   * A message of the node came in. Returns true when the store must hear that the node is ready again. A node that has left
   * (disconnected) only comes back with a new session.
   */
  heard(node: NodeId, nowMs: number): boolean {
    const entry = this.#nodes.get(node);
    if (entry === undefined) return false;
    entry.silentSinceMs = nowMs;
    return entry.stored !== "ready" && entry.stored !== "disconnected";
  }

  /** What the store should be told now. To be called every `periodMs`. */
  sweep(nowMs: number, periodMs: number): Verdict[] {
    const lateMs = nowMs - this.#sweptAtMs - periodMs;
    this.#sweptAtMs = nowMs;
    if (lateMs > this.#config.heartbeatPeriodMs) {
      // Beats that came meanwhile are still unread: no verdicts before they had their turn.
      for (const entry of this.#nodes.values()) entry.silentSinceMs += lateMs + periodMs;
      return [];
    }
    const verdicts: Verdict[] = [];
    for (const [node, entry] of this.#nodes) {
      const silentMs = nowMs - entry.silentSinceMs;
      if (silentMs < this.#config.suspectAfterMs) continue;
      const state = silentMs >= this.#config.downAfterMs ? "down" : "suspect";
      if (worsens(entry.stored, state)) verdicts.push({ node, state, silentMs });
    }
    return verdicts;
  }
}

/** Silence takes a node from ready to suspect to down, and what was never heard of straight to down. */
function worsens(stored: NodeState, next: "suspect" | "down"): boolean {
  switch (stored) {
    case "ready":
      return true;
    case "suspect":
    case "unknown":
      return next === "down";
    case "down":
    case "disconnected":
      return false;
  }
}
