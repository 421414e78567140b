// A node's network room as a program, for the integration tests: does what the lines of its standard input say, each a JSON
// object, and answers each with one line. Started in a node's network namespace and in a mount namespace of its own.
//   {"adopt": [AdoptedTask]}   the tasks of an earlier life: the room runs from then on
//   {"update": "hex"}          a NetworkUpdate of a session
//   {"session": "begins"} or {"session": "complete"}
//   {"prepare": [TaskPlace]}   all at once: the namespaces, and how long it took
//   {"release": [TaskId]}      all at once
//   {"applied": version}       waits until this version was acknowledged
//   {"clear": true}
import { createInterface } from "node:readline";
import { localSubnet } from "../../agent/network/local-subnets.ts";
import { openNetworks } from "../../agent/network/open.ts";
import type { AdoptedTask, TaskPlace } from "../../agent/network/room.ts";
import { decodeNetworkUpdate } from "../../proto/gen/network.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { SkepError } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";

export interface RoomLine {
  readonly adopt?: readonly AdoptedTask[];
  readonly update?: string;
  readonly session?: "begins" | "complete";
  readonly prepare?: readonly TaskPlace[];
  readonly release?: readonly TaskId[];
  readonly applied?: number;
  readonly clear?: true;
}

const [nodeId = "", dir = ""] = process.argv.slice(2);
const { signal } = new AbortController();
const applied = new Set<number>();
let wake: () => void = () => undefined;
const room = await openNetworks({
  env: realEnv,
  log: silentLog,
  nodeId: nodeId as NodeId,
  dir: `${dir}/networks`,
  localSubnets: [localSubnet("172.29.0.0/16")],
  keyFile: `${dir}/keys`,
  socketsFile: `${dir}/name-server.json`,
  tunnelPort: 51820,
})({
  onApplied: (_, version) => {
    applied.add(version);
    wake();
  },
  onResync: () => undefined,
  onDescription: () => undefined,
  underlayMtu: () => 1500,
});

async function obey(line: RoomLine): Promise<unknown> {
  const startMs = realEnv.nowMs();
  if (line.adopt !== undefined) {
    room.adopt(line.adopt);
    room.run(signal).catch(() => undefined);
  }
  if (line.session === "begins") room.sessionBegins();
  if (line.session === "complete") room.sessionComplete();
  if (line.update !== undefined) room.update(decodeNetworkUpdate(Buffer.from(line.update, "hex")));
  if (line.prepare !== undefined) {
    const made = await Promise.all(line.prepare.map((place) => room.prepare(place, signal)));
    return { made, ms: Math.round(realEnv.nowMs() - startMs) };
  }
  if (line.release !== undefined) await Promise.all(line.release.map((id) => room.release(id, signal)));
  if (line.applied !== undefined) {
    while (!applied.has(line.applied)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  if (line.clear === true) await room.clear(signal);
  return { problem: room.problem };
}

for await (const text of createInterface({ input: process.stdin })) {
  const answer = await obey(JSON.parse(text) as RoomLine).catch((error: unknown) => ({
    error: SkepError.from(error).message,
  }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(0);
