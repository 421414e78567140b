// Durable writes beside etcd: three members of each as three processes on one disk, values of 256 bytes. The clients are
// outside of the servers for both: one process with one gRPC connection to the leader, the same code, message and codec
// (put-service.ts). Both fsync on a majority before they answer; skep's log is sealed, as a manager's is, etcd's is not.
//
//   node test/bench/etcd.ts [--seconds 3] [--rounds 3] [--in-flight 1,64,1000]
import { type ChildProcess, execFileSync, fork, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as grpc from "@grpc/grpc-js";
import { call, ETCD_PUT, leadsEtcd, putRequest, RAFT_PUT } from "./put-service.ts";
import { median, percentile, printTable } from "./table.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "3" },
    rounds: { type: "string", default: "3" },
    "in-flight": { type: "string", default: "1,64,1000" },
  },
});
const MEMBERS = ["one", "two", "three"];
const IN_FLIGHT = values["in-flight"].split(",").map(Number);
const VALUE_BYTES = 256;
const KEYS = 10_000;
const BOOT_LIMIT_MS = 30_000;

interface Group {
  readonly name: string;
  readonly path: string;
  readonly client: grpc.Client;
  readonly stop: () => Promise<void>;
}

interface Figures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function installEtcd(): void {
  if (existsSync("/usr/bin/etcd")) return;
  console.error("bench: installing Debian's etcd-server");
  execFileSync("apt-get", ["install", "-y", "--no-install-recommends", "etcd-server"], {
    stdio: "ignore",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  });
}

const connect = (addr: string): grpc.Client => new grpc.Client(addr, grpc.credentials.createInsecure());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function ended(children: readonly ChildProcess[], ask: (child: ChildProcess) => void): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      ask(child);
      await gone;
    }),
  );
}

async function startEtcd(root: string): Promise<Group> {
  const members = await Promise.all(
    MEMBERS.map(async (name) => ({ name, peer: await freePort(), client: await freePort() })),
  );
  const cluster = members.map(({ name, peer }) => `${name}=http://127.0.0.1:${peer}`).join(",");
  const children = members.map(({ name, peer, client }) =>
    spawn(
      "/usr/bin/etcd",
      [
        ...["--name", name, "--data-dir", join(root, name), "--log-level", "error", "--logger", "zap"],
        ...[
          "--listen-peer-urls",
          `http://127.0.0.1:${peer}`,
          "--initial-advertise-peer-urls",
          `http://127.0.0.1:${peer}`,
        ],
        ...[
          "--listen-client-urls",
          `http://127.0.0.1:${client}`,
          "--advertise-client-urls",
          `http://127.0.0.1:${client}`,
        ],
        ...["--initial-cluster", cluster, "--initial-cluster-state", "new"],
      ],
      { stdio: ["ignore", "ignore", "inherit"] },
    ),
  );
  const stop = (): Promise<void> => ended(children, (child) => child.kill("SIGTERM"));
  const limit = performance.now() + BOOT_LIMIT_MS;
  for (;;) {
    for (const { client: port } of members) {
      const client = connect(`127.0.0.1:${port}`);
      if (await leadsEtcd(client).catch(() => false)) return { name: "etcd", path: ETCD_PUT, client, stop };
      client.close();
    }
    if (performance.now() > limit) {
      await stop();
      throw new Error("etcd has no leader");
    }
    await delay(100);
  }
}

async function startRaft(root: string): Promise<Group> {
  const children: ChildProcess[] = [];
  const stop = (): Promise<void> => ended(children, (child) => child.send({ kind: "stop" }));
  let first: string | undefined;
  for (const name of MEMBERS) {
    const args = ["--member", root, name, "sealed", ...(first === undefined ? [] : [first])];
    const child = fork(join(import.meta.dirname, "raft-proposals.ts"), args);
    children.push(child);
    const addr = await new Promise<string>((resolve, reject) => {
      child.once("message", (report: { readonly addr: string }) => resolve(report.addr));
      child.once("exit", (code) => reject(new Error(`a member exited with ${code}`)));
    });
    first ??= addr;
  }
  return { name: "skep", path: RAFT_PUT, client: connect(first ?? ""), stop };
}

async function load({ client, path }: Group, inFlight: number, seconds: number): Promise<Figures> {
  const value = new Uint8Array(VALUE_BYTES).fill(7);
  const latencies: number[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  let next = 0;
  const caller = async (): Promise<void> => {
    for (let now = performance.now(); now < untilMs; now = performance.now()) {
      await call(client, path, putRequest(`key-${next++ % KEYS}`, value));
      latencies.push(performance.now() - now);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  const elapsed = (performance.now() - startedMs) / 1000;
  return {
    perSecond: latencies.length / elapsed,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
  };
}

installEtcd();
const root = mkdtempSync(join(tmpdir(), "skep-bench-etcd-"));
const groups: Group[] = [];
try {
  groups.push(await startEtcd(join(root, "etcd")), await startRaft(join(root, "skep")));
  for (const group of groups) await load(group, 64, 1); // warm
  const found = new Map<string, Figures[]>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const inFlight of IN_FLIGHT) {
      for (const group of groups) {
        const key = `${group.name} ${inFlight}`;
        found.set(key, [...(found.get(key) ?? []), await load(group, inFlight, Number(values.seconds))]);
      }
    }
  }
  const of = (name: string, inFlight: number, figure: keyof Figures): number =>
    median((found.get(`${name} ${inFlight}`) ?? []).map((figures) => figures[figure]));
  printTable(
    ["in flight", "skep /s", "etcd /s", "ratio", "skep p50 / p99", "etcd p50 / p99"],
    IN_FLIGHT.map((inFlight) => {
      const [ours, theirs] = [of("skep", inFlight, "perSecond"), of("etcd", inFlight, "perSecond")];
      const latency = (name: string): string =>
        `${of(name, inFlight, "p50Ms").toFixed(2)} / ${of(name, inFlight, "p99Ms").toFixed(2)} ms`;
      return [
        String(inFlight),
        ours.toFixed(0),
        theirs.toFixed(0),
        (ours / theirs).toFixed(2),
        latency("skep"),
        latency("etcd"),
      ];
    }),
  );
} finally {
  for (const { client, stop } of groups) {
    client.close();
    await stop();
  }
  rmSync(root, { recursive: true, force: true });
}
