// Which manager to try next, and after what pause. Pure: the session tells what happened, and asks.
//
// A manager that does not lead names the leader in its refusal (`… leader=host:port`): that one is tried at once. Otherwise
// the managers are tried in turn. The first retry comes quickly, since most interruptions are a leader change that takes
// well under a second; after that the pauses double, with jitter, so that five thousand agents do not come back together.

export interface SearchState {
  /** All that are tried: those that the last session told, and those that this node has heard of since. */
  readonly managers: readonly string[];
  /** As the last session told; before the first as remembered, or as joined at. */
  readonly told: readonly string[];
  /** Told by sessions before the last one, and not by that one; newest first. Tried now and then while nobody else answers. */
  readonly former: readonly string[];
  /** Index of the manager tried last, in `managers`. */
  readonly at: number;
  /** Attempts since the last session that lasted. */
  readonly failures: number;
  /** Redirects followed without a pause since the last pause. */
  readonly redirects: number;
  /** Index of the one to try next, out of turn. */
  readonly next: number | undefined;
  /** The manager that fell silent last. Followers that have not noticed yet still name it as the leader. */
  readonly silent: string;
}

export interface Attempt {
  readonly addr: string;
  readonly pauseMs: number;
}

export type Ending =
  | {
      /** The dispatcher served, for `servedMs`. */
      readonly kind: "lost";
      readonly servedMs: number;
      readonly message: string;
      /** It was this side that needs a fresh start, from the same manager. */
      readonly again: boolean;
      /** It did not say goodbye: the host may be gone, and waiting for it again would cost a whole time limit. */
      readonly silent: boolean;
    }
  | { readonly kind: "refused"; readonly message: string; readonly silent: boolean };

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;
const MAX_REDIRECTS = 2;
const FIRST_CONNECT_LIMIT_MS = 1_500;
const MAX_CONNECT_LIMIT_MS = 10_000;
/** A session that served for so long was a good one: the next pause is a short one again. */
const GOOD_SESSION_MS = 3_000;
/** After so many failures in a row a silent manager is believed in again. */
const AVOID_FAILURES = 8;
/** Who calls may name so many at most; the rest is left out. */
const MAX_MET = 16;
/** What one leader tells replaces what others told, but for so many. */
const MAX_FORMER = 8;
/** While so many failures follow one another, former managers are left alone; then each so many tries is for one of them. */
const FORMER_AFTER_FAILURES = 10;
const FORMER_EVERY = 4;
/** With more than this, those that refusals named before are forgotten. */
const MAX_KNOWN = 64;

/** @param random [0, 1): which manager comes first, so that not all agents ask the same one. */
export function startSearch(managers: readonly string[], random: number): SearchState {
  const at = Math.floor(random * Math.max(1, managers.length));
  return { managers, told: managers, former: [], at, next: undefined, failures: 0, redirects: 0, silent: "" };
}

export const firstAttempt = (state: SearchState): Attempt => ({ addr: state.managers[state.at] ?? "", pauseMs: 0 });

/** The list as managers tell it; keeps the place of the one in use, which may be missing from it. */
export function withManagers(state: SearchState, managers: readonly string[]): SearchState {
  if (managers.length === 0) return state;
  const current = state.managers[state.at] ?? "";
  const former = [...new Set([...state.told, ...state.former])].filter((addr) => !managers.includes(addr));
  return {
    ...state,
    managers,
    told: managers,
    former: former.slice(0, MAX_FORMER),
    next: undefined,
    at: Math.max(0, managers.indexOf(current)),
  };
}

/**
 * Managers that somebody named who called this node: tried as well, the first new one next, in the place of those that were
 * named before. The known ones stay: who called may be wrong.
 */
export function withMet(state: SearchState, met: readonly string[]): SearchState {
  const current = state.managers[state.at] ?? "";
  const fresh = met.filter((addr) => !state.managers.includes(addr)).slice(0, MAX_MET);
  const [first] = fresh;
  if (first === undefined) return state;
  const managers = [...new Set([...state.told, ...(current === "" ? [] : [current]), ...fresh])];
  return { ...state, managers, at: Math.max(0, managers.indexOf(current)), next: managers.indexOf(first) };
}

export function nextAttempt(
  state: SearchState,
  ending: Ending,
  random: number,
): { state: SearchState; attempt: Attempt } {
  const current = state.managers[state.at] ?? "";
  const failures = ending.kind === "lost" && ending.servedMs >= GOOD_SESSION_MS ? 1 : state.failures + 1;
  const silent = ending.silent ? current : failures > AVOID_FAILURES ? "" : state.silent;
  const told = { ...state, failures, silent };
  const leader = leaderOf(ending.message);
  if (leader !== undefined && leader !== current && leader !== silent && state.redirects < MAX_REDIRECTS) {
    const managers = withLeader(state, leader);
    const next = { ...told, managers, at: managers.indexOf(leader), next: undefined, redirects: state.redirects + 1 };
    return { state: next, attempt: { addr: leader, pauseMs: 0 } };
  }
  const again = ending.kind === "lost" && ending.again;
  const at = again ? state.at : (state.next ?? (state.at + 1) % Math.max(1, state.managers.length));
  const next = { ...told, at, next: undefined, redirects: 0 };
  const addr = formerAt(state.former, failures) ?? state.managers[at] ?? "";
  return { state: next, attempt: { addr, pauseMs: pauseMs(failures, random) } };
}

function formerAt(former: readonly string[], failures: number): string | undefined {
  if (failures < FORMER_AFTER_FAILURES || failures % FORMER_EVERY !== 0) return undefined;
  return former[(failures / FORMER_EVERY) % Math.max(1, former.length)];
}

function withLeader({ managers, told }: SearchState, leader: string): readonly string[] {
  if (managers.includes(leader)) return managers;
  return managers.length < MAX_KNOWN ? [...managers, leader] : [...new Set([...told.slice(0, MAX_KNOWN), leader])];
}

/** Between half and all of 50, 100, 200 … 2,000 milliseconds. */
export function pauseMs(failures: number, random: number): number {
  const full = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
  return full * (0.5 + random / 2);
}

/** How long a manager may take to greet: grows, so that a leader with very many agents is not asked ever faster. */
export const connectLimitMs = (failures: number): number =>
  Math.min(MAX_CONNECT_LIMIT_MS, FIRST_CONNECT_LIMIT_MS * 1.5 ** Math.floor(failures / 2));

export const leaderOf = (message: string): string | undefined => /(?:^|\s)leader=(\S+:\d+)$/.exec(message)?.[1];
