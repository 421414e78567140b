// What a node answers on its port, to whom.
import { ServedDispatcherService } from "../../../manager/dispatcher/encode.ts";
import { AgentService } from "../../../proto/gen/agent.ts";
import { CAService } from "../../../proto/gen/ca.ts";
import { ControlService } from "../../../proto/gen/control.ts";
import { RaftService } from "../../../proto/gen/raft.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import type { ServiceMethods } from "../../../shared/rpc/method.ts";
import { addService, type Handlers } from "../../../shared/rpc/server.ts";
import { switchable } from "../../../shared/rpc/switchable.ts";
import type { NodeServer } from "../../../shared/rpc/tls-server.ts";
import type { ManagerPart } from "../manager-part.ts";

/** As the table of who may call what has it. */
const RAFT_STREAM = "/skep.v1.Raft/Stream";

export interface PortParts {
  /** @throws {SkepError} `unavailable`: this node is no manager now, and why. */
  readonly manager: () => Pick<ManagerPart, "handlers" | "acceptRaftStream">;
  /** @throws {SkepError} `unavailable` */
  readonly agent: () => Handlers<typeof AgentService>;
}

/** Looked up at each call, because the manager half and the agent come and go while the port stays. */
export function servePort({ grpc, resolvePeer, onRaftStream }: NodeServer, { manager, agent }: PortParts): void {
  const add = <S extends ServiceMethods>(methods: S, current: () => Handlers<S>): void =>
    addService(grpc, methods, switchable(methods, current), resolvePeer, authorizeByRole);
  add(CAService, () => manager().handlers.ca);
  add(ControlService, () => manager().handlers.control);
  add(RaftService, () => manager().handlers.raft);
  add(ServedDispatcherService, () => manager().handlers.dispatcher);
  add(AgentService, agent);
  onRaftStream((socket, prove) => {
    try {
      manager().acceptRaftStream(socket, () => {
        const peer = prove();
        authorizeByRole(RAFT_STREAM, peer);
        return peer;
      });
    } catch {
      socket.destroy(); // no manager now
    }
  });
}
