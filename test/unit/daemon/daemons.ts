// Daemons in this process, on loopback, with the hollow runtime: everything of a node but its process.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HollowHost, openHollowRuntime } from "../../../agent/runtime/hollow/hollow.ts";
import { createLocalNode, type LocalNode } from "../../../bin/daemon/local-node.ts";
import { createRuntimeHolder } from "../../../bin/daemon/runtime-holder.ts";
import { openStateDir } from "../../../bin/daemon/state-dir.ts";
import {
  type InfoResponse,
  type InitResponse,
  newInfoRequest,
  newInitRequest,
  newJoinRequest,
} from "../../../proto/gen/local.ts";
import type { Env } from "../../../shared/env/env.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { silentLog } from "../../../shared/log.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";

export const LOCAL: CallContext = {
  peer: { kind: "local" },
  signal: new AbortController().signal,
  metadata: new Map(),
};

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

export interface CommandLine {
  readonly advertise?: string;
  readonly seeds?: readonly string[];
}

export interface TestDaemon {
  readonly addr: string;
  readonly dataDir: string;
  /** The daemon of this moment: `restart` makes another. */
  readonly node: () => LocalNode;
  /** Milliseconds that its clock is ahead. */
  readonly clock: { aheadMs: number };
  readonly info: () => Promise<InfoResponse>;
  readonly init: () => Promise<InitResponse>;
  readonly join: (token: string, ...remoteAddrs: readonly string[]) => Promise<unknown>;
  readonly leave: (force?: boolean) => Promise<unknown>;
  readonly stop: () => Promise<void>;
  /** Stops, and starts again from the disk; containers live on. What is given is as on the daemon's command line. */
  readonly restart: (line?: CommandLine) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** @param at the data folder, which goes away with the daemon; a new one when left out. */
export async function testDaemon(at?: string): Promise<TestDaemon> {
  const dataDir = at ?? (await mkdtemp(join(tmpdir(), "skep-daemon-")));
  const port = await freePort();
  const addr = `127.0.0.1:${port}`;
  const host = new HollowHost();
  const clock = { aheadMs: 0 };
  const env: Env = { ...realEnv, wallMs: () => realEnv.wallMs() + clock.aheadMs };
  const open = (line: CommandLine = {}): LocalNode =>
    createLocalNode({
      ...line,
      env,
      log: silentLog,
      dir: openStateDir(dataDir),
      dataDir,
      runtime: createRuntimeHolder(realEnv, silentLog, async () => openHollowRuntime({ env: realEnv, host })),
      listen: { host: "127.0.0.1", port },
      labels: {},
      insecureRegistries: [],
      interfaces: () => ({}),
    });
  let node = open();
  await node.resume();
  return {
    addr,
    dataDir,
    node: () => node,
    clock,
    info: () => node.local.info(newInfoRequest(), LOCAL),
    init: () => node.local.init(newInitRequest(), LOCAL),
    join: (token, ...remoteAddrs) => node.local.join(newJoinRequest({ token, remoteAddrs }), LOCAL),
    leave: (force = false) => node.local.leave({ force }, LOCAL),
    stop: () => node.stop(),
    restart: async (line) => {
      await node.stop();
      node = open(line);
      await node.resume();
    },
    remove: async () => {
      await node.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Until `what` holds; asks often, because nothing tells. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean> | boolean,
  limitMs = 15_000,
): Promise<void> {
  const endMs = realEnv.nowMs() + limitMs;
  while (!(await holds())) {
    if (realEnv.nowMs() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
