// `skep status --format json`: what the screen shows, for programs. Fields are added, never renamed: scripts rest on them.
import type { StatusResponse } from "../../proto/gen/control.ts";
import { eventFields } from "./events.ts";
import { reasons, verdictOf } from "./status.ts";

export const statusFields = (status: StatusResponse): Readonly<Record<string, unknown>> => ({
  /** "healthy", "degraded" or "no quorum": what the exit status says. */
  Verdict: verdictOf(status),
  /** Why it is not healthy: what is wrong with the cluster, and the worst of each service that is wrong. */
  Reasons: reasons(status),
  Problems: status.problems,
  Cluster: {
    ID: status.cluster?.id ?? "",
    Name: status.cluster?.spec?.name ?? "",
    Quorum: status.quorum,
    FailuresTolerated: status.failuresTolerated,
    RaftTerm: status.raftTerm,
    RaftIndex: status.raftIndex,
  },
  Managers: status.managers.map((manager) => ({
    ID: manager.id,
    Hostname: manager.hostname,
    Addr: manager.addr,
    Leader: manager.leader,
    Reachability: manager.reachability,
    EntriesBehind: manager.lag,
  })),
  Nodes: status.nodes.map((node) => ({
    ID: node.id,
    Hostname: node.description?.hostname ?? "",
    Role: node.managerStatus === undefined ? "worker" : "manager",
    State: node.status?.state ?? "unknown",
    Message: node.status?.message ?? "",
    Availability: node.spec?.availability ?? "active",
  })),
  Services: status.services.map(({ service, status: counts, problems }) => ({
    ID: service?.id ?? "",
    Name: service?.spec?.name ?? "",
    Mode: service?.spec?.mode?.kind ?? "replicated",
    RunningTasks: counts?.runningTasks ?? 0,
    DesiredTasks: counts?.desiredTasks ?? 0,
    CompletedTasks: counts?.completedTasks ?? 0,
    UnknownTasks: counts?.unknownTasks ?? 0,
    Problems: problems,
  })),
  LastEvents: status.lastEvents.map(eventFields),
});
