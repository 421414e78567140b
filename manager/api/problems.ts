// What is wrong, in plain words, each with what to look at. Pure: views in, sentences out.
import type { Node, Service, Task, UpdateState } from "../../proto/gen/objects.ts";
import { failuresUpTo, hasFailed, isTerminal, isWanted, stateOf, taskName } from "../../shared/model/tasks.ts";
import { MIN_IPV6_MTU } from "../../shared/network/overlay-mtu.ts";
import { ingressNetwork } from "../allocator/places.ts";
import { refusedLinks, tooNarrowForIpv6 } from "../dispatcher/network/mtu.ts";
import type { RaftStatus } from "../raft/raft-node.ts";
import type { View } from "../store/types.ts";
import { diskHangs, isVoter, quorumHealth, reachabilityOf } from "./managers.ts";
import { hostnameOf } from "./refs.ts";
import { answers, newestByPlace, placeOf } from "./service-status.ts";

/** A task that is on its way for longer than this is worth a word. */
const SLOW_MS = 15_000;
const MAX_TASK_PROBLEMS = 5;

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export function agoText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

const STOPPED_UPDATES: Partial<Record<UpdateState, string>> = {
  paused: "the update is paused",
  rollback_paused: "the rollback is paused",
};

export function serviceProblems(view: View, service: Service, nowMs: number): string[] {
  const tasks = [...view.tasksOfService(service.id)];
  const update = service.updateStatus;
  const stopped = update === undefined ? undefined : STOPPED_UPDATES[update.state];
  return [
    ...(stopped === undefined || update === undefined ? [] : [`${stopped}: ${update.message}`]),
    ...pendingProblems(tasks),
    ...silentProblems(view, tasks),
    ...failingProblems(view, tasks),
    ...slowProblems(view, tasks, nowMs),
  ];
}

/** Tasks without an address or a place, grouped by their reason. */
function pendingProblems(tasks: readonly Task[]): string[] {
  const waiting = tasks.filter((task) => isWanted(task) && waitsFor(task) !== undefined);
  const byReason = Map.groupBy(waiting, (task) => `${waitsFor(task)}: ${task.status?.err}`);
  return [...byReason].map(([reason, { length }]) => `${plural(length, "task")} ${reason}`);
}

function waitsFor({ status }: Task): string | undefined {
  if ((status?.err ?? "") === "") return undefined;
  if (status?.state === "new") return "cannot have an address";
  return status?.state === "pending" ? "cannot be placed" : undefined;
}

/** Tasks that may or may not run: their node does not answer. */
function silentProblems(view: View, tasks: readonly Task[]): string[] {
  const byNode = new Map<string, number>();
  for (const task of tasks) {
    if (!isWanted(task) || task.status?.state !== "running" || answers(view.get("node", task.nodeId))) continue;
    byNode.set(task.nodeId, (byNode.get(task.nodeId) ?? 0) + 1);
  }
  return [...byNode].map(([nodeId, count]) => {
    const node = view.get("node", nodeId);
    const state = node === undefined ? "gone" : (node.status?.state ?? "unknown");
    return `${plural(count, "task")} last seen running on ${hostnameOf(node) || nodeId}, which is ${state}`;
  });
}

/** Beside the name of its service, and before that of its node: a global service's task has no number. */
const GLOBAL_TASK = "its task";
const nameInService = (task: Task): string => (task.slot === 0 ? GLOBAL_TASK : taskName(task));

interface Failure {
  readonly task: string;
  readonly node: string;
  readonly times: number;
  readonly why: string;
}

/** Places where the last try failed, or where the one that is on its way follows failures; those alike in one sentence. */
function failingProblems(view: View, tasks: readonly Task[]): string[] {
  const failures: Failure[] = [];
  const failedAt = Map.groupBy(tasks.filter(hasFailed), placeOf);
  for (const [place, newest] of failedAt.size === 0 ? [] : newestByPlace(tasks)) {
    if (newest.status?.state === "running" || newest.status?.state === "complete") continue;
    const failed = (failedAt.get(place) ?? [])
      .filter((task) => task.specVersion === newest.specVersion)
      .sort((a, b) => (b.status?.timestampMs ?? 0) - (a.status?.timestampMs ?? 0));
    const [last] = failed;
    if (last === undefined || (!isWanted(newest) && newest !== last)) continue;
    failures.push({
      task: nameInService(last),
      node: hostnameOf(view.get("node", last.nodeId)) || last.nodeId,
      // History keeps the last few.
      times: Math.max(failed.length, failuresUpTo(newest)),
      why: last.status?.err || last.status?.message || (last.status?.state ?? ""),
    });
  }
  const groups = [...Map.groupBy(failures, ({ why }) => why).values()];
  const more = groups.slice(MAX_TASK_PROBLEMS).flat().length;
  const told = groups.slice(0, MAX_TASK_PROBLEMS).map(failureText);
  return more > 0 ? [...told, `and ${plural(more, "more task")} failed`] : told;
}

const MAX_NAMED = 3;

/** @param alike for the same reason. */
function failureText(alike: readonly Failure[]): string {
  const [first] = alike;
  if (first === undefined) return "";
  if (alike.length === 1) {
    return `${first.task} ${first.times === 1 ? "failed" : `failed ${first.times} times, last`} on ${first.node}: ${first.why}`;
  }
  const named = alike.slice(0, MAX_NAMED).map(({ task }) => task);
  const more = alike.length - named.length;
  const listed = more > 0 ? [named.join(", "), `${more} more`] : [named.slice(0, -1).join(", "), named.at(-1) ?? ""];
  const who = first.task === GLOBAL_TASK ? plural(alike.length, "task") : listed.join(" and ");
  const total = alike.reduce((sum, { times }) => sum + times, 0);
  const nodes = [...new Set(alike.map(({ node }) => node))];
  const where = nodes.length === 1 ? nodes[0] : `${nodes.length} nodes`;
  return `${who} failed${total > alike.length ? `, ${total} times in all,` : ""} on ${where}: ${first.why}`;
}

function slowProblems(view: View, tasks: readonly Task[], nowMs: number): string[] {
  const slow = tasks.filter((task) => {
    const state = stateOf(task);
    if (task.desiredState !== "running" || state === "running" || isTerminal(state)) return false;
    if (waitsFor(task) !== undefined) return false;
    return nowMs - (task.status?.timestampMs ?? nowMs) > SLOW_MS;
  });
  const shown = slow.slice(0, MAX_TASK_PROBLEMS).map((task) => {
    const node = task.nodeId === "" ? "" : ` on ${hostnameOf(view.get("node", task.nodeId)) || task.nodeId}`;
    const err = task.status?.err ? `: ${task.status.err}` : "";
    return `${nameInService(task)} has been ${stateOf(task)} for ${agoText(nowMs - (task.status?.timestampMs ?? nowMs))}${node}${err}`;
  });
  const more = slow.length - shown.length;
  return more > 0 ? [...shown, `and ${plural(more, "more task")} on the way for long`] : shown;
}

export function nodeProblems(nodes: readonly Node[], nowMs: number): string[] {
  const problems = nodes.flatMap((node) => {
    const { state = "unknown", message = "", changedAtMs = nowMs } = node.status ?? {};
    if (state === "ready") return [];
    const since = changedAtMs === 0 ? "" : ` for ${agoText(nowMs - changedAtMs)}`;
    return [`node ${hostnameOf(node) || node.id} is ${state}${since}${message === "" ? "" : `: ${message}`}`];
  });
  const takesTasks = nodes.some((node) => answers(node) && (node.spec?.availability ?? "active") === "active");
  if (nodes.length > 0 && !takesTasks) {
    problems.push("no node takes tasks: none is both ready and active (skep node update --availability active NODE)");
  }
  return problems;
}

/** Nodes on which the routing mesh cannot work. */
export function meshProblems(view: View): string[] {
  const ingress = ingressNetwork(view);
  if (ingress === undefined) return [];
  const name = ingress.spec?.name ?? ingress.id;
  const without = [...view.all("node")].filter(({ attachments }) => attachments.length === 0);
  const [first] = without;
  if (first === undefined) return [];
  const who = without.length === 1 ? `node ${hostnameOf(first) || first.id} has` : `${without.length} nodes have`;
  return [
    `${who} no place on network ${name}, which is full: ports in mode ingress do not answer there; make it anew with a larger subnet`,
  ];
}

/** Links that no overlay network goes over; networks that do without their IPv6, and whose link is the reason. */
export function linkProblems(view: View): string[] {
  const refused = refusedLinks(view.all("node")).map(
    (node) =>
      `the link of ${hostnameOf(node) || node.id} for overlay networks carries packets of ${node.description?.dataPathMtu} bytes, ` +
      `and ${MIN_IPV6_MTU} is the least: the networks of the others are not made for it, and larger packets do not reach it. ` +
      "Give its link a larger MTU, or let it join with another --data-path-addr",
  );
  return [...refused.slice(0, MAX_NAMED), ...narrowProblems(view)];
}

function narrowProblems(view: View): string[] {
  const narrow = tooNarrowForIpv6(view.all("network"), view.all("node"));
  if (narrow === undefined) return [];
  const { networks, nodes, mtu, neededMtu } = narrow;
  const listed = (names: readonly string[]): string => {
    const more = names.length - MAX_NAMED;
    return [...names.slice(0, MAX_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(", ");
  };
  const who = listed(nodes.map((node) => hostnameOf(node) || node.id));
  const which = listed(networks.map(({ id, spec }) => spec?.name ?? id));
  return [
    `the link of ${who} to other nodes carries packets of ${mtu} bytes, too small for IPv6 on ${which}: ` +
      `there is IPv4 alone until it carries ${neededMtu}, or the node is removed`,
  ];
}

export function managerProblems(status: RaftStatus, hostname: (nodeId: string) => string): string[] {
  const problems: string[] = [];
  const { voters, reachable, quorum } = quorumHealth(status);
  for (const member of status.members) {
    const name = hostname(member.nodeId) || member.nodeId;
    if (reachabilityOf(status, member) === "unreachable")
      problems.push(`manager ${name} (${member.addr}) does not answer`);
    else if (member.raftId !== status.raftId && diskHangs(status, member))
      problems.push(
        `the disk of manager ${name} (${member.addr}) hangs: it answers, and counts for no majority until its disk writes`,
      );
    else if (!isVoter(member)) problems.push(`manager ${name} (${member.addr}) is catching up and does not vote yet`);
  }
  if (status.leaderId === 0) {
    problems.push(
      `there is no leader: nothing can be changed until ${quorum} of ${voters} managers reach one another; ` +
        "shown is what this manager knew last",
    );
  } else if (status.state !== "leader") {
    problems.push("the leader does not answer: shown is what this manager knew last");
  } else if (reachable < quorum) {
    problems.push(`no quorum: ${reachable} of ${voters} managers answer, ${quorum} are needed; nothing can be changed`);
  } else if (voters > 1 && reachable === quorum) {
    problems.push(
      `one more failure loses quorum: ${reachable} of ${voters} managers answer, ${quorum} are needed` +
        (reachable === voters ? "; add a manager" : ""),
    );
  }
  if (voters > 1 && voters % 2 === 0) {
    problems.push(
      `${voters} managers survive no more failures than ${voters - 1} would: an odd number is better (skep node promote or demote one)`,
    );
  }
  if (status.fault !== undefined) problems.push(standsAside(status.fault));
  return problems;
}

export const standsAside = (fault: string): string => `this manager stands aside: ${fault}`;
