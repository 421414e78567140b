// Generated from skep/v1/agent.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag, asBuffer, countField, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";
import { decodeLogOptionsFrom, decodeLogsResponse, encodeLogOptionsInto, encodeLogsResponse, type LogOptions, type LogsResponse } from "./control.ts";
import { decodeLeaderProofFrom, encodeLeaderProofInto, type LeaderProof } from "./dispatcher.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface TaskLogsRequest {
  readonly taskIds: readonly TaskId[];
  readonly options?: LogOptions | undefined;
}
/** A TaskLogsRequest with every field that is not given at its zero value. */
export function newTaskLogsRequest(init: Partial<TaskLogsRequest> = {}): TaskLogsRequest {
  return { taskIds: [], ...init };
}
export function encodeTaskLogsRequestInto(m: TaskLogsRequest, w: Writer): Writer {
  for (const value of m.taskIds) w.uint32(10).string(value);
  if (m.options !== undefined) encodeLogOptionsInto(m.options, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeTaskLogsRequest(m: TaskLogsRequest): Uint8Array {
  return encodeTaskLogsRequestInto(m, Writer.create()).finish();
}
export function decodeTaskLogsRequestFrom(r: Reader, length: number): TaskLogsRequest {
  const end = r.pos + length;
  const taskIds: TaskId[] = [];
  const m: Mutable<TaskLogsRequest> = newTaskLogsRequest({ taskIds });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        taskIds.push((r.string() as TaskId));
        break;
      case 2:
        m.options = decodeLogOptionsFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskLogsRequest. */
export function decodeTaskLogsRequest(bytes: Uint8Array): TaskLogsRequest {
  const r = Reader.create(bytes);
  return decodeTaskLogsRequestFrom(r, bytes.length);
}

/**
 * Nodes test their ways to one another together: all listen, then all send, then each tells what has arrived. So every direction is
 * tested by itself.
 */
export interface ProbeTarget {
  readonly nodeId: NodeId;
  /** host:port where its daemon answers. */
  readonly addr: string;
  /** Where it takes VXLAN packets, without a port. */
  readonly underlayAddresses: readonly string[];
}
/** A ProbeTarget with every field that is not given at its zero value. */
export function newProbeTarget(init: Partial<ProbeTarget> = {}): ProbeTarget {
  return { nodeId: "" as NodeId, addr: "", underlayAddresses: [], ...init };
}
export function encodeProbeTargetInto(m: ProbeTarget, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.addr !== "") w.uint32(18).string(m.addr);
  for (const value of m.underlayAddresses) w.uint32(26).string(value);
  return w;
}
export function encodeProbeTarget(m: ProbeTarget): Uint8Array {
  return encodeProbeTargetInto(m, Writer.create()).finish();
}
export function decodeProbeTargetFrom(r: Reader, length: number): ProbeTarget {
  const end = r.pos + length;
  const underlayAddresses: string[] = [];
  const m: Mutable<ProbeTarget> = newProbeTarget({ underlayAddresses });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.addr = r.string();
        break;
      case 3:
        underlayAddresses.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeTarget. */
export function decodeProbeTarget(bytes: Uint8Array): ProbeTarget {
  const r = Reader.create(bytes);
  return decodeProbeTargetFrom(r, bytes.length);
}

export interface ProbePort {
  /** "tcp" or "udp". */
  readonly protocol: string;
  readonly port: number;
}
/** A ProbePort with every field that is not given at its zero value. */
export function newProbePort(init: Partial<ProbePort> = {}): ProbePort {
  return { protocol: "", port: 0, ...init };
}
export function encodeProbePortInto(m: ProbePort, w: Writer): Writer {
  if (m.protocol !== "") w.uint32(10).string(m.protocol);
  if (m.port !== 0) w.uint32(16).uint32(m.port);
  return w;
}
export function encodeProbePort(m: ProbePort): Uint8Array {
  return encodeProbePortInto(m, Writer.create()).finish();
}
export function decodeProbePortFrom(r: Reader, length: number): ProbePort {
  const end = r.pos + length;

  const m: Mutable<ProbePort> = newProbePort();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.protocol = r.string();
        break;
      case 2:
        m.port = r.uint32();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbePort. */
export function decodeProbePort(bytes: Uint8Array): ProbePort {
  const r = Reader.create(bytes);
  return decodeProbePortFrom(r, bytes.length);
}

export interface ProbePrepare {
  /** Of the node that is asked. */
  readonly underlayAddresses: readonly string[];
  /** Whom it sends to; it hears whoever sends to it. */
  readonly targets: readonly ProbeTarget[];
  readonly dataPathPort: number;
  /** Of packets, as tasks would send them: at most 8, each at most 9,000 bytes. */
  readonly sizes: readonly number[];
  /** The same inside the tunnels of encrypted networks. */
  readonly tunnelSizes: readonly number[];
  /** That nodes must reach of one another: for these the host's firewall is read. At most 8. */
  readonly ports: readonly ProbePort[];
}
/** A ProbePrepare with every field that is not given at its zero value. */
export function newProbePrepare(init: Partial<ProbePrepare> = {}): ProbePrepare {
  return { underlayAddresses: [], targets: [], dataPathPort: 0, sizes: [], tunnelSizes: [], ports: [], ...init };
}
export function encodeProbePrepareInto(m: ProbePrepare, w: Writer): Writer {
  for (const value of m.underlayAddresses) w.uint32(10).string(value);
  for (const value of m.targets) encodeProbeTargetInto(value, w.uint32(18).fork()).ldelim();
  if (m.dataPathPort !== 0) w.uint32(24).uint32(m.dataPathPort);
  if (m.sizes.length > 0) {
    w.uint32(34).fork();
    for (const value of m.sizes) w.uint32(value);
    w.ldelim();
  }
  if (m.tunnelSizes.length > 0) {
    w.uint32(42).fork();
    for (const value of m.tunnelSizes) w.uint32(value);
    w.ldelim();
  }
  for (const value of m.ports) encodeProbePortInto(value, w.uint32(50).fork()).ldelim();
  return w;
}
export function encodeProbePrepare(m: ProbePrepare): Uint8Array {
  return encodeProbePrepareInto(m, Writer.create()).finish();
}
export function decodeProbePrepareFrom(r: Reader, length: number): ProbePrepare {
  const end = r.pos + length;
  const underlayAddresses: string[] = [];
  const targets: ProbeTarget[] = [];
  const sizes: number[] = [];
  const tunnelSizes: number[] = [];
  const ports: ProbePort[] = [];
  const m: Mutable<ProbePrepare> = newProbePrepare({ underlayAddresses, targets, sizes, tunnelSizes, ports });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        underlayAddresses.push(r.string());
        break;
      case 2:
        targets.push(decodeProbeTargetFrom(r, r.uint32()));
        break;
      case 3:
        m.dataPathPort = r.uint32();
        break;
      case 4:
        if ((tag & 7) === 2) {
          const stop = r.uint32() + r.pos;
          while (r.pos < stop) {
            countField();
            sizes.push(r.uint32());
          }
        } else sizes.push(r.uint32());
        break;
      case 5:
        if ((tag & 7) === 2) {
          const stop = r.uint32() + r.pos;
          while (r.pos < stop) {
            countField();
            tunnelSizes.push(r.uint32());
          }
        } else tunnelSizes.push(r.uint32());
        break;
      case 6:
        ports.push(decodeProbePortFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbePrepare. */
export function decodeProbePrepare(bytes: Uint8Array): ProbePrepare {
  const r = Reader.create(bytes);
  return decodeProbePrepareFrom(r, bytes.length);
}

export interface ProbeSend {

}
/** A ProbeSend with every field that is not given at its zero value. */
export function newProbeSend(init: Partial<ProbeSend> = {}): ProbeSend {
  return { ...init };
}
export function encodeProbeSendInto(_m: ProbeSend, w: Writer): Writer {

  return w;
}
export function encodeProbeSend(m: ProbeSend): Uint8Array {
  return encodeProbeSendInto(m, Writer.create()).finish();
}
export function decodeProbeSendFrom(r: Reader, length: number): ProbeSend {
  const end = r.pos + length;

  const m: Mutable<ProbeSend> = newProbeSend();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeSend. */
export function decodeProbeSend(bytes: Uint8Array): ProbeSend {
  const r = Reader.create(bytes);
  return decodeProbeSendFrom(r, bytes.length);
}

export interface ProbeCollect {

}
/** A ProbeCollect with every field that is not given at its zero value. */
export function newProbeCollect(init: Partial<ProbeCollect> = {}): ProbeCollect {
  return { ...init };
}
export function encodeProbeCollectInto(_m: ProbeCollect, w: Writer): Writer {

  return w;
}
export function encodeProbeCollect(m: ProbeCollect): Uint8Array {
  return encodeProbeCollectInto(m, Writer.create()).finish();
}
export function decodeProbeCollectFrom(r: Reader, length: number): ProbeCollect {
  const end = r.pos + length;

  const m: Mutable<ProbeCollect> = newProbeCollect();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeCollect. */
export function decodeProbeCollect(bytes: Uint8Array): ProbeCollect {
  const r = Reader.create(bytes);
  return decodeProbeCollectFrom(r, bytes.length);
}

export interface ProbeCommand {
  readonly command?:
    | ({ readonly kind: "prepare" } & ProbePrepare)
    | ({ readonly kind: "send" } & ProbeSend)
    | ({ readonly kind: "collect" } & ProbeCollect)
    | undefined;
}
/** A ProbeCommand with every field that is not given at its zero value. */
export function newProbeCommand(init: Partial<ProbeCommand> = {}): ProbeCommand {
  return { ...init };
}
export function encodeProbeCommandInto(m: ProbeCommand, w: Writer): Writer {
  switch (m.command?.kind) {
    case "prepare":
      encodeProbePrepareInto(m.command, w.uint32(10).fork()).ldelim();
      break;
    case "send":
      encodeProbeSendInto(m.command, w.uint32(18).fork()).ldelim();
      break;
    case "collect":
      encodeProbeCollectInto(m.command, w.uint32(26).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeProbeCommand(m: ProbeCommand): Uint8Array {
  return encodeProbeCommandInto(m, Writer.create()).finish();
}
export function decodeProbeCommandFrom(r: Reader, length: number): ProbeCommand {
  const end = r.pos + length;

  const m: Mutable<ProbeCommand> = newProbeCommand();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.command = { kind: "prepare", ...decodeProbePrepareFrom(r, r.uint32()) };
        break;
      case 2:
        m.command = { kind: "send", ...decodeProbeSendFrom(r, r.uint32()) };
        break;
      case 3:
        m.command = { kind: "collect", ...decodeProbeCollectFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeCommand. */
export function decodeProbeCommand(bytes: Uint8Array): ProbeCommand {
  const r = Reader.create(bytes);
  return decodeProbeCommandFrom(r, bytes.length);
}

export interface ProbeReady {
  /** By the node's clock, Unix milliseconds. */
  readonly nowMs: number;
  /** Why this node can test no VXLAN; empty when it can. */
  readonly problem: string;
}
/** A ProbeReady with every field that is not given at its zero value. */
export function newProbeReady(init: Partial<ProbeReady> = {}): ProbeReady {
  return { nowMs: 0, problem: "", ...init };
}
export function encodeProbeReadyInto(m: ProbeReady, w: Writer): Writer {
  if (m.nowMs !== 0) w.uint32(8).int64(m.nowMs);
  if (m.problem !== "") w.uint32(18).string(m.problem);
  return w;
}
export function encodeProbeReady(m: ProbeReady): Uint8Array {
  return encodeProbeReadyInto(m, Writer.create()).finish();
}
export function decodeProbeReadyFrom(r: Reader, length: number): ProbeReady {
  const end = r.pos + length;

  const m: Mutable<ProbeReady> = newProbeReady();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nowMs = toNumber(r.int64());
        break;
      case 2:
        m.problem = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeReady. */
export function decodeProbeReady(bytes: Uint8Array): ProbeReady {
  const r = Reader.create(bytes);
  return decodeProbeReadyFrom(r, bytes.length);
}

export interface ProbeConnection {
  readonly nodeId: NodeId;
  /** Empty: it could be made. */
  readonly error: string;
}
/** A ProbeConnection with every field that is not given at its zero value. */
export function newProbeConnection(init: Partial<ProbeConnection> = {}): ProbeConnection {
  return { nodeId: "" as NodeId, error: "", ...init };
}
export function encodeProbeConnectionInto(m: ProbeConnection, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.error !== "") w.uint32(18).string(m.error);
  return w;
}
export function encodeProbeConnection(m: ProbeConnection): Uint8Array {
  return encodeProbeConnectionInto(m, Writer.create()).finish();
}
export function decodeProbeConnectionFrom(r: Reader, length: number): ProbeConnection {
  const end = r.pos + length;

  const m: Mutable<ProbeConnection> = newProbeConnection();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.error = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeConnection. */
export function decodeProbeConnection(bytes: Uint8Array): ProbeConnection {
  const r = Reader.create(bytes);
  return decodeProbeConnectionFrom(r, bytes.length);
}

export interface ProbeSent {
  /** To the port of every target's daemon. */
  readonly connections: readonly ProbeConnection[];
  /** Targets that there is a tunnel to. */
  readonly tunnelNodeIds: readonly NodeId[];
}
/** A ProbeSent with every field that is not given at its zero value. */
export function newProbeSent(init: Partial<ProbeSent> = {}): ProbeSent {
  return { connections: [], tunnelNodeIds: [], ...init };
}
export function encodeProbeSentInto(m: ProbeSent, w: Writer): Writer {
  for (const value of m.connections) encodeProbeConnectionInto(value, w.uint32(10).fork()).ldelim();
  for (const value of m.tunnelNodeIds) w.uint32(18).string(value);
  return w;
}
export function encodeProbeSent(m: ProbeSent): Uint8Array {
  return encodeProbeSentInto(m, Writer.create()).finish();
}
export function decodeProbeSentFrom(r: Reader, length: number): ProbeSent {
  const end = r.pos + length;
  const connections: ProbeConnection[] = [];
  const tunnelNodeIds: NodeId[] = [];
  const m: Mutable<ProbeSent> = newProbeSent({ connections, tunnelNodeIds });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        connections.push(decodeProbeConnectionFrom(r, r.uint32()));
        break;
      case 2:
        tunnelNodeIds.push((r.string() as NodeId));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeSent. */
export function decodeProbeSent(bytes: Uint8Array): ProbeSent {
  const r = Reader.create(bytes);
  return decodeProbeSentFrom(r, bytes.length);
}

export interface ProbeArrival {
  /** The sender's address on the probing network, or in the tunnel: it follows from its id. */
  readonly address: string;
  readonly sizes: readonly number[];
}
/** A ProbeArrival with every field that is not given at its zero value. */
export function newProbeArrival(init: Partial<ProbeArrival> = {}): ProbeArrival {
  return { address: "", sizes: [], ...init };
}
export function encodeProbeArrivalInto(m: ProbeArrival, w: Writer): Writer {
  if (m.address !== "") w.uint32(10).string(m.address);
  if (m.sizes.length > 0) {
    w.uint32(18).fork();
    for (const value of m.sizes) w.uint32(value);
    w.ldelim();
  }
  return w;
}
export function encodeProbeArrival(m: ProbeArrival): Uint8Array {
  return encodeProbeArrivalInto(m, Writer.create()).finish();
}
export function decodeProbeArrivalFrom(r: Reader, length: number): ProbeArrival {
  const end = r.pos + length;
  const sizes: number[] = [];
  const m: Mutable<ProbeArrival> = newProbeArrival({ sizes });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.address = r.string();
        break;
      case 2:
        if ((tag & 7) === 2) {
          const stop = r.uint32() + r.pos;
          while (r.pos < stop) {
            countField();
            sizes.push(r.uint32());
          }
        } else sizes.push(r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeArrival. */
export function decodeProbeArrival(bytes: Uint8Array): ProbeArrival {
  const r = Reader.create(bytes);
  return decodeProbeArrivalFrom(r, bytes.length);
}

/** What the node's own firewall seems to drop: read from its rules, not tested. */
export interface FirewallBlock {
  /** To the port here; otherwise to the port there. */
  readonly incoming: boolean;
  readonly port?: ProbePort | undefined;
  /** The other node's address for VXLAN packets; empty: whoever it is. */
  readonly peer: string;
  /** Who drops it, and what to type against it. */
  readonly what: string;
  readonly fix: string;
}
/** A FirewallBlock with every field that is not given at its zero value. */
export function newFirewallBlock(init: Partial<FirewallBlock> = {}): FirewallBlock {
  return { incoming: false, peer: "", what: "", fix: "", ...init };
}
export function encodeFirewallBlockInto(m: FirewallBlock, w: Writer): Writer {
  if (m.incoming !== false) w.uint32(8).bool(m.incoming);
  if (m.port !== undefined) encodeProbePortInto(m.port, w.uint32(18).fork()).ldelim();
  if (m.peer !== "") w.uint32(26).string(m.peer);
  if (m.what !== "") w.uint32(34).string(m.what);
  if (m.fix !== "") w.uint32(42).string(m.fix);
  return w;
}
export function encodeFirewallBlock(m: FirewallBlock): Uint8Array {
  return encodeFirewallBlockInto(m, Writer.create()).finish();
}
export function decodeFirewallBlockFrom(r: Reader, length: number): FirewallBlock {
  const end = r.pos + length;

  const m: Mutable<FirewallBlock> = newFirewallBlock();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.incoming = r.bool();
        break;
      case 2:
        m.port = decodeProbePortFrom(r, r.uint32());
        break;
      case 3:
        m.peer = r.string();
        break;
      case 4:
        m.what = r.string();
        break;
      case 5:
        m.fix = r.string();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a FirewallBlock. */
export function decodeFirewallBlock(bytes: Uint8Array): FirewallBlock {
  const r = Reader.create(bytes);
  return decodeFirewallBlockFrom(r, bytes.length);
}

export interface ProbeArrived {
  readonly vxlan: readonly ProbeArrival[];
  readonly tunnels: readonly ProbeArrival[];
  readonly blocks: readonly FirewallBlock[];
}
/** A ProbeArrived with every field that is not given at its zero value. */
export function newProbeArrived(init: Partial<ProbeArrived> = {}): ProbeArrived {
  return { vxlan: [], tunnels: [], blocks: [], ...init };
}
export function encodeProbeArrivedInto(m: ProbeArrived, w: Writer): Writer {
  for (const value of m.vxlan) encodeProbeArrivalInto(value, w.uint32(10).fork()).ldelim();
  for (const value of m.tunnels) encodeProbeArrivalInto(value, w.uint32(18).fork()).ldelim();
  for (const value of m.blocks) encodeFirewallBlockInto(value, w.uint32(26).fork()).ldelim();
  return w;
}
export function encodeProbeArrived(m: ProbeArrived): Uint8Array {
  return encodeProbeArrivedInto(m, Writer.create()).finish();
}
export function decodeProbeArrivedFrom(r: Reader, length: number): ProbeArrived {
  const end = r.pos + length;
  const vxlan: ProbeArrival[] = [];
  const tunnels: ProbeArrival[] = [];
  const blocks: FirewallBlock[] = [];
  const m: Mutable<ProbeArrived> = newProbeArrived({ vxlan, tunnels, blocks });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        vxlan.push(decodeProbeArrivalFrom(r, r.uint32()));
        break;
      case 2:
        tunnels.push(decodeProbeArrivalFrom(r, r.uint32()));
        break;
      case 3:
        blocks.push(decodeFirewallBlockFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeArrived. */
export function decodeProbeArrived(bytes: Uint8Array): ProbeArrived {
  const r = Reader.create(bytes);
  return decodeProbeArrivedFrom(r, bytes.length);
}

export interface ProbeAnswer {
  readonly answer?:
    | ({ readonly kind: "ready" } & ProbeReady)
    | ({ readonly kind: "sent" } & ProbeSent)
    | ({ readonly kind: "arrived" } & ProbeArrived)
    | undefined;
}
/** A ProbeAnswer with every field that is not given at its zero value. */
export function newProbeAnswer(init: Partial<ProbeAnswer> = {}): ProbeAnswer {
  return { ...init };
}
export function encodeProbeAnswerInto(m: ProbeAnswer, w: Writer): Writer {
  switch (m.answer?.kind) {
    case "ready":
      encodeProbeReadyInto(m.answer, w.uint32(10).fork()).ldelim();
      break;
    case "sent":
      encodeProbeSentInto(m.answer, w.uint32(18).fork()).ldelim();
      break;
    case "arrived":
      encodeProbeArrivedInto(m.answer, w.uint32(26).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeProbeAnswer(m: ProbeAnswer): Uint8Array {
  return encodeProbeAnswerInto(m, Writer.create()).finish();
}
export function decodeProbeAnswerFrom(r: Reader, length: number): ProbeAnswer {
  const end = r.pos + length;

  const m: Mutable<ProbeAnswer> = newProbeAnswer();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.answer = { kind: "ready", ...decodeProbeReadyFrom(r, r.uint32()) };
        break;
      case 2:
        m.answer = { kind: "sent", ...decodeProbeSentFrom(r, r.uint32()) };
        break;
      case 3:
        m.answer = { kind: "arrived", ...decodeProbeArrivedFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ProbeAnswer. */
export function decodeProbeAnswer(bytes: Uint8Array): ProbeAnswer {
  const r = Reader.create(bytes);
  return decodeProbeAnswerFrom(r, bytes.length);
}

/** A node that has been away for long may know no manager's address any more. The leader calls it and says who they are. */
export interface MeetManagersRequest {
  /** host:port; at most 64. */
  readonly managers: readonly string[];
  /** Of the challenge that the node has just answered with. */
  readonly proofs: readonly LeaderProof[];
}
/** A MeetManagersRequest with every field that is not given at its zero value. */
export function newMeetManagersRequest(init: Partial<MeetManagersRequest> = {}): MeetManagersRequest {
  return { managers: [], proofs: [], ...init };
}
export function encodeMeetManagersRequestInto(m: MeetManagersRequest, w: Writer): Writer {
  for (const value of m.managers) w.uint32(10).string(value);
  for (const value of m.proofs) encodeLeaderProofInto(value, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeMeetManagersRequest(m: MeetManagersRequest): Uint8Array {
  return encodeMeetManagersRequestInto(m, Writer.create()).finish();
}
export function decodeMeetManagersRequestFrom(r: Reader, length: number): MeetManagersRequest {
  const end = r.pos + length;
  const managers: string[] = [];
  const proofs: LeaderProof[] = [];
  const m: Mutable<MeetManagersRequest> = newMeetManagersRequest({ managers, proofs });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        managers.push(r.string());
        break;
      case 2:
        proofs.push(decodeLeaderProofFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a MeetManagersRequest. */
export function decodeMeetManagersRequest(bytes: Uint8Array): MeetManagersRequest {
  const r = Reader.create(bytes);
  return decodeMeetManagersRequestFrom(r, bytes.length);
}

export interface MeetManagersResponse {
  /** The node listens to who signs this and calls again; empty: there is nothing to sign, or it does not listen now. */
  readonly challenge: Uint8Array;
}
/** A MeetManagersResponse with every field that is not given at its zero value. */
export function newMeetManagersResponse(init: Partial<MeetManagersResponse> = {}): MeetManagersResponse {
  return { challenge: EMPTY, ...init };
}
export function encodeMeetManagersResponseInto(m: MeetManagersResponse, w: Writer): Writer {
  if (m.challenge.length > 0) w.uint32(10).bytes(m.challenge);
  return w;
}
export function encodeMeetManagersResponse(m: MeetManagersResponse): Uint8Array {
  return encodeMeetManagersResponseInto(m, Writer.create()).finish();
}
export function decodeMeetManagersResponseFrom(r: Reader, length: number): MeetManagersResponse {
  const end = r.pos + length;

  const m: Mutable<MeetManagersResponse> = newMeetManagersResponse();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.challenge = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a MeetManagersResponse. */
export function decodeMeetManagersResponse(bytes: Uint8Array): MeetManagersResponse {
  const r = Reader.create(bytes);
  return decodeMeetManagersResponseFrom(r, bytes.length);
}

/** Served by every node to managers. */
export const AgentService = {
  taskLogs: {
    path: "/skep.v1.Agent/TaskLogs",
    requestStream: false,
    responseStream: true,
    requestSerialize: (m: TaskLogsRequest): Buffer => asBuffer(encodeTaskLogsRequest(m)),
    requestDeserialize: (b: Buffer): TaskLogsRequest => decodeBounded(decodeTaskLogsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: LogsResponse): Buffer => asBuffer(encodeLogsResponse(m)),
    responseDeserialize: (b: Buffer): LogsResponse => decodeBounded(decodeLogsResponse, b, 200000),
  },
  /** One answer to each command; what the node made for it goes with the call. */
  probeNetwork: {
    path: "/skep.v1.Agent/ProbeNetwork",
    requestStream: true,
    responseStream: true,
    requestSerialize: (m: ProbeCommand): Buffer => asBuffer(encodeProbeCommand(m)),
    requestDeserialize: (b: Buffer): ProbeCommand => decodeBounded(decodeProbeCommand, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: ProbeAnswer): Buffer => asBuffer(encodeProbeAnswer(m)),
    responseDeserialize: (b: Buffer): ProbeAnswer => decodeBounded(decodeProbeAnswer, b, 200000),
  },
  /** Ignored by a node that has a session, or had one just now. */
  meetManagers: {
    path: "/skep.v1.Agent/MeetManagers",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: MeetManagersRequest): Buffer => asBuffer(encodeMeetManagersRequest(m)),
    requestDeserialize: (b: Buffer): MeetManagersRequest => decodeBounded(decodeMeetManagersRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: MeetManagersResponse): Buffer => asBuffer(encodeMeetManagersResponse(m)),
    responseDeserialize: (b: Buffer): MeetManagersResponse => decodeBounded(decodeMeetManagersResponse, b, 200000),
  },
} as const;
