import { type AgentMessage, newAgentMessage } from "../../proto/gen/dispatcher.ts";
import type { NetworkId } from "../../shared/model/ids.ts";

/** What is to be said of networks: one word per network at most. Of an earlier session nothing is said in the next one. */
export class NetworkWords {
  readonly applied = new Map<NetworkId, number>();
  readonly resync = new Set<NetworkId>();

  clear(): void {
    this.applied.clear();
    this.resync.clear();
  }

  take(): AgentMessage[] {
    const messages = [
      ...[...this.resync].map((networkId) => newAgentMessage({ message: { kind: "networkResync", networkId } })),
      ...[...this.applied].map(([networkId, version]) =>
        newAgentMessage({ message: { kind: "networkApplied", networkId, version } }),
      ),
    ];
    this.clear();
    return messages;
  }
}
