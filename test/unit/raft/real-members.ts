// Real members for tests: a log in a temporary folder, gRPC servers on localhost without TLS, the real clock sped up.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { type OpenRaft, openRaft, type RaftOpenOptions, type RaftStart } from "../../../manager/raft/open.ts";
import type { StateMachine } from "../../../manager/raft/raft-node.ts";
import { RAFT_CHANNEL_OPTIONS } from "../../../manager/raft/transport.ts";
import { RaftService } from "../../../proto/gen/raft.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { silentLog } from "../../../shared/log.ts";
import { unary } from "../../../shared/rpc/client.ts";
import { GrpcServer } from "../../../shared/rpc/grpc/server.ts";
import { MAX_ANSWER_BYTES, MAX_MESSAGE_BYTES } from "../../../shared/rpc/limits.ts";
import { addService } from "../../../shared/rpc/server.ts";
import { connectPlain, listenPlain, type PlainPort } from "../../support/plain-port.ts";

/** Keeps every applied value, in order: what members must agree on. */
export class ListMachine implements StateMachine {
  values: string[] = [];
  restored = 0;
  readonly apply = ({ data }: { readonly data: Uint8Array }): void => {
    this.values.push(Buffer.from(data).toString());
  };
  readonly snapshot = (): Iterable<Uint8Array> => [Buffer.from(JSON.stringify(this.values))];
  readonly restore = async (snapshot: Uint8Array): Promise<void> => {
    this.values = JSON.parse(Buffer.from(snapshot).toString()) as string[];
    this.restored++;
  };
}

export const dial = (addr: string): grpc.Client =>
  new grpc.Client(addr, grpc.credentials.createInsecure(), RAFT_CHANNEL_OPTIONS);

export class RealMember {
  readonly name: string;
  readonly dir: string;
  readonly machine = new ListMachine();
  readonly raft: OpenRaft;
  readonly port: PlainPort;
  readonly addr: string;

  constructor(name: string, dir: string, machine: ListMachine, raft: OpenRaft, port: PlainPort, addr: string) {
    Object.assign(this, { machine });
    this.name = name;
    this.dir = dir;
    this.raft = raft;
    this.port = port;
    this.addr = addr;
  }
}

const newServer = (): GrpcServer =>
  new GrpcServer({ env: realEnv, maxReceiveBytes: MAX_MESSAGE_BYTES, maxSendBytes: MAX_ANSWER_BYTES });

export class RealCluster {
  readonly root = mkdtempSync(join(tmpdir(), "skep-raft-"));
  readonly members = new Map<string, RealMember>();
  readonly addrs = new Map<string, string>();
  readonly raftIds = new Map<string, number>();

  async open(name: string, start: RaftStart, raftId: number, more: Partial<RaftOpenOptions> = {}): Promise<RealMember> {
    const server = newServer();
    const known = this.addrs.get(name); // delete it from `addrs` to open it elsewhere
    const port = await listenPlain(server, portOf(known), (socket) => {
      opened?.acceptStream(socket, () => ({ kind: "local" }));
    });
    const addr = `127.0.0.1:${port.port}`;
    let opened: OpenRaft | undefined;
    this.addrs.set(name, addr);
    const machine = new ListMachine();
    const dir = join(this.root, name);
    const raft = await openRaft({
      env: realEnv,
      log: silentLog,
      dir,
      raftId,
      nodeId: name,
      addr,
      stateMachine: machine,
      dial,
      connect: connectPlain,
      start,
      tickIntervalMs: 20,
      ...more,
    }).catch((error: unknown) => {
      port.close();
      throw error;
    });
    opened = raft;
    addService(
      server,
      RaftService,
      raft.handlers,
      () => ({ kind: "local" }),
      () => undefined,
    );
    const member = new RealMember(name, dir, machine, raft, port, addr);
    this.members.set(name, member);
    this.raftIds.set(name, raft.status().raftId);
    return member;
  }

  /** As a joining daemon does: asks any member, then opens with what it got. */
  async join(name: string, via: string, more: Partial<RaftOpenOptions> = {}): Promise<RealMember> {
    const reserved = await listenPlain(newServer(), 0, (socket) => socket.destroy()); // the address that it announces
    reserved.close();
    const addr = `127.0.0.1:${reserved.port}`;
    this.addrs.set(name, addr);
    const client = dial(this.get(via).addr);
    try {
      const { raftId, members } = await unary(
        client,
        RaftService.joinRaft,
        { nodeId: name, addr },
        { timeoutMs: 10_000 },
      );
      return await this.open(name, { kind: "join", members }, raftId, more);
    } finally {
      client.close();
    }
  }

  get(name: string): RealMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`no member ${name}`);
    return member;
  }

  /** A clean stop or, with `cut`, one that tells nobody: its links go first, so that no transfer gets out. */
  async stop(name: string, how: "clean" | "cut" = "clean"): Promise<void> {
    const member = this.get(name);
    this.members.delete(name);
    if (how === "cut") member.port.close();
    await member.raft.stop();
    member.port.close();
  }

  leader(): RealMember | undefined {
    return [...this.members.values()].find(({ raft }) => raft.status().state === "leader");
  }

  async close(): Promise<void> {
    await Promise.all([...this.members.keys()].map((name) => this.stop(name)));
    rmSync(this.root, { recursive: true, force: true });
  }
}

const portOf = (addr: string | undefined): number => Number(addr?.split(":")[1] ?? 0);

/** Polls until `condition` gives something; fails after a generous limit, which only a broken program reaches. */
export async function until<T>(what: string, condition: () => T | undefined | false): Promise<T> {
  const limit = AbortSignal.timeout(20_000);
  for (;;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    if (limit.aborted) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
