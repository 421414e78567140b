// A cluster that does nothing by itself: a script tells every tick, message and crash. The transcript of what happened is
// compared with the golden one (test/golden/raft, run by test/unit/raft/golden.test.ts).
//
//   cluster 1 2 3            voters with one entry of history; timeouts differ by id, so that campaigns never tie
//   tick ID [N]              N ticks of one member
//   campaign ID              ticks a member until it asks for votes
//   settle                   delivers and writes until nothing is left to do
//   write                    every disk finishes what it has to write
//   deliver [FROM>TO...]     delivers what is on its way now (on these links only), once
//   drop [FROM>TO...]        loses it instead
//   cut ID / heal            links of a member, both ways
//   propose ID VALUE..., read ID, add ID NEW, remove ID OLD, transfer ID [TARGET]
//   disk ID hold|go          its writes wait, or finish
//   crash ID / start ID      what is not on disk is lost
//   compact ID               snapshot of all that is applied, and the log dropped up to there
//   status, log ID
import type { Message } from "../../../manager/raft/core/messages.ts";
import { RaftCore } from "../../../manager/raft/core/raft-core.ts";
import type { Config } from "../../../manager/raft/core/types.ts";
import { bodyText, Checker } from "./checker.ts";
import { SimDisk } from "./sim-disk.ts";
import { SimMember } from "./sim-member.ts";
import type { CoreClass } from "./simulation.ts";

const ELECTION_TICKS = 10;
const MAX_ROUNDS = 200;

export class Script {
  readonly #coreClass: CoreClass;
  readonly #checker = new Checker();
  readonly #members = new Map<number, SimMember>();
  readonly #held = new Set<number>();
  readonly #cut = new Set<number>();
  readonly #roles = new Map<number, string>();
  #flying: Message[] = [];
  #out: string[] = [];
  #nextRead = 1;

  constructor(core: CoreClass = RaftCore) {
    this.#coreClass = core;
  }

  /** Runs one command; returns what happened, a line each. */
  run(line: string): string {
    this.#out = [];
    const [command = "", ...args] = line.split(/\s+/);
    try {
      this.#execute(command, args);
      this.#noteRoles();
    } catch (error) {
      this.#out.push(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    }
    return this.#out.length === 0 ? "ok" : this.#out.join("\n");
  }

  #execute(command: string, args: readonly string[]): void {
    const id = Number(args[0]);
    switch (command) {
      case "cluster":
        this.#cluster(args.map(Number));
        return;
      case "tick":
        for (let i = 0; i < Number(args[1] ?? 1); i++) this.#tick(id);
        return;
      case "campaign":
        this.#campaign(id);
        return;
      case "settle":
        this.#settle();
        return;
      case "write":
        this.#work();
        return;
      case "deliver":
        this.#deliver(args);
        return;
      case "drop":
        this.#take(args);
        return;
      case "cut":
        this.#cut.add(id);
        return;
      case "heal":
        this.#cut.clear();
        return;
      case "propose":
        for (const value of args.slice(1)) {
          if (!this.#member(id).propose(value)) this.#out.push(`${id} refuses ${value}`);
        }
        this.#check(id);
        return;
      case "read":
        if (this.#core(id).readIndex(this.#nextRead++) === false) this.#out.push(`${id} does not lead`);
        this.#pump(id);
        return;
      case "add": {
        const raftId = Number(args[1]);
        const change = { kind: "add", member: { raftId, nodeId: `n${raftId}`, addr: "" } } as const;
        this.#told(this.#core(id).proposeConfig(change));
        if (!this.#members.has(raftId)) {
          this.#create(raftId, undefined);
          this.#start(raftId);
        }
        this.#pump(id);
        return;
      }
      case "remove":
        this.#told(this.#core(id).proposeConfig({ kind: "remove", raftId: Number(args[1]) }));
        this.#pump(id);
        return;
      case "transfer":
        this.#told(this.#core(id).transferLeadership(Number(args[1] ?? 0)));
        this.#pump(id);
        return;
      case "disk":
        if (args[1] === "hold") this.#held.add(id);
        else this.#held.delete(id);
        return;
      case "crash":
        this.#roles.delete(id);
        this.#member(id).crash(false);
        return;
      case "start":
        this.#start(id);
        return;
      case "compact":
        this.#compact(id);
        return;
      case "status":
        for (const member of this.#members.values()) this.#out.push(statusLine(member));
        return;
      case "log":
        this.#log(id);
        return;
      default:
        throw new Error(`unknown command ${command}`);
    }
  }

  #cluster(ids: readonly number[]): void {
    const members = ids.map((raftId) => ({ raftId, nodeId: `n${raftId}`, addr: "", voter: true }));
    const config: Config = { members, nextRaftId: Math.max(...ids) + 1 };
    this.#checker.wrote(0, [{ index: 1, term: 1, body: { kind: "config", ...config } }], 0);
    for (const raftId of ids) this.#create(raftId, config);
    for (const raftId of ids) this.#start(raftId);
  }

  #create(raftId: number, config: Config | undefined): void {
    const disk = new SimDisk();
    if (config !== undefined) disk.seed(config);
    const member = new SimMember(raftId, disk, {
      checker: this.#checker,
      makeCore: (id, reader) =>
        new this.#coreClass(
          {
            id,
            electionTicks: ELECTION_TICKS,
            heartbeatTicks: 1,
            random: () => ((id - 1) % 10) / 10,
            maxAppendBytes: 100,
            window: { maxMessages: 3, maxBytes: 300 },
            maxApplyBytes: 100,
          },
          reader,
          reader.restored,
        ),
      send: (message) => this.#flying.push(message),
      record: () => undefined,
      writeSteps: () => 1,
      snapshotInterval: Number.POSITIVE_INFINITY,
      onRead: (reader, token, index) => {
        this.#out.push(`${reader} serves read ${token} at ${index}`);
      },
      onAcknowledged: (value, index) => {
        this.#out.push(`${raftId} acknowledges ${value} at ${index}`);
      },
    });
    this.#members.set(raftId, member);
  }

  #start(id: number): void {
    this.#member(id).start();
    this.#check(id);
  }

  #tick(id: number): void {
    this.#core(id).tick();
    this.#pump(id);
  }

  #campaign(id: number): void {
    for (let i = 0; i < 3 * ELECTION_TICKS; i++) {
      this.#tick(id);
      const role = this.#core(id).role;
      if (role === "pre-candidate" || role === "candidate" || role === "leader") return;
    }
    this.#out.push(`${id} does not campaign`);
  }

  #settle(): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const wrote = this.#work();
      const delivered = this.#deliver([]);
      if (!wrote && delivered === 0) return;
    }
    this.#out.push(`does not settle within ${MAX_ROUNDS} rounds`);
  }

  /** One step of every disk that is not held. */
  #work(): boolean {
    let wrote = false;
    for (const member of this.#members.values()) {
      if (this.#held.has(member.id) || !member.writing) continue;
      member.work();
      this.#check(member.id);
      wrote = true;
    }
    return wrote;
  }

  #deliver(links: readonly string[]): number {
    const messages = this.#take(links);
    for (const message of messages) {
      const to = this.#members.get(message.to);
      const lost = this.#cut.has(message.from) || this.#cut.has(message.to) || to?.core === undefined;
      this.#out.push(`${describe(message)}${lost ? " (lost)" : ""}`);
      if (lost) continue;
      to?.core?.step(message);
      this.#pump(message.to);
    }
    return messages.length;
  }

  #take(links: readonly string[]): readonly Message[] {
    const wanted = ({ from, to }: Message): boolean => links.length === 0 || links.includes(`${from}>${to}`);
    const taken = this.#flying.filter(wanted);
    this.#flying = this.#flying.filter((message) => !wanted(message));
    return taken;
  }

  #compact(id: number): void {
    const member = this.#member(id);
    member.compact(1, 0);
    this.#out.push(
      `${id} keeps ${member.disk.firstIndex}..${member.disk.lastIndex}, snapshot ${member.disk.snapshot()?.index ?? 0}`,
    );
  }

  #log(id: number): void {
    const { disk } = this.#member(id);
    for (let index = disk.firstIndex; index <= disk.lastIndex; index++) {
      for (const { term, body } of disk.entries(index, index + 1, 1)) {
        this.#out.push(`${index}/${term} ${body.kind} ${body.kind === "noop" ? "" : bodyText(body)}`.trimEnd());
      }
    }
  }

  #told(outcome: { readonly kind: string; readonly reason?: string; readonly target?: number }): void {
    const detail = outcome.reason ?? (outcome.target === undefined ? "" : `to ${outcome.target}`);
    if (outcome.kind !== "appended") this.#out.push(`${outcome.kind}${detail === "" ? "" : `: ${detail}`}`);
  }

  #pump(id: number): void {
    this.#member(id).pump();
    this.#check(id);
  }

  #check(id: number): void {
    this.#noteRoles();
    this.#checker.stepped(this.#member(id), this.#members);
  }

  #noteRoles(): void {
    for (const { id, core } of this.#members.values()) {
      if (core === undefined) continue;
      const role = core.role === "follower" ? "follower" : `${core.role} of term ${core.term}`;
      if ((this.#roles.get(id) ?? "follower") !== role) this.#out.push(`${id} is ${role}`);
      this.#roles.set(id, role);
    }
  }

  #member(id: number): SimMember {
    const member = this.#members.get(id);
    if (member === undefined) throw new Error(`no member ${id}`);
    return member;
  }

  #core(id: number): RaftCore {
    const { core } = this.#member(id);
    if (core === undefined) throw new Error(`member ${id} is down`);
    return core;
  }
}

/** Replays the commands of a transcript; comments and blank lines stay as they are, old output goes. */
export function replay(transcript: string, core?: CoreClass): string {
  const script = new Script(core);
  const out: string[] = [];
  let skipping = false;
  for (const line of transcript.split("\n")) {
    if (line === "") skipping = false;
    if (skipping) continue;
    out.push(line);
    if (line === "" || line.startsWith("#")) continue;
    out.push("----", script.run(line));
    skipping = true; // up to the next blank line
  }
  return out.join("\n");
}

function statusLine({ id, core, disk }: SimMember): string {
  if (core === undefined) return `${id} down, disk ${disk.firstIndex}..${disk.lastIndex}`;
  const { role, term, leaderId, commitIndex, lastIndex, config, progress } = core.status();
  const members = config.members.map(({ raftId, voter }) => `${raftId}${voter ? "" : "?"}`).join(",");
  const others = [...progress]
    .filter(([other]) => other !== id)
    .map(([other, p]) => `${other}:${p.state}@${p.matchIndex}${p.diskOverdue ? " disk overdue" : ""}`);
  const tail = others.length === 0 ? "" : ` ${others.join(" ")}`;
  return `${id} ${role} term ${term} leader ${leaderId} commit ${commitIndex}/${lastIndex} members ${members}${tail}`;
}

function describe(m: Message): string {
  return `${m.from}>${m.to} ${m.kind} term ${m.term}${detail(m)}`;
}

function detail(m: Message): string {
  switch (m.kind) {
    case "pre-vote-request":
    case "vote-request":
      return ` log ${m.lastIndex}/${m.lastTerm}${m.kind === "vote-request" && m.transfer ? " transfer" : ""}`;
    case "pre-vote-response":
    case "vote-response":
      return m.granted ? " yes" : " no";
    case "append": {
      const entries = m.entries.map(({ index, term, body }) => `${index}/${term} ${bodyText(body)}`);
      return ` after ${m.prevIndex}/${m.prevTerm} commit ${m.commit} [${entries.join("; ")}]`;
    }
    case "append-accepted":
      return ` match ${m.matchIndex}`;
    case "append-rejected":
      return ` at ${m.rejectedIndex} hint ${m.hintIndex}/${m.hintTerm}`;
    case "heartbeat":
      return ` commit ${m.commit}${m.readRound === 0 ? "" : ` round ${m.readRound}`}`;
    case "heartbeat-response":
      return `${m.readRound === 0 ? "" : ` round ${m.readRound}`}${m.diskOverdue ? ", disk overdue" : ""}`;
    case "snapshot":
      return ` ${m.snapshot.index}/${m.snapshot.term}`;
    default:
      return "";
  }
}
