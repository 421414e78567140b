// Going on with a cluster as its only manager: from this manager's own disk, after the others are lost, or from a backup, on
// a host that is no node yet. What is decided and written is in manager/recovery; here are the identity, the words, and what
// has to hold before.
import { agoText } from "../../manager/api/problems.ts";
import { issuingAuthority, trustedRoots } from "../../manager/ca/root-rotation.ts";
import type { Recovered } from "../../manager/recovery/disk.ts";
import type { RestoreOptions, RestoreRequest } from "../../proto/gen/local.ts";
import type { Cluster, Node, NodeDescription } from "../../proto/gen/objects.ts";
import { type Backup, MAX_BACKUP_BYTES } from "../../shared/backup/file.ts";
import type { Env } from "../../shared/env/env.ts";
import { SkepError } from "../../shared/errors.ts";
import { type NodeId, newId } from "../../shared/model/ids.ts";
import { type Identity, openIdentity } from "../../shared/pki/identity.ts";
import { DEFAULT_NODE_VALIDITY_MS, issueNodeCertificate } from "../../shared/pki/issue.ts";
import { newKeyPair, privateKeyToPem } from "../../shared/pki/keys.ts";
import type { ClusterNode } from "./cluster-node.ts";
import type { ManagerPart } from "./manager-part.ts";

/** A leader that lost its quorum gives way within an election timeout. */
const QUORUM_PATIENCE_MS = 3_000;
const QUORUM_POLL_MS = 50;
const LEAD_LIMIT_MS = 20_000;

/** @throws {SkepError} `failed_precondition`: the node is no manager, or the managers have a leader. */
export async function mayGoOnAlone(node: ClusterNode, force: boolean, env: Env, signal: AbortSignal): Promise<void> {
  const { manager } = node;
  if (manager === undefined) {
    throw new SkepError(
      "failed_precondition",
      "this node is not a manager: its disk does not hold the cluster. Run this on a manager that survived, or restore a backup",
    );
  }
  if (force) return;
  const endMs = env.nowMs() + QUORUM_PATIENCE_MS;
  for (;;) {
    const { leaderId, members } = manager.raft.status();
    if (leaderId === 0) return;
    if (env.nowMs() >= endMs) {
      const leader = members.find(({ raftId }) => raftId === leaderId)?.addr ?? "unknown";
      throw new SkepError(
        "failed_precondition",
        `the managers have a leader (${leader}), so a quorum of them answers and nothing is lost: use "skep node demote" for managers that are gone. --force goes on all the same, and makes two clusters of this one when the others live on`,
      );
    }
    await env.sleep(QUORUM_POLL_MS, signal);
  }
}

/** Until the manager, alone in its group, takes writes. */
export async function leadsAlone({ raft }: ManagerPart, env: Env): Promise<void> {
  const limit = new AbortController();
  const timer = env.timer(LEAD_LIMIT_MS, () =>
    limit.abort(new SkepError("deadline_exceeded", "the manager did not come to lead; see the daemon's log")),
  );
  try {
    for await (const event of raft.leadership(limit.signal)) if (event.kind === "leading") return;
    limit.signal.throwIfAborted();
  } finally {
    timer.cancel();
  }
}

export interface BackupUpload {
  readonly options: RestoreOptions;
  readonly file: Uint8Array;
}

/** @throws {SkepError} `invalid_argument`, `resource_exhausted` */
export async function receiveBackup(requests: AsyncIterable<RestoreRequest>): Promise<BackupUpload> {
  let options: RestoreOptions | undefined;
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const request of requests) {
    options ??= request.options;
    bytes += request.data.length;
    if (bytes > MAX_BACKUP_BYTES) {
      throw new SkepError("resource_exhausted", `the backup is larger than ${MAX_BACKUP_BYTES} bytes: it is refused`);
    }
    parts.push(request.data);
  }
  return { options: options ?? { advertiseAddr: "", listenAddr: "" }, file: Buffer.concat(parts) };
}

/**
 * A new node of the backup's cluster, with a certificate from its CA; from the next one, where the backup was made while the
 * root was being replaced: nodes may trust that one alone by now, and who does not takes it by its chain. New, and not the one that made the backup: that one may
 * live, or come to life, with the key to its own name, and one name must not mean two hosts and their tasks.
 */
export function newIdentityOf(cluster: Cluster, env: Env): Identity & { readonly nodeId: NodeId } {
  const root = issuingAuthority(cluster);
  const keys = newKeyPair();
  const validityMs = cluster.spec?.caConfig?.nodeCertExpiryMs || DEFAULT_NODE_VALIDITY_MS;
  const certificatePem = issueNodeCertificate(
    {
      nodeId: newId<NodeId>(env.random),
      role: "manager",
      clusterId: cluster.id,
      publicKey: keys.publicKey,
      validityMs,
      nowMs: env.wallMs(),
      issuedVersion: cluster.meta?.version ?? 0,
    },
    root,
  );
  return openIdentity({
    certificatePem: certificatePem + root.chainPem,
    keyPem: privateKeyToPem(keys.privateKey),
    rootPem: trustedRoots(cluster).toString(),
  });
}

export async function restoredNode(id: NodeId, addr: string, description: NodeDescription, env: Env): Promise<Node> {
  const { joiningNode } = await import("../../manager/ca/new-cluster.ts");
  return joiningNode({ id, role: "manager", availability: "active", addr, description, nowMs: env.wallMs() });
}

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

const nameOf = (node: Node): string => `${node.description?.hostname || node.id} (${node.addr})`;

function heldBy({ state, index }: Recovered): string {
  const { nodes, services, tasks } = state;
  return `${counted(nodes, "node")}, ${counted(services, "service")} and ${counted(tasks, "task")}, as of log entry ${index}`;
}

export function forcedNotes(recovered: Recovered): string[] {
  const { demoted } = recovered.state;
  return [
    `This manager goes on alone with the cluster's CA, join tokens and objects: ${heldBy(recovered)}.`,
    "What the lost managers had acknowledged and this one had not received is lost.",
    ...(recovered.leftOut ?? []).map((what) => `Not readable, and lost with what came after it: ${what}.`),
    ...(demoted.length === 0
      ? []
      : [
          `No managers any more: ${demoted.map(nameOf).join(", ")}. Their tasks are replaced. One that comes back is a worker; "skep node rm" forgets it.`,
          "Do not start two of them again without this one: they could elect a leader and be a second cluster.",
        ]),
    'One manager survives no loss: add two with "skep node promote", or join them with "skep swarm join-token manager".',
  ];
}

export function restoredNotes(recovered: Recovered, { header }: Backup, nowMs: number): string[] {
  const { demoted } = recovered.state;
  return [
    `Restored from a backup that is ${agoText(nowMs - header.createdAtMs)} old: ${heldBy(recovered)}. This host is a new node and the only manager.`,
    ...(demoted.length === 0
      ? []
      : [
          `No managers any more: ${demoted.map(nameOf).join(", ")}. One that comes back is a worker; "skep node rm" forgets it.`,
        ]),
    ...(recovered.state.cluster.unlockKey.length === 0
      ? []
      : ['Autolock is on, with the unlock key of when the backup was made: "skep swarm unlock-key" prints it.']),
    "Nodes are shown as down until they call. A worker that knows none of this manager's addresses is told with: skep daemon --manager-addr HOST:PORT, or leaves and joins again.",
    'One manager survives no loss: add two with "skep node promote", or join them with "skep swarm join-token manager".',
  ];
}
