// Is the service where its spec wants it, can it still get there, and what is every task doing? Pure: one look at service,
// tasks and nodes gives one view; the shell (wait.ts) looks again and draws.
//
// Docker waits for ever for a service that cannot start. We give up, and say why, when it cannot converge by itself:
//  - its update was paused, or rolled back;
//  - a place (slot, or node of a global service) failed again and again while we looked on;
//  - a place ended and its restart policy will not try again;
//  - a task finds no node, and that stays so for some seconds.
import type { ServiceWithStatus } from "../../proto/gen/control.ts";
import type { Node, Service, Task } from "../../proto/gen/objects.ts";
import { isTerminal, isUp, isWanted, rank } from "../../shared/model/tasks.ts";
import { compare, isSilent, slotKey, taskError } from "../render/tasks.ts";

export interface Place {
  /** "web.1", or "web on node4" for a global service. */
  readonly name: string;
  /** The task that counts now; undefined while there is none. */
  readonly task: Task | undefined;
  readonly state: string;
  /** Position in the life of a task, 0 to 9, for the bar. */
  readonly step: number;
  readonly running: boolean;
  /** Ended well, and is not to be started again. */
  readonly finished: boolean;
  readonly error: string;
  /** Tasks of this place that ended though they were to run, since the wait began. */
  readonly ended: number;
  /** The same, weighted: a rejected task counts double, as its node would not even take it. */
  readonly failures: number;
}

export interface View {
  readonly running: number;
  readonly total: number;
  readonly places: readonly Place[];
  readonly outcome:
    | { readonly kind: "waiting" }
    /** All run; whether they stay so is for the shell to see. */
    | { readonly kind: "converged" }
    /** The cluster itself watched the update to its end. */
    | { readonly kind: "verified"; readonly message: string }
    | { readonly kind: "failed"; readonly reasons: readonly string[] };
}

/** The world as one look found it. */
export interface Look {
  readonly service: ServiceWithStatus;
  /** All tasks of the service, history included. */
  readonly tasks: readonly Task[];
  readonly nodes: ReadonlyMap<string, Node>;
}

export interface Patience {
  /** Weighted failures of one place that make it hopeless. */
  readonly failures: number;
  /** How long a task may be without a node, with an error, before that is final. */
  readonly pendingMs: number;
}

const PATIENCE: Patience = { failures: 3, pendingMs: 10_000 };

/** What was known when the wait began, so that old history is not held against the new spec. */
export interface Since {
  /** Tasks that had already ended. */
  readonly ended: ReadonlySet<string>;
  /** By our clock: when a task was first seen pending with an error. */
  readonly pendingSince: ReadonlyMap<string, number>;
  readonly isRollback: boolean;
  /** Meta.updatedAtMs of the write that is waited for: an update that started before says nothing about it. */
  readonly writtenAtMs: number;
}

const STEPS = ["new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running"] as const;

const stepOf = (state: string): number => Math.max(0, STEPS.indexOf(state as (typeof STEPS)[number]) + 1);
export const LAST_STEP = STEPS.length;

export function viewOf(look: Look, since: Since, nowMs: number, patience: Patience = PATIENCE): View {
  const service = look.service.service;
  if (service === undefined) return { running: 0, total: 0, places: [], outcome: { kind: "waiting" } };
  const places = placesOf(service, look, since);
  const wanted = service.spec?.mode?.kind === "replicated" ? service.spec.mode.replicas : undefined;
  const total = wanted ?? Math.max(places.length, (look.service.status?.desiredTasks ?? 0) - leftAlone(service, look));
  const running = places.filter((place) => place.running).length;
  const done = places.filter((place) => place.running || place.finished).length;
  const base = { running, total, places };
  const reasons = failureOf(service, places, since, nowMs, patience);
  if (reasons.length > 0) return { ...base, outcome: { kind: "failed", reasons } };
  const update = updateOf(service, since);
  if (update?.state === "updating" || update?.state === "rollback_started")
    return { ...base, outcome: { kind: "waiting" } };
  // More places than wanted: scaled down, and not all are gone yet.
  if (done < total || places.length > total) return { ...base, outcome: { kind: "waiting" } };
  if (update?.state === "completed" || update?.state === "rollback_completed") {
    return { ...base, outcome: { kind: "verified", message: update.message } };
  }
  return { ...base, outcome: { kind: "converged" } };
}

function updateOf(service: Service, since: Since): Service["updateStatus"] {
  const update = service.updateStatus;
  return update !== undefined && update.startedAtMs >= since.writtenAtMs ? update : undefined;
}

function placesOf(service: Service, look: Look, since: Since): readonly Place[] {
  const current = look.tasks.filter((task) => task.specVersion === service.specVersion);
  const byPlace = Map.groupBy(current, slotKey);
  const name = service.spec?.name ?? "";
  if (service.spec?.mode?.kind === "global") {
    return [...byPlace.values()]
      .map((tasks) => {
        const nodeId = tasks[0]?.nodeId ?? "";
        const node = look.nodes.get(nodeId)?.description?.hostname || nodeId.slice(0, 12);
        return placeOf(service, `${name} on ${node}`, tasks, look.nodes, since);
      })
      .filter(
        ({ task }) =>
          task !== undefined &&
          rank(task.desiredState) <= rank("complete") &&
          // Nobody else could run it: it comes when its node is back, and nobody knows when that is.
          !isLost(look.nodes.get(task.nodeId)),
      )
      .sort((a, b) => compare(a.name, b.name));
  }
  // Slots need not be 1 to N: after scaling down and up there are gaps. Those that are to run come first; then those whose
  // task ended by itself and was not followed by another; then numbers to come.
  const replicas = service.spec?.mode?.kind === "replicated" ? service.spec.mode.replicas : 1;
  const slots = [...byPlace.values()].sort((a, b) => (a[0]?.slot ?? 0) - (b[0]?.slot ?? 0));
  const wanted = slots.filter((tasks) => tasks.some((task) => rank(task.desiredState) <= rank("complete")));
  const ended = slots
    .filter((tasks) => !wanted.includes(tasks) && tasks.some(isFailure))
    .slice(0, Math.max(0, replicas - wanted.length));
  const live = [...wanted, ...ended];
  const places = live.map((tasks) => placeOf(service, `${name}.${tasks[0]?.slot ?? 0}`, tasks, look.nodes, since));
  const missing = Math.max(0, replicas - places.length);
  const taken = new Set(live.map((tasks) => tasks[0]?.slot ?? 0));
  const free: number[] = [];
  for (let slot = 1; free.length < missing; slot++) if (!taken.has(slot)) free.push(slot);
  return [...places, ...free.map((slot) => emptyPlace(`${name}.${slot}`))];
}

const isLost = (node: Node | undefined): boolean =>
  node?.status?.state === "down" || node?.status?.state === "disconnected";

/**
 * Of a global service: tasks that shall run and that nobody waits for. The orchestrator does not replace those whose node is
 * down, paused or drained, until it takes tasks again.
 */
function leftAlone(service: Service, { tasks, nodes }: Look): number {
  return tasks.filter((task) => {
    if (!isWanted(task)) return false;
    const node = nodes.get(task.nodeId);
    if (isLost(node)) return true;
    return task.specVersion !== service.specVersion && (node?.spec?.availability ?? "active") !== "active";
  }).length;
}

const emptyPlace = (name: string): Place => ({
  name,
  task: undefined,
  state: "",
  step: 0,
  running: false,
  finished: false,
  error: "",
  ended: 0,
  failures: 0,
});

function placeOf(
  service: Service,
  name: string,
  tasks: readonly Task[],
  nodes: ReadonlyMap<string, Node>,
  since: Since,
): Place {
  const newest = [...tasks].sort(
    (a, b) =>
      (b.meta?.createdAtMs ?? 0) - (a.meta?.createdAtMs ?? 0) || (b.meta?.version ?? 0) - (a.meta?.version ?? 0),
  );
  const task = newest.find((one) => !isTerminal(one.status?.state ?? "new")) ?? newest[0];
  const ended = newest.filter((one) => isFailure(one) && !since.ended.has(one.id));
  const state = task?.status?.state ?? "new";
  const policy = service.spec?.taskTemplate?.restartPolicy?.condition ?? "any";
  const lastError =
    task === undefined || taskError(task) === ""
      ? ended[0] === undefined
        ? ""
        : taskError(ended[0])
      : taskError(task);
  return {
    name,
    task,
    state,
    step: stepOf(state),
    running:
      task !== undefined &&
      isUp(task) &&
      rank(task.desiredState) <= rank("running") &&
      !isSilent(nodes.get(task.nodeId)),
    finished: state === "complete" && policy !== "any",
    error: state === "running" ? "" : lastError,
    ended: ended.length,
    failures: ended.reduce((sum, one) => sum + (one.status?.state === "rejected" ? 2 : 1), 0),
  };
}

/** Ended though it was to run: failed, rejected, or done where `any` restarts it. What was told to stop did not fail. */
function isFailure(task: Task): boolean {
  const state = task.status?.state ?? "new";
  return state === "failed" || state === "rejected" || state === "complete";
}

function failureOf(
  service: Service,
  places: readonly Place[],
  since: Since,
  nowMs: number,
  patience: Patience,
): readonly string[] {
  const update = updateOf(service, since);
  const name = service.spec?.name ?? "";
  if (update?.state === "paused") return [`update paused: ${update.message}`, ...errorsOf(places)];
  if (update?.state === "rollback_paused") return [`rollback paused: ${update.message}`, ...errorsOf(places)];
  if (update?.state === "rollback_completed" && !since.isRollback)
    return [`rolled back: ${update.message}`, ...errorsOf(places)];
  // Nothing runs, and a node has tried in vain to reach the registry: the next attempt would say the same, seconds later.
  const unreached = places.filter(({ ended, error }) => ended > 0 && UNREACHED.test(error));
  if (unreached.length > 0 && !places.some((place) => place.running || place.finished)) return errorsOf(unreached);
  return places.flatMap((place) => {
    const task = place.task;
    if (task === undefined || place.running || place.finished) return [];
    const state = task.status?.state ?? "new";
    const gaveUp = isTerminal(state) && !since.ended.has(task.id) && willNotRestart(service, place.ended);
    if (gaveUp)
      return [`${place.name}: ${place.error || describeEnd(task)}; its restart policy does not start it again`];
    if (place.failures >= patience.failures) {
      const hint =
        state === "complete" || place.error === "" ? ` (it ends by itself; see \`skep service logs ${name}\`)` : "";
      return [`${place.name}: ${place.error || describeEnd(task)}${hint}`];
    }
    const pendingSince = since.pendingSince.get(task.id);
    if (pendingSince !== undefined && nowMs - pendingSince >= patience.pendingMs)
      return [`${place.name}: ${place.error}`];
    return [];
  });
}

/** As shared/image/http.ts words it. */
const UNREACHED = /cannot reach registry|registry \S+ could not be connected/;

const errorsOf = (places: readonly Place[]): readonly string[] =>
  places.filter((place) => place.error !== "").map((place) => `${place.name}: ${place.error}`);

const describeEnd = (task: Task): string =>
  `the task ended (${task.status?.state ?? "new"}, exit ${task.status?.containerStatus?.exitCode ?? 0})`;

function willNotRestart(service: Service, ended: number): boolean {
  const policy = service.spec?.taskTemplate?.restartPolicy;
  if (policy?.condition === "none") return true;
  return (policy?.maxAttempts ?? 0) > 0 && ended > (policy?.maxAttempts ?? 0);
}

/** Carries what must be remembered from look to look. */
export function remember(since: Since, look: Look, nowMs: number): Since {
  const pendingSince = new Map<string, number>();
  for (const task of look.tasks) {
    const waits = task.status?.state === "pending" || task.status?.state === "new";
    if (waits && task.status?.err !== "" && task.desiredState === "running") {
      pendingSince.set(task.id, since.pendingSince.get(task.id) ?? nowMs);
    }
  }
  return { ...since, pendingSince };
}
