// The control API: what the CLI calls on any manager. Handlers by noun; each runs on the leader, over committed state.
import type { ControlService } from "../../proto/gen/control.ts";
import type { Handlers } from "../../shared/rpc/server.ts";
import { supervise } from "../leader-loops.ts";
import { createBackupHandler } from "./backup.ts";
import { createClusterHandlers } from "./cluster.ts";
import type { ControlOptions } from "./context.ts";
import { createEventsHandler } from "./events.ts";
import { forwarding } from "./forward.ts";
import { createLogsHandler } from "./logs.ts";
import { createNetworkCheckHandler } from "./network-check.ts";
import { createNetworkHandlers } from "./networks.ts";
import { createNodeHandlers } from "./nodes.ts";
import { createSecurityHandlers } from "./security.ts";
import { createServiceHandlers } from "./services.ts";
import { createStatusHandler } from "./status.ts";
import { createTaskHandlers } from "./tasks.ts";

export type { ControlOptions } from "./context.ts";

/** One for each manager, whether it leads or not. */
export function createControlHandlers(options: ControlOptions): Handlers<typeof ControlService> {
  const { env, log, raft, events, signal } = options;
  // Never throws: a failure is logged and the loop begins again.
  void supervise(env, log, signal, (loop) => events.followLeadership(raft, loop.signal));
  return forwarding(options, {
    ...createNodeHandlers(options),
    ...createServiceHandlers(options),
    ...createTaskHandlers(options),
    ...createNetworkHandlers(options),
    ...createClusterHandlers(options),
    ...createSecurityHandlers(options),
    ...createBackupHandler(options),
    ...createStatusHandler(options, events),
    ...createLogsHandler(options),
    ...createNetworkCheckHandler(options),
    ...createEventsHandler(env, events),
  });
}
