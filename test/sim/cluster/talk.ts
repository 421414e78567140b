// How a simulated manager talks to others: Raft's messages, and calls of nodes that are down.
import type { Driver } from "../../../manager/raft/driver.ts";
import type { Transport } from "../../../manager/raft/transport.ts";
import type { ManagerWorld, SimManager } from "./manager.ts";
import type { SimProcess } from "./process.ts";

const SNAPSHOT_PATIENCE_MS = 2_000;

export function raftTransport(
  from: SimManager,
  { network, managerAt }: ManagerWorld,
  process: SimProcess,
  driver: () => Driver,
): Transport {
  const { env } = process;
  return {
    send: (message) => {
      const to = managerAt(message.to);
      const onSnapshotDone = (delivered: boolean): void => {
        driver().withCore((core) => core.reportSnapshot(message.to, delivered));
      };
      if (message.kind === "snapshot") {
        let told = false;
        const tell = (delivered: boolean): void => {
          if (told) return;
          told = true;
          onSnapshotDone(delivered);
        };
        env.timer(SNAPSHOT_PATIENCE_MS, () => tell(false));
        if (to === undefined) return;
        network.datagram(from.name, to.name, () => {
          to.receive(() => {
            to.life?.driver.step(message);
            network.datagram(to.name, from.name, () => process.deliver(0, () => tell(true)));
          });
        });
        return;
      }
      if (to === undefined) return;
      network.datagram(from.name, to.name, () => {
        to.receive(() => {
          if (to.disk.raftId === message.to) to.life?.driver.step(message);
        });
      });
    },
    learn: () => undefined,
    keep: () => undefined,
    close: async () => undefined,
  };
}

/** Calls the node at `addr`, and says who the managers are. */
export function callNode(
  from: SimManager,
  { network, agentAt }: ManagerWorld,
  process: SimProcess,
  addr: string,
  managers: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const agent = agentAt(addr);
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    if (agent === undefined) return;
    network.once(from.name, agent.name, () => {
      agent.meet(managers, () => {
        network.once(agent.name, from.name, () => process.deliver(0, resolve));
      });
    });
  });
}
