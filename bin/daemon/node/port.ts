// What a node answers on its port, to whom.
import { AgentService } from "../../../proto/gen/agent.ts";
import { CAService } from "../../../proto/gen/ca.ts";
import { ControlService } from "../../../proto/gen/control.ts";
import { DispatcherService } from "../../../proto/gen/dispatcher.ts";
import { RaftService } from "../../../proto/gen/raft.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import type { ServiceMethods } from "../../../shared/rpc/method.ts";
import { addService, type Handlers } from "../../../shared/rpc/server.ts";
import { switchable } from "../../../shared/rpc/switchable.ts";
import type { NodeServer } from "../../../shared/rpc/tls-server.ts";
import type { ManagerPart } from "../manager-part.ts";

export interface PortParts {
  /** @throws {SkepError} `unavailable`: this node is no manager now, and why. */
  readonly manager: () => ManagerPart["handlers"];
  /** @throws {SkepError} `unavailable` */
  readonly agent: () => Handlers<typeof AgentService>;
}

/** Looked up at each call, because the manager half and the agent come and go while the port stays. */
export function servePort({ grpc, resolvePeer }: NodeServer, { manager, agent }: PortParts): void {
  const add = <S extends ServiceMethods>(methods: S, current: () => Handlers<S>): void =>
    addService(grpc, methods, switchable(methods, current), resolvePeer, authorizeByRole);
  add(CAService, () => manager().ca);
  add(ControlService, () => manager().control);
  add(RaftService, () => manager().raft);
  add(DispatcherService, () => manager().dispatcher);
  add(AgentService, agent);
}
