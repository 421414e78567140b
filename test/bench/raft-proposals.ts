// Durable proposals through Raft: three members in three processes on one disk, 256 bytes each, proposed in the leader's
// process. Each is acknowledged when a majority has it fsynced and the leader has applied it. Also what an idle member costs.
//
//   node test/bench/raft-proposals.ts [--seconds 3] [--plain]
//
// The log is sealed on the disk, as a manager's is; --plain leaves that out.
import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { type OpenRaft, openRaft, type RaftStart } from "../../manager/raft/open.ts";
import type { RaftMember, RaftNode } from "../../manager/raft/raft-node.ts";
import { RAFT_CHANNEL_OPTIONS } from "../../manager/raft/transport.ts";
import { RaftService } from "../../proto/gen/raft.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { createSealer, newSealingKey } from "../../shared/pki/sealing.ts";
import { unary } from "../../shared/rpc/client.ts";
import { GrpcServer } from "../../shared/rpc/grpc/server.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES } from "../../shared/rpc/limits.ts";
import { addService } from "../../shared/rpc/server.ts";
import { connectPlain, listenPlain } from "../support/plain-port.ts";
import { addPutService } from "./put-service.ts";

const ENTRY_BYTES = 256;
const IN_FLIGHT = [1, 64, 1000];
const IDLE_MS = 5000;

interface Result {
  readonly inFlight: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

type Order =
  | { readonly kind: "load"; readonly seconds: number }
  | { readonly kind: "idle" }
  | { readonly kind: "stop" };
type Report =
  | { readonly kind: "up"; readonly addr: string }
  | { readonly kind: "load"; readonly results: readonly Result[] }
  | { readonly kind: "idle"; readonly cpuShare: number; readonly rssMiB: number };

const dial = (addr: string): grpc.Client =>
  new grpc.Client(addr, grpc.credentials.createInsecure(), RAFT_CHANNEL_OPTIONS);

async function member(root: string, name: string, sealing: string, joinAddr: string | undefined): Promise<void> {
  const server = new GrpcServer({ env: realEnv, maxReceiveBytes: MAX_MESSAGE_BYTES, maxSendBytes: MAX_ANSWER_BYTES });
  let opened: OpenRaft | undefined;
  const { port } = await listenPlain(server, 0, (socket) => {
    opened?.acceptStream(socket, () => ({ kind: "local" }));
  });
  const addr = `127.0.0.1:${port}`;
  let start: RaftStart = { kind: "bootstrap" };
  let raftId = 1;
  if (joinAddr !== undefined) {
    const client = dial(joinAddr);
    const joined = await unary(client, RaftService.joinRaft, { nodeId: name, addr }, { timeoutMs: 20_000 });
    client.close();
    start = { kind: "join", members: joined.members satisfies readonly RaftMember[] };
    raftId = joined.raftId;
  }
  const raft = await openRaft({
    env: realEnv,
    log: silentLog,
    dir: join(root, name),
    raftId,
    nodeId: name,
    addr,
    stateMachine: { apply: () => undefined, snapshot: () => [], restore: async () => undefined },
    dial,
    connect: connectPlain,
    start,
    ...(sealing === "plain" ? {} : { sealer: createSealer(newSealingKey()) }),
  });
  opened = raft;
  addService(
    server,
    RaftService,
    raft.handlers,
    () => ({ kind: "local" }),
    () => undefined,
  );
  addPutService(server, (data) => raft.propose(data)); // for test/bench/etcd.ts
  const votes = (): boolean => raft.status().members.find(({ nodeId }) => nodeId === name)?.voter === true;
  while (!votes() || (joinAddr === undefined && raft.status().state !== "leader")) await pause(20);
  tell({ kind: "up", addr });
  process.on("message", (order: Order) => {
    follow(order, raft).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
}

async function follow(order: Order, raft: RaftNode): Promise<void> {
  switch (order.kind) {
    case "load": {
      const results: Result[] = [];
      await load(raft, 64, 1); // warm
      for (const inFlight of IN_FLIGHT) results.push(await load(raft, inFlight, order.seconds));
      tell({ kind: "load", results });
      return;
    }
    case "idle": {
      const before = process.cpuUsage();
      await pause(IDLE_MS);
      const { user, system } = process.cpuUsage(before);
      tell({ kind: "idle", cpuShare: (user + system) / 1000 / IDLE_MS, rssMiB: process.memoryUsage.rss() / 2 ** 20 });
      return;
    }
    case "stop":
      await raft.stop();
      process.exit(0);
  }
}

async function load(raft: RaftNode, inFlight: number, seconds: number): Promise<Result> {
  const data = new Uint8Array(ENTRY_BYTES).fill(7);
  const latencies: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  const client = async (): Promise<void> => {
    for (let now = performance.now(); now < untilMs; now = performance.now()) {
      await raft.propose(data);
      latencies.push(performance.now() - now);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  const elapsed = (performance.now() - startedMs) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return { inFlight, perSecond: latencies.length / elapsed, p50Ms: at(0.5), p99Ms: at(0.99) };
}

const tell = (report: Report): void => {
  process.send?.(report);
};
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "3" }, plain: { type: "boolean", default: false } },
  });
  const sealing = values.plain ? "plain" : "sealed";
  const root = mkdtempSync(join(tmpdir(), "skep-bench-"));
  const children: ChildProcess[] = [];
  const next = <K extends Report["kind"]>(child: ChildProcess, kind: K): Promise<Extract<Report, { kind: K }>> =>
    new Promise((resolve, reject) => {
      child.on("message", (report: Report) => {
        if (report.kind === kind) resolve(report as Extract<Report, { kind: K }>);
      });
      child.once("exit", (code) => reject(new Error(`a member exited with ${code}`)));
    });
  try {
    let first: string | undefined;
    for (const name of ["one", "two", "three"]) {
      const child = fork(import.meta.filename, [
        "--member",
        root,
        name,
        sealing,
        ...(first === undefined ? [] : [first]),
      ]);
      children.push(child);
      const { addr } = await next(child, "up");
      first ??= addr;
    }
    const [leader] = children;
    if (leader === undefined) return;
    const idle = Promise.all(children.map((child) => next(child, "idle")));
    for (const child of children) child.send({ kind: "idle" } satisfies Order);
    const idles = await idle;
    const loaded = next(leader, "load");
    leader.send({ kind: "load", seconds: Number(values.seconds) } satisfies Order);
    const { results } = await loaded;
    console.log(`durable proposals of ${ENTRY_BYTES} bytes, 3 members, one disk, ${sealing} log`);
    console.table(
      results.map(({ inFlight, perSecond, p50Ms, p99Ms }) => ({
        "in flight": inFlight,
        "per second": Math.round(perSecond),
        "p50 ms": Number(p50Ms.toFixed(2)),
        "p99 ms": Number(p99Ms.toFixed(2)),
      })),
    );
    console.log("idle, leader first");
    console.table(
      idles.map(({ cpuShare, rssMiB }) => ({
        "CPU %": Number((100 * cpuShare).toFixed(2)),
        "RSS MiB": Math.round(rssMiB),
      })),
    );
  } finally {
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null) return;
        const gone = new Promise((resolve) => child.once("exit", resolve));
        child.send({ kind: "stop" } satisfies Order);
        await gone;
      }),
    );
    rmSync(root, { recursive: true, force: true });
  }
}

const [flag, root = "", name = "", sealing = "", joinAddr] = process.argv.slice(2);
if (flag === "--member") await member(root, name, sealing, joinAddr);
else await main();
