// How long a new manager takes to become a voter while the others write without a pause, and what its joining costs the writes.
// Real members in one process and on one disk; the distance between them is made by the connections.
//
//   node test/bench/learner.ts [--limit 20]
import { parseArgs } from "node:util";
import { connectPlain } from "../support/plain-port.ts";
import { slowLink } from "../support/slow-link.ts";
import { RealCluster, type RealMember } from "../unit/raft/real-members.ts";

const ENTRY_BYTES = 256;
const HISTORY_ENTRIES = 500;
const TICK_INTERVAL_MS = 60;

interface Load {
  readonly roundTripMs: number;
  readonly writesPerSecond: number;
}

const LOADS: readonly Load[] = [
  { roundTripMs: 10, writesPerSecond: 1000 / 7 },
  { roundTripMs: 1, writesPerSecond: 1250 },
];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Proposes at the given rate, whether or not the ones before are through. */
function write(leader: RealMember, writesPerSecond: number) {
  const data = new Uint8Array(ENTRY_BYTES).fill(120);
  const latencies: number[] = [];
  const underWay = new Set<Promise<void>>();
  const startedMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (; sent < ((performance.now() - startedMs) / 1000) * writesPerSecond; sent++) {
      const proposedMs = performance.now();
      const written = leader.raft.propose(data).then(() => {
        latencies.push(performance.now() - proposedMs);
        underWay.delete(written);
      });
      underWay.add(written);
    }
  }, 1);
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await Promise.all(underWay);
  };
  return { latencies, stop };
}

async function measure({ roundTripMs, writesPerSecond }: Load, limitMs: number) {
  const cluster = new RealCluster();
  try {
    const more = {
      tickIntervalMs: TICK_INTERVAL_MS,
      connect: async (addr: string, signal: AbortSignal) => slowLink(await connectPlain(addr, signal), roundTripMs / 2),
    };
    const leader = await cluster.open("one", { kind: "bootstrap" }, 1, more);
    while (leader.raft.status().state !== "leader") await pause(5);
    const data = new Uint8Array(ENTRY_BYTES).fill(120);
    for (let i = 0; i < HISTORY_ENTRIES; i++) await leader.raft.propose(data);
    const load = write(leader, writesPerSecond);
    const rows = [];
    for (const name of ["two", "three"]) {
      await pause(1000);
      load.latencies.length = 0;
      const startedMs = performance.now();
      await cluster.join(name, "one", more);
      const votes = (): boolean => leader.raft.status().members.some(({ nodeId, voter }) => nodeId === name && voter);
      while (!votes() && performance.now() < startedMs + limitMs) await pause(5);
      const joinedMs = performance.now() - startedMs;
      load.latencies.sort((a, b) => a - b);
      rows.push({
        "round trip ms": roundTripMs,
        "writes per second": Math.round(writesPerSecond),
        joins: name,
        "a voter after ms": votes() ? Math.round(joinedMs) : `not within ${limitMs}`,
        "slowest write ms": Math.round(load.latencies.at(-1) ?? 0),
      });
    }
    await load.stop();
    return rows;
  } finally {
    await cluster.close();
  }
}

const { values } = parseArgs({ options: { limit: { type: "string", default: "20" } } });
const rows = [];
for (const load of LOADS) rows.push(...(await measure(load, Number(values.limit) * 1000)));
console.table(rows);
