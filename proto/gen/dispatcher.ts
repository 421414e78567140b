// Generated from skep/v1/dispatcher.proto by proto/generate.ts. Do not edit: npm run proto.
import { Reader, Writer, toNumber, nextTag, asBuffer, decodeBounded, MAX_REQUEST_FIELDS } from "../wire.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";
import { decodeNetworkAppliedFrom, decodeNetworkHeldFrom, decodeNetworkResyncFrom, decodeNetworkUpdateFrom, encodeNetworkAppliedInto, encodeNetworkHeldInto, encodeNetworkResyncInto, encodeNetworkUpdateInto, type NetworkApplied, type NetworkHeld, type NetworkResync, type NetworkUpdate } from "./network.ts";
import { NodeRoleNumber, decodeBlacklistedCertificateFrom, decodeNodeDescriptionFrom, decodeTaskFrom, decodeTaskStatusFrom, encodeBlacklistedCertificateInto, encodeNodeDescriptionInto, encodeTaskInto, encodeTaskStatusInto, readNodeRole, type BlacklistedCertificate, type NodeDescription, type NodeRole, type Task, type TaskStatus } from "./objects.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
const EMPTY = new Uint8Array(0);
export interface AgentHello {
  readonly description?: NodeDescription | undefined;
  /** host:port where this node's daemon answers, when that is news; empty otherwise. */
  readonly addr: string;
  readonly networks: readonly NetworkHeld[];
  /** 32 random bytes, new for each session: see SessionInfo.proofs. */
  readonly challenge: Uint8Array;
}
/** A AgentHello with every field that is not given at its zero value. */
export function newAgentHello(init: Partial<AgentHello> = {}): AgentHello {
  return { addr: "", networks: [], challenge: EMPTY, ...init };
}
export function encodeAgentHelloInto(m: AgentHello, w: Writer): Writer {
  if (m.description !== undefined) encodeNodeDescriptionInto(m.description, w.uint32(10).fork()).ldelim();
  if (m.addr !== "") w.uint32(18).string(m.addr);
  for (const value of m.networks) encodeNetworkHeldInto(value, w.uint32(26).fork()).ldelim();
  if (m.challenge.length > 0) w.uint32(34).bytes(m.challenge);
  return w;
}
export function encodeAgentHello(m: AgentHello): Uint8Array {
  return encodeAgentHelloInto(m, Writer.create()).finish();
}
export function decodeAgentHelloFrom(r: Reader, length: number): AgentHello {
  const end = r.pos + length;
  const networks: NetworkHeld[] = [];
  const m: Mutable<AgentHello> = newAgentHello({ networks });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.description = decodeNodeDescriptionFrom(r, r.uint32());
        break;
      case 2:
        m.addr = r.string();
        break;
      case 3:
        networks.push(decodeNetworkHeldFrom(r, r.uint32()));
        break;
      case 4:
        m.challenge = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a AgentHello. */
export function decodeAgentHello(bytes: Uint8Array): AgentHello {
  const r = Reader.create(bytes);
  return decodeAgentHelloFrom(r, bytes.length);
}

export interface AgentBeat {

}
/** A AgentBeat with every field that is not given at its zero value. */
export function newAgentBeat(init: Partial<AgentBeat> = {}): AgentBeat {
  return { ...init };
}
export function encodeAgentBeatInto(_m: AgentBeat, w: Writer): Writer {

  return w;
}
export function encodeAgentBeat(m: AgentBeat): Uint8Array {
  return encodeAgentBeatInto(m, Writer.create()).finish();
}
export function decodeAgentBeatFrom(r: Reader, length: number): AgentBeat {
  const end = r.pos + length;

  const m: Mutable<AgentBeat> = newAgentBeat();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a AgentBeat. */
export function decodeAgentBeat(bytes: Uint8Array): AgentBeat {
  const r = Reader.create(bytes);
  return decodeAgentBeatFrom(r, bytes.length);
}

export interface TaskStatusUpdate {
  readonly taskId: TaskId;
  readonly status?: TaskStatus | undefined;
}
/** A TaskStatusUpdate with every field that is not given at its zero value. */
export function newTaskStatusUpdate(init: Partial<TaskStatusUpdate> = {}): TaskStatusUpdate {
  return { taskId: "" as TaskId, ...init };
}
export function encodeTaskStatusUpdateInto(m: TaskStatusUpdate, w: Writer): Writer {
  if (m.taskId !== "") w.uint32(10).string(m.taskId);
  if (m.status !== undefined) encodeTaskStatusInto(m.status, w.uint32(18).fork()).ldelim();
  return w;
}
export function encodeTaskStatusUpdate(m: TaskStatusUpdate): Uint8Array {
  return encodeTaskStatusUpdateInto(m, Writer.create()).finish();
}
export function decodeTaskStatusUpdateFrom(r: Reader, length: number): TaskStatusUpdate {
  const end = r.pos + length;

  const m: Mutable<TaskStatusUpdate> = newTaskStatusUpdate();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.taskId = (r.string() as TaskId);
        break;
      case 2:
        m.status = decodeTaskStatusFrom(r, r.uint32());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TaskStatusUpdate. */
export function decodeTaskStatusUpdate(bytes: Uint8Array): TaskStatusUpdate {
  const r = Reader.create(bytes);
  return decodeTaskStatusUpdateFrom(r, bytes.length);
}

export interface AgentStatuses {
  readonly updates: readonly TaskStatusUpdate[];
}
/** A AgentStatuses with every field that is not given at its zero value. */
export function newAgentStatuses(init: Partial<AgentStatuses> = {}): AgentStatuses {
  return { updates: [], ...init };
}
export function encodeAgentStatusesInto(m: AgentStatuses, w: Writer): Writer {
  for (const value of m.updates) encodeTaskStatusUpdateInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeAgentStatuses(m: AgentStatuses): Uint8Array {
  return encodeAgentStatusesInto(m, Writer.create()).finish();
}
export function decodeAgentStatusesFrom(r: Reader, length: number): AgentStatuses {
  const end = r.pos + length;
  const updates: TaskStatusUpdate[] = [];
  const m: Mutable<AgentStatuses> = newAgentStatuses({ updates });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        updates.push(decodeTaskStatusUpdateFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a AgentStatuses. */
export function decodeAgentStatuses(bytes: Uint8Array): AgentStatuses {
  const r = Reader.create(bytes);
  return decodeAgentStatusesFrom(r, bytes.length);
}

export interface AgentMessage {
  readonly message?:
    | ({ readonly kind: "hello" } & AgentHello)
    | ({ readonly kind: "beat" } & AgentBeat)
    | ({ readonly kind: "statuses" } & AgentStatuses)
    | ({ readonly kind: "description" } & NodeDescription)
    | ({ readonly kind: "networkApplied" } & NetworkApplied)
    | ({ readonly kind: "networkResync" } & NetworkResync)
    | undefined;
}
/** A AgentMessage with every field that is not given at its zero value. */
export function newAgentMessage(init: Partial<AgentMessage> = {}): AgentMessage {
  return { ...init };
}
export function encodeAgentMessageInto(m: AgentMessage, w: Writer): Writer {
  switch (m.message?.kind) {
    case "hello":
      encodeAgentHelloInto(m.message, w.uint32(10).fork()).ldelim();
      break;
    case "beat":
      encodeAgentBeatInto(m.message, w.uint32(18).fork()).ldelim();
      break;
    case "statuses":
      encodeAgentStatusesInto(m.message, w.uint32(26).fork()).ldelim();
      break;
    case "description":
      encodeNodeDescriptionInto(m.message, w.uint32(34).fork()).ldelim();
      break;
    case "networkApplied":
      encodeNetworkAppliedInto(m.message, w.uint32(42).fork()).ldelim();
      break;
    case "networkResync":
      encodeNetworkResyncInto(m.message, w.uint32(50).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeAgentMessage(m: AgentMessage): Uint8Array {
  return encodeAgentMessageInto(m, Writer.create()).finish();
}
export function decodeAgentMessageFrom(r: Reader, length: number): AgentMessage {
  const end = r.pos + length;

  const m: Mutable<AgentMessage> = newAgentMessage();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.message = { kind: "hello", ...decodeAgentHelloFrom(r, r.uint32()) };
        break;
      case 2:
        m.message = { kind: "beat", ...decodeAgentBeatFrom(r, r.uint32()) };
        break;
      case 3:
        m.message = { kind: "statuses", ...decodeAgentStatusesFrom(r, r.uint32()) };
        break;
      case 4:
        m.message = { kind: "description", ...decodeNodeDescriptionFrom(r, r.uint32()) };
        break;
      case 5:
        m.message = { kind: "networkApplied", ...decodeNetworkAppliedFrom(r, r.uint32()) };
        break;
      case 6:
        m.message = { kind: "networkResync", ...decodeNetworkResyncFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a AgentMessage. */
export function decodeAgentMessage(bytes: Uint8Array): AgentMessage {
  const r = Reader.create(bytes);
  return decodeAgentMessageFrom(r, bytes.length);
}

/** A signature with a key of the cluster's CA, which managers have and nodes that were demoted have no more. */
export interface LeaderProof {
  /** Digest of the root whose key it is. */
  readonly root: string;
  /** ECDSA over SHA-256, in DER, of what shared/pki/leader-proof.ts writes. */
  readonly signature: Uint8Array;
}
/** A LeaderProof with every field that is not given at its zero value. */
export function newLeaderProof(init: Partial<LeaderProof> = {}): LeaderProof {
  return { root: "", signature: EMPTY, ...init };
}
export function encodeLeaderProofInto(m: LeaderProof, w: Writer): Writer {
  if (m.root !== "") w.uint32(10).string(m.root);
  if (m.signature.length > 0) w.uint32(18).bytes(m.signature);
  return w;
}
export function encodeLeaderProof(m: LeaderProof): Uint8Array {
  return encodeLeaderProofInto(m, Writer.create()).finish();
}
export function decodeLeaderProofFrom(r: Reader, length: number): LeaderProof {
  const end = r.pos + length;

  const m: Mutable<LeaderProof> = newLeaderProof();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.root = r.string();
        break;
      case 2:
        m.signature = r.bytes();
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a LeaderProof. */
export function decodeLeaderProof(bytes: Uint8Array): LeaderProof {
  const r = Reader.create(bytes);
  return decodeLeaderProofFrom(r, bytes.length);
}

/** A node that was a manager, and may still hold a certificate that says so. */
export interface DemotedNode {
  readonly nodeId: NodeId;
  /** Node.demoted_version: a manager's certificate issued over an older version is void. */
  readonly version: number;
}
/** A DemotedNode with every field that is not given at its zero value. */
export function newDemotedNode(init: Partial<DemotedNode> = {}): DemotedNode {
  return { nodeId: "" as NodeId, version: 0, ...init };
}
export function encodeDemotedNodeInto(m: DemotedNode, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.version !== 0) w.uint32(16).uint64(m.version);
  return w;
}
export function encodeDemotedNode(m: DemotedNode): Uint8Array {
  return encodeDemotedNodeInto(m, Writer.create()).finish();
}
export function decodeDemotedNodeFrom(r: Reader, length: number): DemotedNode {
  const end = r.pos + length;

  const m: Mutable<DemotedNode> = newDemotedNode();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.version = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DemotedNode. */
export function decodeDemotedNode(bytes: Uint8Array): DemotedNode {
  const r = Reader.create(bytes);
  return decodeDemotedNodeFrom(r, bytes.length);
}

export interface SessionInfo {
  readonly nodeId: NodeId;
  readonly heartbeatPeriodMs: number;
  readonly suspectAfterMs: number;
  /** All managers, host:port, for the next connect. */
  readonly managers: readonly string[];
  readonly insecureRegistries: readonly string[];
  /** The role that the node should have; when it differs from its certificate the node renews it. */
  readonly role: NodeRole;
  /** PEM of the root certificates to trust, the present one first; two while the root is being replaced. */
  readonly trustRoots: Uint8Array;
  /** Digest of the root that the node's certificate should be from; when it is not the node renews it. */
  readonly issuingRoot: string;
  /** Nodes that were removed and may still hold a valid certificate: refuse them. */
  readonly blacklistedCertificates: readonly BlacklistedCertificate[];
  /** host:port that the cluster reaches this node at: what the node says of itself from now on. */
  readonly addr: string;
  /** The epoch that the node should have a tunnel key of. */
  readonly networkKeyEpoch: number;
  /** The managers: whoever else shows a manager's certificate was demoted. Empty: not told. */
  readonly managerIds: readonly string[];
  /** Of the hello's challenge: one for each root of the cluster, of which there are two while the root is being replaced. */
  readonly proofs: readonly LeaderProof[];
  /** Nodes that were demoted and are in the cluster. */
  readonly demoted: readonly DemotedNode[];
  /** A manager's certificate of this node from before this version opens nothing: the node renews it. */
  readonly certificateMinVersion: number;
}
/** A SessionInfo with every field that is not given at its zero value. */
export function newSessionInfo(init: Partial<SessionInfo> = {}): SessionInfo {
  return { nodeId: "" as NodeId, heartbeatPeriodMs: 0, suspectAfterMs: 0, managers: [], insecureRegistries: [], role: "worker", trustRoots: EMPTY, issuingRoot: "", blacklistedCertificates: [], addr: "", networkKeyEpoch: 0, managerIds: [], proofs: [], demoted: [], certificateMinVersion: 0, ...init };
}
export function encodeSessionInfoInto(m: SessionInfo, w: Writer): Writer {
  if (m.nodeId !== "") w.uint32(10).string(m.nodeId);
  if (m.heartbeatPeriodMs !== 0) w.uint32(16).int64(m.heartbeatPeriodMs);
  if (m.suspectAfterMs !== 0) w.uint32(24).int64(m.suspectAfterMs);
  for (const value of m.managers) w.uint32(34).string(value);
  for (const value of m.insecureRegistries) w.uint32(42).string(value);
  if (m.role !== "worker") w.uint32(48).int32(NodeRoleNumber[m.role]);
  if (m.trustRoots.length > 0) w.uint32(58).bytes(m.trustRoots);
  if (m.issuingRoot !== "") w.uint32(66).string(m.issuingRoot);
  for (const value of m.blacklistedCertificates) encodeBlacklistedCertificateInto(value, w.uint32(74).fork()).ldelim();
  if (m.addr !== "") w.uint32(82).string(m.addr);
  if (m.networkKeyEpoch !== 0) w.uint32(88).uint64(m.networkKeyEpoch);
  for (const value of m.managerIds) w.uint32(98).string(value);
  for (const value of m.proofs) encodeLeaderProofInto(value, w.uint32(106).fork()).ldelim();
  for (const value of m.demoted) encodeDemotedNodeInto(value, w.uint32(114).fork()).ldelim();
  if (m.certificateMinVersion !== 0) w.uint32(120).uint64(m.certificateMinVersion);
  return w;
}
export function encodeSessionInfo(m: SessionInfo): Uint8Array {
  return encodeSessionInfoInto(m, Writer.create()).finish();
}
export function decodeSessionInfoFrom(r: Reader, length: number): SessionInfo {
  const end = r.pos + length;
  const managers: string[] = [];
  const insecureRegistries: string[] = [];
  const blacklistedCertificates: BlacklistedCertificate[] = [];
  const managerIds: string[] = [];
  const proofs: LeaderProof[] = [];
  const demoted: DemotedNode[] = [];
  const m: Mutable<SessionInfo> = newSessionInfo({ managers, insecureRegistries, blacklistedCertificates, managerIds, proofs, demoted });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.nodeId = (r.string() as NodeId);
        break;
      case 2:
        m.heartbeatPeriodMs = toNumber(r.int64());
        break;
      case 3:
        m.suspectAfterMs = toNumber(r.int64());
        break;
      case 4:
        managers.push(r.string());
        break;
      case 5:
        insecureRegistries.push(r.string());
        break;
      case 6:
        m.role = readNodeRole(r.int32());
        break;
      case 7:
        m.trustRoots = r.bytes();
        break;
      case 8:
        m.issuingRoot = r.string();
        break;
      case 9:
        blacklistedCertificates.push(decodeBlacklistedCertificateFrom(r, r.uint32()));
        break;
      case 10:
        m.addr = r.string();
        break;
      case 11:
        m.networkKeyEpoch = toNumber(r.uint64());
        break;
      case 12:
        managerIds.push(r.string());
        break;
      case 13:
        proofs.push(decodeLeaderProofFrom(r, r.uint32()));
        break;
      case 14:
        demoted.push(decodeDemotedNodeFrom(r, r.uint32()));
        break;
      case 15:
        m.certificateMinVersion = toNumber(r.uint64());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a SessionInfo. */
export function decodeSessionInfo(bytes: Uint8Array): SessionInfo {
  const r = Reader.create(bytes);
  return decodeSessionInfoFrom(r, bytes.length);
}

export type AssignmentsType = "complete" | "incremental";
export const AssignmentsTypeNumber: Readonly<Record<AssignmentsType, number>> = {
  complete: 0,
  incremental: 1,
};
function readAssignmentsType(number: number): AssignmentsType {
  switch (number) {
    case 0:
      return "complete";
    case 1:
      return "incremental";
    default:
      throw new RangeError(`unknown AssignmentsType ${number} on the wire`);
  }
}

export interface Assignments {
  readonly type: AssignmentsType;
  /** Sequence of the stream: an incremental message applies to the state `applies_to`. */
  readonly sequence: number;
  readonly appliesTo: number;
  readonly tasks: readonly Task[];
  /** Tasks that are no longer this node's business: forget and clean up. */
  readonly removedTaskIds: readonly TaskId[];
}
/** A Assignments with every field that is not given at its zero value. */
export function newAssignments(init: Partial<Assignments> = {}): Assignments {
  return { type: "complete", sequence: 0, appliesTo: 0, tasks: [], removedTaskIds: [], ...init };
}
export function encodeAssignmentsInto(m: Assignments, w: Writer): Writer {
  if (m.type !== "complete") w.uint32(8).int32(AssignmentsTypeNumber[m.type]);
  if (m.sequence !== 0) w.uint32(16).uint64(m.sequence);
  if (m.appliesTo !== 0) w.uint32(24).uint64(m.appliesTo);
  for (const value of m.tasks) encodeTaskInto(value, w.uint32(34).fork()).ldelim();
  for (const value of m.removedTaskIds) w.uint32(42).string(value);
  return w;
}
export function encodeAssignments(m: Assignments): Uint8Array {
  return encodeAssignmentsInto(m, Writer.create()).finish();
}
export function decodeAssignmentsFrom(r: Reader, length: number): Assignments {
  const end = r.pos + length;
  const tasks: Task[] = [];
  const removedTaskIds: TaskId[] = [];
  const m: Mutable<Assignments> = newAssignments({ tasks, removedTaskIds });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.type = readAssignmentsType(r.int32());
        break;
      case 2:
        m.sequence = toNumber(r.uint64());
        break;
      case 3:
        m.appliesTo = toNumber(r.uint64());
        break;
      case 4:
        tasks.push(decodeTaskFrom(r, r.uint32()));
        break;
      case 5:
        removedTaskIds.push((r.string() as TaskId));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a Assignments. */
export function decodeAssignments(bytes: Uint8Array): Assignments {
  const r = Reader.create(bytes);
  return decodeAssignmentsFrom(r, bytes.length);
}

export interface DispatcherBeat {

}
/** A DispatcherBeat with every field that is not given at its zero value. */
export function newDispatcherBeat(init: Partial<DispatcherBeat> = {}): DispatcherBeat {
  return { ...init };
}
export function encodeDispatcherBeatInto(_m: DispatcherBeat, w: Writer): Writer {

  return w;
}
export function encodeDispatcherBeat(m: DispatcherBeat): Uint8Array {
  return encodeDispatcherBeatInto(m, Writer.create()).finish();
}
export function decodeDispatcherBeatFrom(r: Reader, length: number): DispatcherBeat {
  const end = r.pos + length;

  const m: Mutable<DispatcherBeat> = newDispatcherBeat();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DispatcherBeat. */
export function decodeDispatcherBeat(bytes: Uint8Array): DispatcherBeat {
  const r = Reader.create(bytes);
  return decodeDispatcherBeatFrom(r, bytes.length);
}

/** Statuses are in the committed store: the agent may stop sending them. */
export interface StatusesStored {
  readonly updates: readonly TaskStatusUpdate[];
}
/** A StatusesStored with every field that is not given at its zero value. */
export function newStatusesStored(init: Partial<StatusesStored> = {}): StatusesStored {
  return { updates: [], ...init };
}
export function encodeStatusesStoredInto(m: StatusesStored, w: Writer): Writer {
  for (const value of m.updates) encodeTaskStatusUpdateInto(value, w.uint32(10).fork()).ldelim();
  return w;
}
export function encodeStatusesStored(m: StatusesStored): Uint8Array {
  return encodeStatusesStoredInto(m, Writer.create()).finish();
}
export function decodeStatusesStoredFrom(r: Reader, length: number): StatusesStored {
  const end = r.pos + length;
  const updates: TaskStatusUpdate[] = [];
  const m: Mutable<StatusesStored> = newStatusesStored({ updates });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        updates.push(decodeTaskStatusUpdateFrom(r, r.uint32()));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a StatusesStored. */
export function decodeStatusesStored(bytes: Uint8Array): StatusesStored {
  const r = Reader.create(bytes);
  return decodeStatusesStoredFrom(r, bytes.length);
}

/**
 * No node sends new connections to these tasks of the node any more: they may get their stop signal. Sent once they are to stop
 * and every node that knew their endpoints has applied that, or is not heard; an agent does not wait for it without limit.
 */
export interface TasksDrained {
  readonly taskIds: readonly TaskId[];
}
/** A TasksDrained with every field that is not given at its zero value. */
export function newTasksDrained(init: Partial<TasksDrained> = {}): TasksDrained {
  return { taskIds: [], ...init };
}
export function encodeTasksDrainedInto(m: TasksDrained, w: Writer): Writer {
  for (const value of m.taskIds) w.uint32(10).string(value);
  return w;
}
export function encodeTasksDrained(m: TasksDrained): Uint8Array {
  return encodeTasksDrainedInto(m, Writer.create()).finish();
}
export function decodeTasksDrainedFrom(r: Reader, length: number): TasksDrained {
  const end = r.pos + length;
  const taskIds: TaskId[] = [];
  const m: Mutable<TasksDrained> = newTasksDrained({ taskIds });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        taskIds.push((r.string() as TaskId));
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a TasksDrained. */
export function decodeTasksDrained(bytes: Uint8Array): TasksDrained {
  const r = Reader.create(bytes);
  return decodeTasksDrainedFrom(r, bytes.length);
}

export interface DispatcherMessage {
  readonly message?:
    | ({ readonly kind: "session" } & SessionInfo)
    | ({ readonly kind: "assignments" } & Assignments)
    | ({ readonly kind: "beat" } & DispatcherBeat)
    | ({ readonly kind: "stored" } & StatusesStored)
    | ({ readonly kind: "network" } & NetworkUpdate)
    | ({ readonly kind: "drained" } & TasksDrained)
    | undefined;
}
/** A DispatcherMessage with every field that is not given at its zero value. */
export function newDispatcherMessage(init: Partial<DispatcherMessage> = {}): DispatcherMessage {
  return { ...init };
}
export function encodeDispatcherMessageInto(m: DispatcherMessage, w: Writer): Writer {
  switch (m.message?.kind) {
    case "session":
      encodeSessionInfoInto(m.message, w.uint32(10).fork()).ldelim();
      break;
    case "assignments":
      encodeAssignmentsInto(m.message, w.uint32(18).fork()).ldelim();
      break;
    case "beat":
      encodeDispatcherBeatInto(m.message, w.uint32(26).fork()).ldelim();
      break;
    case "stored":
      encodeStatusesStoredInto(m.message, w.uint32(34).fork()).ldelim();
      break;
    case "network":
      encodeNetworkUpdateInto(m.message, w.uint32(42).fork()).ldelim();
      break;
    case "drained":
      encodeTasksDrainedInto(m.message, w.uint32(50).fork()).ldelim();
      break;
    case undefined:
      break;
  }
  return w;
}
export function encodeDispatcherMessage(m: DispatcherMessage): Uint8Array {
  return encodeDispatcherMessageInto(m, Writer.create()).finish();
}
export function decodeDispatcherMessageFrom(r: Reader, length: number): DispatcherMessage {
  const end = r.pos + length;

  const m: Mutable<DispatcherMessage> = newDispatcherMessage();
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.message = { kind: "session", ...decodeSessionInfoFrom(r, r.uint32()) };
        break;
      case 2:
        m.message = { kind: "assignments", ...decodeAssignmentsFrom(r, r.uint32()) };
        break;
      case 3:
        m.message = { kind: "beat", ...decodeDispatcherBeatFrom(r, r.uint32()) };
        break;
      case 4:
        m.message = { kind: "stored", ...decodeStatusesStoredFrom(r, r.uint32()) };
        break;
      case 5:
        m.message = { kind: "network", ...decodeNetworkUpdateFrom(r, r.uint32()) };
        break;
      case 6:
        m.message = { kind: "drained", ...decodeTasksDrainedFrom(r, r.uint32()) };
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a DispatcherMessage. */
export function decodeDispatcherMessage(bytes: Uint8Array): DispatcherMessage {
  const r = Reader.create(bytes);
  return decodeDispatcherMessageFrom(r, bytes.length);
}

export interface NetworkFindingsRequest {

}
/** A NetworkFindingsRequest with every field that is not given at its zero value. */
export function newNetworkFindingsRequest(init: Partial<NetworkFindingsRequest> = {}): NetworkFindingsRequest {
  return { ...init };
}
export function encodeNetworkFindingsRequestInto(_m: NetworkFindingsRequest, w: Writer): Writer {

  return w;
}
export function encodeNetworkFindingsRequest(m: NetworkFindingsRequest): Uint8Array {
  return encodeNetworkFindingsRequestInto(m, Writer.create()).finish();
}
export function decodeNetworkFindingsRequestFrom(r: Reader, length: number): NetworkFindingsRequest {
  const end = r.pos + length;

  const m: Mutable<NetworkFindingsRequest> = newNetworkFindingsRequest();
  while (r.pos < end) {
    const tag = nextTag(r);
    r.skipType(tag & 7);
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkFindingsRequest. */
export function decodeNetworkFindingsRequest(bytes: Uint8Array): NetworkFindingsRequest {
  const r = Reader.create(bytes);
  return decodeNetworkFindingsRequestFrom(r, bytes.length);
}

export type NetworkFindingsState = "pending" | "tested" | "untested";
export const NetworkFindingsStateNumber: Readonly<Record<NetworkFindingsState, number>> = {
  pending: 0,
  tested: 1,
  untested: 2,
};
function readNetworkFindingsState(number: number): NetworkFindingsState {
  switch (number) {
    case 0:
      return "pending";
    case 1:
      return "tested";
    case 2:
      return "untested";
    default:
      throw new RangeError(`unknown NetworkFindingsState ${number} on the wire`);
  }
}

export interface NetworkFindingsResponse {
  readonly state: NetworkFindingsState;
  /** What is wrong on the node's ways to others and what to do, in plain words. */
  readonly problems: readonly string[];
}
/** A NetworkFindingsResponse with every field that is not given at its zero value. */
export function newNetworkFindingsResponse(init: Partial<NetworkFindingsResponse> = {}): NetworkFindingsResponse {
  return { state: "pending", problems: [], ...init };
}
export function encodeNetworkFindingsResponseInto(m: NetworkFindingsResponse, w: Writer): Writer {
  if (m.state !== "pending") w.uint32(8).int32(NetworkFindingsStateNumber[m.state]);
  for (const value of m.problems) w.uint32(18).string(value);
  return w;
}
export function encodeNetworkFindingsResponse(m: NetworkFindingsResponse): Uint8Array {
  return encodeNetworkFindingsResponseInto(m, Writer.create()).finish();
}
export function decodeNetworkFindingsResponseFrom(r: Reader, length: number): NetworkFindingsResponse {
  const end = r.pos + length;
  const problems: string[] = [];
  const m: Mutable<NetworkFindingsResponse> = newNetworkFindingsResponse({ problems });
  while (r.pos < end) {
    const tag = nextTag(r);
    switch (tag >>> 3) {
      case 1:
        m.state = readNetworkFindingsState(r.int32());
        break;
      case 2:
        problems.push(r.string());
        break;
      default:
        r.skipType(tag & 7);
    }
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a NetworkFindingsResponse. */
export function decodeNetworkFindingsResponse(bytes: Uint8Array): NetworkFindingsResponse {
  const r = Reader.create(bytes);
  return decodeNetworkFindingsResponseFrom(r, bytes.length);
}

export const DispatcherService = {
  /** A manager that does not lead ends the stream with unavailable and the leader's address in its message details. */
  session: {
    path: "/skep.v1.Dispatcher/Session",
    requestStream: true,
    responseStream: true,
    requestSerialize: (m: AgentMessage): Buffer => asBuffer(encodeAgentMessage(m)),
    requestDeserialize: (b: Buffer): AgentMessage => decodeBounded(decodeAgentMessage, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: DispatcherMessage): Buffer => asBuffer(encodeDispatcherMessage(m)),
    responseDeserialize: decodeDispatcherMessage as (b: Buffer) => DispatcherMessage,
  },
  /** What the check found that a leader makes when a node joins: of the caller's ways. Answers at once. */
  networkFindings: {
    path: "/skep.v1.Dispatcher/NetworkFindings",
    requestStream: false,
    responseStream: false,
    requestSerialize: (m: NetworkFindingsRequest): Buffer => asBuffer(encodeNetworkFindingsRequest(m)),
    requestDeserialize: (b: Buffer): NetworkFindingsRequest => decodeBounded(decodeNetworkFindingsRequest, b, MAX_REQUEST_FIELDS),
    responseSerialize: (m: NetworkFindingsResponse): Buffer => asBuffer(encodeNetworkFindingsResponse(m)),
    responseDeserialize: decodeNetworkFindingsResponse as (b: Buffer) => NetworkFindingsResponse,
  },
} as const;
