// A node's side of the network's test, as a process inside a host: takes one ProbeCommand per line of standard input, hex, and answers
// each with a line. Also listens where the daemon would.
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { createToolRunner } from "../../agent/network/apply/run.ts";
import { NetworkProbe } from "../../agent/network/probe/probe.ts";
import { realTransport } from "../../agent/network/probe/transport.ts";
import { decodeProbeCommand, encodeProbeAnswer, type ProbeCommand } from "../../proto/gen/agent.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import type { NodeId } from "../../shared/model/ids.ts";

const [nodeId = "", port = "7377"] = process.argv.slice(2);
const runner = createToolRunner({ env: realEnv });
const transport = realTransport(realEnv);
const probe = new NetworkProbe({ env: realEnv, log: silentLog, nodeId: nodeId as NodeId, runner, transport });

async function* commands(): AsyncGenerator<ProbeCommand> {
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "end") return;
    yield decodeProbeCommand(Buffer.from(line, "hex"));
  }
}

const server = createServer((socket) => socket.end());
await new Promise<void>((resolve) => server.listen(Number(port), "::", resolve));
process.stdout.write("listening\n");
try {
  for await (const answer of probe.run(commands(), new AbortController().signal)) {
    process.stdout.write(`${Buffer.from(encodeProbeAnswer(answer)).toString("hex")}\n`);
  }
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
}
server.close();
