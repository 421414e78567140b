// Updates: stop-first, one slot at a time. All of it can be read from the store, so a new leader goes on where the old one
// was: which slots are dirty (task version against service version), whether the last replacement runs yet (it is the one
// of the current version that does not), whether one failed (it ended before, or within the monitor time after, it ran).
//
// A service gets an UpdateStatus with its first update. `paused` holds until the service changes again: a paused status
// beside tasks of which none is of the current version belongs to an earlier change.
import { encodeTaskSpec, newUpdateStatus, type Service, type Task, type TaskSpec } from "../../proto/gen/objects.ts";
import { imageContent } from "../../shared/image/reference.ts";
import { isDead, isUp, isWanted, stateOf } from "../../shared/model/tasks.ts";
import { hasEndpoint } from "../allocator/places.ts";
import { placementOf } from "../scheduler/placement.ts";
import type { Draft, SlotKey } from "./draft.ts";
import { updatableTasks } from "./global.ts";
import { filledSlots } from "./replicated.ts";
import { settledAtMs } from "./restart.ts";

export function planUpdate(draft: Draft, service: Service): void {
  if (!concerns(draft, service)) return;
  const tasks = candidates(draft, service);
  adoptUnchanged(draft, service, tasks);
  const current = candidates(draft, service);
  const dirty = current.filter((task) => task.specVersion !== service.specVersion);
  const fresh = current.filter((task) => task.specVersion === service.specVersion);
  const { nowMs } = draft.input;
  const status = service.updateStatus;
  const updating = status?.state === "updating";
  if (updating) for (const task of fresh) if (isWanted(task) && isUp(task)) draft.sinceMs(task); // seen

  const failure = draft.earlyEnds[0];
  if (updating && failure !== undefined) {
    const why = failure.status?.err || failure.status?.message || stateOf(failure);
    const message = `update paused due to failure or early termination of task ${failure.id}: ${why}`;
    draft.updateStatus = { ...status, state: "paused", message };
    return;
  }
  if (dirty.length === 0) {
    if (updating) finish(draft, service, fresh);
    return;
  }
  if (status?.state === "paused" && hasVersion(draft, service.specVersion)) return;
  if (!updating) {
    draft.updateStatus = newUpdateStatus({ state: "updating", startedAtMs: nowMs, message: "update in progress" });
  }
  const inFlight = fresh.some((task) => isWanted(task) && !isUp(task));
  if (inFlight || draft.full()) return;
  const next = dirty.find((task) => stateOf(task) !== "running") ?? dirty[0];
  if (next !== undefined) replaceFirstStop(draft, service, next);
}

/** Most services are not being updated. */
function concerns(draft: Draft, service: Service): boolean {
  if (service.updateStatus?.state === "updating") return true;
  for (const slot of draft.slots.values()) {
    if (slot.some((task) => task.specVersion !== service.specVersion)) return true;
  }
  return false;
}

/** Every slot's task, in the order of replacement. */
function candidates(draft: Draft, service: Service): Task[] {
  if (service.spec?.mode?.kind === "global") return updatableTasks(draft);
  return filledSlots(draft).map(({ task }) => task);
}

function hasVersion(draft: Draft, specVersion: number): boolean {
  for (const slot of draft.slots.values()) if (slot.some((task) => task.specVersion === specVersion)) return true;
  return false;
}

const keyOf = (task: Task): SlotKey => (task.slot === 0 ? task.nodeId : task.slot);

function replaceFirstStop(draft: Draft, service: Service, old: Task): void {
  const { nowMs } = draft.input;
  draft.desire(old, "shutdown");
  draft.create(service, keyOf(old), "ready", nowMs);
}

/** An update is complete when every task of it has run for the monitor time. */
function finish(draft: Draft, service: Service, tasks: readonly Task[]): void {
  const { nowMs } = draft.input;
  if (service.updateStatus === undefined) return;
  const live = tasks.filter((task) => isWanted(task) && !isDead(task));
  if (!live.every(isUp)) return;
  const allSettledAtMs = live.reduce((latest, task) => Math.max(latest, settledAtMs(task, draft)), 0);
  if (allSettledAtMs > nowMs) {
    draft.wakeAt(allSettledAtMs);
    return;
  }
  draft.updateStatus = {
    ...service.updateStatus,
    state: "completed",
    completedAtMs: nowMs,
    message: "update completed",
  };
}

/**
 * Swarm keeps tasks when only registry credentials changed, or only their placement, and their node satisfies it all the same.
 * We keep those too whose image has another tag now, but the same digest: what runs is the same. Such a task takes over the
 * new spec: there is nothing to do for it on the node.
 */
function adoptUnchanged(draft: Draft, service: Service, tasks: readonly Task[]): void {
  const spec = service.spec?.taskTemplate;
  if (spec === undefined) return;
  let wanted: { readonly whole: Buffer; readonly bare: Buffer } | undefined;
  let allows: ReturnType<typeof placementOf> | undefined;
  for (const task of tasks) {
    if (task.specVersion === service.specVersion || isDead(task) || !isWanted(task)) continue;
    if (task.spec === undefined) continue;
    wanted ??= { whole: bytesOf(spec), bare: bytesOf(whatRuns(spec)) };
    // The same to the last byte, and yet another version: what changed is not in the task's spec.
    if (bytesOf(task.spec).equals(wanted.whole)) continue;
    if (!bytesOf(whatRuns(task.spec)).equals(wanted.bare) || !hasEndpoint(task, service.spec)) continue;
    allows ??= placementOf(spec);
    const node = task.nodeId === "" ? undefined : draft.input.node(task.nodeId);
    if (node !== undefined && !allows(node)) continue;
    // On its way it would ask for the image by a name that was not pulled.
    if (imageOf(task.spec) !== imageOf(spec) && stateOf(task) !== "running") continue;
    if (draft.full()) return;
    draft.put({ ...task, spec, specVersion: service.specVersion });
  }
}

const bytesOf = (spec: TaskSpec): Buffer => Buffer.from(encodeTaskSpec(spec));

const imageOf = (spec: TaskSpec): string => spec.containerSpec?.image ?? "";

/** The part of a spec that a task on its node shows: not who pulled the image and under which tag, nor how the node was chosen. */
const whatRuns = (spec: TaskSpec): TaskSpec => ({
  ...spec,
  containerSpec:
    spec.containerSpec === undefined
      ? undefined
      : { ...spec.containerSpec, registryAuth: "", image: imageContent(spec.containerSpec.image) },
  placement: undefined,
});
