import {
  type ControlService,
  newManagerHealth,
  newServiceHealth,
  newStatusResponse,
  type StatusResponse,
} from "../../proto/gen/control.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import type { RaftStatus } from "../raft/raft-node.ts";
import type { View } from "../store/types.ts";
import type { ControlOptions } from "./context.ts";
import type { EventLog } from "./event-log.ts";
import { managerStatusOf, quorumHealth, withManagerStatus } from "./managers.ts";
import { linkProblems, managerProblems, meshProblems, nodeProblems, serviceProblems } from "./problems.ts";
import { recentEvents } from "./recent.ts";
import { redactCluster, redactService } from "./redact.ts";
import { hostnameOf } from "./refs.ts";
import { serviceStatus } from "./service-status.ts";

const MAX_READ = 4_096;
/** Whoever shows them folds what belongs together (20 tasks of one service) into one line: more than a screen holds. */
const MAX_RECENT = 300;

export function createStatusHandler(
  { env, store, raft, network }: ControlOptions,
  events: EventLog,
): Pick<Handlers<typeof ControlService>, "status"> {
  return {
    status: async () => {
      const status = store.view((view) => statusOf(view, raft.status(), env.wallMs()));
      return {
        ...status,
        problems: [...status.problems, ...(network?.problems() ?? [])],
        lastEvents: [...recentEvents(events.last(MAX_READ), MAX_RECENT)],
      };
    },
  };
}

/** The cluster on one screen; what is wrong with a service is told beside it. Pure: the caller adds the events. */
export function statusOf(view: View, raft: RaftStatus, nowMs: number): StatusResponse {
  const nodes = [...view.all("node")].map((node) => withManagerStatus(raft, node));
  const hostname = (id: string): string => hostnameOf(view.get("node", id));
  const health = quorumHealth(raft);
  const services = [...view.all("service")].map((service) =>
    newServiceHealth({
      service: redactService(service),
      status: serviceStatus(view, service),
      problems: serviceProblems(view, service, nowMs),
    }),
  );
  const cluster = view.cluster();
  return newStatusResponse({
    cluster: cluster && redactCluster(cluster),
    managers: raft.members.map((member) => {
      const node = view.get("node", member.nodeId);
      const { leader = false, reachability = "unknown" } = managerStatusOf(raft, member.nodeId) ?? {};
      const matchIndex = raft.progress.get(member.raftId)?.matchIndex;
      return newManagerHealth({
        ...(node === undefined ? {} : { id: node.id }),
        hostname: hostnameOf(node),
        addr: member.addr,
        leader,
        reachability,
        lag: leader || matchIndex === undefined ? 0 : Math.max(0, raft.commitIndex - matchIndex),
      });
    }),
    quorum: health.quorum,
    failuresTolerated: health.tolerated,
    nodes,
    services,
    problems: [
      ...managerProblems(raft, hostname),
      ...nodeProblems(nodes, nowMs),
      ...meshProblems(view),
      ...linkProblems(view),
    ],
    raftTerm: raft.term,
    raftIndex: raft.commitIndex,
  });
}
