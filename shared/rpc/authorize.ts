// Who may call what. One table, by service, closed by default: a service that is not in it answers nobody. What depends on
// more than the caller's role (may this node speak for that task?) is checked by the handler.
import { SkepError } from "../errors.ts";
import type { Peer } from "./peer.ts";
import type { Authorizer } from "./server.ts";

type Caller = "local" | "manager" | "unsure" | "demoted" | "worker" | "anonymous";

const MAY_CALL: Readonly<Record<string, readonly Caller[]>> = {
  // The CLI on this host, and managers that forward to the leader.
  "skep.v1.Control": ["local", "manager"],
  "skep.v1.Local": ["local"],
  // A manager that was demoted while it was away is told so there, and may do no more than leave (manager/raft/handlers.ts).
  "skep.v1.Raft": ["manager", "demoted"],
  "skep.v1.Dispatcher": ["worker", "demoted", "manager"],
  // Logs of this node's tasks, tests of its network, and news of who the managers are.
  "skep.v1.Agent": ["manager"],
  // A joining host has no certificate: the token that it shows is checked by the handler.
  "skep.v1.CA": ["anonymous", "worker", "demoted", "manager"],
};

/** Methods that others may call than those of their service. */
const MAY_CALL_METHOD: Readonly<Record<string, readonly Caller[]>> = {
  // Who calls a node that is without a session has to prove that he is a manager, before he is listened to (agent/session).
  "/skep.v1.Agent/MeetManagers": ["manager", "unsure"],
};

function callerOf(peer: Peer): Caller {
  switch (peer.kind) {
    case "local":
    case "anonymous":
      return peer.kind;
    case "node":
      if (peer.demoted === true) return "demoted";
      return peer.unsure === true ? "unsure" : peer.role;
  }
}

export const authorizeByRole: Authorizer = (path, peer) => {
  const caller = callerOf(peer);
  const service = /^\/([^/]+)\/[^/]+$/.exec(path)?.[1] ?? "";
  const ofService = Object.hasOwn(MAY_CALL, service) ? MAY_CALL[service] : undefined;
  const callers = Object.hasOwn(MAY_CALL_METHOD, path) ? MAY_CALL_METHOD[path] : ofService;
  if (callers?.includes(caller) === true) return;
  if (caller === "anonymous") {
    throw new SkepError("unauthenticated", `${path} needs a certificate of this cluster: join it first`);
  }
  if (caller === "demoted" && peer.kind === "node") {
    throw new SkepError(
      "permission_denied",
      `node ${peer.nodeId} was demoted: with a certificate from when it was a manager it may not call ${path}`,
    );
  }
  if (caller === "unsure" && peer.kind === "node") {
    throw new SkepError(
      "unavailable",
      `this node has heard from no leader for minutes, and cannot tell whether node ${peer.nodeId} is a manager still: it may not call ${path} before there is a session`,
    );
  }
  throw new SkepError("permission_denied", `a ${caller} may not call ${path}`);
};
