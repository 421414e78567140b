// Proposes without end and prints what is acknowledged, until it is killed (faults.test.ts).
import { join } from "node:path";
import { openRaft } from "../../../manager/raft/open.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { silentLog } from "../../../shared/log.ts";
import { connectPlain } from "../../support/plain-port.ts";
import { dial, ListMachine, until } from "./real-members.ts";

const raft = await openRaft({
  env: realEnv,
  log: silentLog,
  dir: join(process.argv[2] ?? "", "one"),
  raftId: 1,
  nodeId: "one",
  addr: "127.0.0.1:1",
  stateMachine: new ListMachine(),
  dial,
  connect: connectPlain,
  start: { kind: "bootstrap" },
  tickIntervalMs: 20,
  snapshotIntervalEntries: 100,
});
await until("it leads", () => raft.status().state === "leader");
let next = 0;
await Promise.all(
  Array.from({ length: 32 }, async () => {
    for (;;) {
      const value = `v${next++}`;
      await raft.propose(Buffer.from(value));
      process.stdout.write(`${value}\n`);
    }
  }),
);
