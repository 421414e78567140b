// What a node keeps on disk to be the same node after a restart:
//
//   node.json               which cluster and node, addresses, its place in Raft; written last when it joins, removed first
//                           when it leaves, so its presence alone says "this host is a node"
//   certificates/node.pem   keys and certificate in one file, so that they can never be of different age (node-pem.ts)
//   certificates/root.pem   the cluster's root certificate
//   raft/                   managers: log and snapshots
//   agent/                  task states, logs, networks
//   runtime/                images and containers; stays when the node leaves
import { access, chmod, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SkepError } from "../../shared/errors.ts";
import { type ClusterId, type NodeId, parseId } from "../../shared/model/ids.ts";
import { pemBlocks } from "../../shared/pki/pem.ts";
import { formatNodePem, type NodeFiles, parseNodePem, type StoredIdentity } from "./node-pem.ts";

export interface NodeState {
  readonly nodeId: NodeId;
  readonly clusterId: ClusterId;
  /** host:port that other nodes reach this one at. */
  readonly addr: string;
  /** What the user said it should be: an address, an interface, or empty for the only one. Absent: `addr` stays as it is. */
  readonly advertise?: string | undefined;
  /** Where it takes packets of overlay networks: an address or an interface. Absent: at `addr`. */
  readonly dataPath?: string | undefined;
  /** The address that the cluster has for this node, as last heard; absent: `addr`. */
  readonly toldAddr?: string | undefined;
  /** host:port that the daemon binds. */
  readonly listenAddr: string;
  /** host:port of managers, as last heard. */
  readonly managers: readonly string[];
  /** Managers that are in the Raft group: their place in it. */
  readonly raft?: { readonly raftId: number } | undefined;
  /** Nodes that were removed from the cluster and may still hold a certificate, as last heard. */
  readonly removed?: readonly NodeId[] | undefined;
  /** Nodes that were managers, as last heard: a manager's certificate issued over an older version than this is void. */
  readonly demoted?: readonly { readonly nodeId: NodeId; readonly version: number }[] | undefined;
  /** A leader has proven to this node that it is a manager: nobody leads it without from then on. */
  readonly leadersProve?: true | undefined;
}

export interface StateDir {
  readonly raftDir: string;
  readonly agentDir: string;
  readonly runtimeDir: string;
  /** Undefined: this host is no node. @throws {SkepError} `internal`: the file is damaged, and what to do. */
  readonly readNode: () => Promise<NodeState | undefined>;
  readonly writeNode: (state: NodeState) => Promise<void>;
  /** @throws {SkepError} `internal` */
  readonly readIdentity: () => Promise<StoredIdentity>;
  /** With `unlockKey` the keys are sealed. After a crash there are the old keys and certificate or the new ones. */
  readonly writeIdentity: (files: NodeFiles, unlockKey?: Uint8Array) => Promise<void>;
  /** What a certificate or key that cannot be used is told as. */
  readonly damagedIdentity: (why: string) => SkepError;
  /** Is there anything of a managers' log? */
  readonly hasRaft: () => Promise<boolean>;
  /** Forgets the managers' log: this node is a manager no more. */
  readonly wipeRaft: () => Promise<void>;
  /** Forgets the node; images stay. */
  readonly wipe: () => Promise<void>;
}

const FORMAT = 1;

export function openStateDir(dir: string): StateDir {
  const nodeFile = join(dir, "node.json");
  const certificates = join(dir, "certificates");
  const certificateFile = join(certificates, "node.pem");
  const rootFile = join(certificates, "root.pem");
  const raftDir = join(dir, "raft");
  const agentDir = join(dir, "agent");

  // One write at a time, in the order of the calls: a node that is just joining is written down while its session already
  // tells it of other managers.
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work);
    last = done.catch(() => undefined);
    return done;
  };

  return {
    raftDir,
    agentDir,
    runtimeDir: join(dir, "runtime"),
    readNode: async () => {
      const text = await readIfThere(nodeFile);
      return text === undefined ? undefined : parseNode(text, nodeFile);
    },
    writeNode: (state) => {
      const text = `${JSON.stringify({ format: FORMAT, ...state }, undefined, 2)}\n`;
      return inTurn(() => writeAtomically(nodeFile, text));
    },
    readIdentity: async () => {
      const [node, rootPem] = [await readIfThere(certificateFile), await readIfThere(rootFile)];
      if (node === undefined || rootPem === undefined) throw damaged(certificates, "key or certificate missing");
      return parseIdentity(node, rootPem, certificates);
    },
    writeIdentity: (files, unlockKey) =>
      inTurn(async () => {
        // Whichever certificate a crash leaves, the root that it is from is there.
        const before = (await readIfThere(rootFile)) ?? "";
        const both = [...new Set([...pemBlocks("CERTIFICATE", before), ...pemBlocks("CERTIFICATE", files.rootPem)])];
        if (before !== files.rootPem) await writeAtomically(rootFile, both.join(""));
        await writeAtomically(certificateFile, formatNodePem(files, unlockKey));
        if (both.join("") !== files.rootPem) await writeAtomically(rootFile, files.rootPem);
      }),
    damagedIdentity: (why) => damaged(certificates, why),
    hasRaft: () =>
      access(raftDir).then(
        () => true,
        () => false,
      ),
    wipeRaft: () => inTurn(() => rm(raftDir, { recursive: true, force: true })),
    wipe: () =>
      inTurn(async () => {
        for (const path of [nodeFile, certificates, raftDir, agentDir])
          await rm(path, { recursive: true, force: true });
      }),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new SkepError("internal", `cannot read ${path}: ${SkepError.from(error).message}`, { cause: error });
  }
}

/** Readable by root alone; after a power cut there is the old content or the new, whole. */
async function writeAtomically(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(temporary, 0o600);
  await rename(temporary, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const damaged = (path: string, why: string): SkepError =>
  new SkepError(
    "internal",
    `${path} is damaged (${why}); restore it, or run "skep swarm leave --force" and join again`,
  );

function parseIdentity(node: string, rootPem: string, path: string): StoredIdentity {
  let stored: StoredIdentity | undefined;
  try {
    stored = parseNodePem(node, rootPem);
  } catch (cause) {
    // As below: what the parser would quote is part of a key.
    throw damaged(path, cause instanceof SyntaxError ? "its keys are not JSON" : SkepError.from(cause).message);
  }
  if (stored === undefined) throw damaged(path, "key or certificate missing");
  return stored;
}

function parseNode(text: string, path: string): NodeState {
  try {
    const raw: unknown = JSON.parse(text);
    if (!isRecord(raw)) throw new SkepError("internal", "not an object");
    if (raw["format"] !== FORMAT)
      throw new SkepError("internal", `format ${JSON.stringify(raw["format"])} is not known`);
    const { raft, removed, demoted } = raw;
    return {
      nodeId: parseId("node id", textOf(raw, "nodeId")),
      clusterId: parseId("cluster id", textOf(raw, "clusterId")),
      addr: textOf(raw, "addr"),
      ...(typeof raw["advertise"] === "string" ? { advertise: raw["advertise"] } : {}),
      ...(typeof raw["dataPath"] === "string" ? { dataPath: raw["dataPath"] } : {}),
      ...(typeof raw["toldAddr"] === "string" ? { toldAddr: raw["toldAddr"] } : {}),
      listenAddr: textOf(raw, "listenAddr"),
      managers: listOf(raw, "managers").map(String),
      raft: isRecord(raft) ? { raftId: numberOf(raft, "raftId") } : undefined,
      ...(Array.isArray(removed) ? { removed: removed.map((id) => parseId<NodeId>("node id", String(id))) } : {}),
      ...(Array.isArray(demoted) ? { demoted: demoted.map(demotionOf) } : {}),
      ...(raw["leadersProve"] === true ? { leadersProve: true } : {}),
    };
  } catch (cause) {
    // The parser quotes what it read: of a damaged file that may be anything.
    throw damaged(path, cause instanceof SyntaxError ? "not JSON" : SkepError.from(cause).message);
  }
}

function demotionOf(raw: unknown): { readonly nodeId: NodeId; readonly version: number } {
  if (!isRecord(raw)) throw new SkepError("internal", "demoted is not a list of nodes");
  return { nodeId: parseId<NodeId>("node id", textOf(raw, "nodeId")), version: numberOf(raw, "version") };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function textOf(raw: Readonly<Record<string, unknown>>, key: string): string {
  const value = raw[key];
  if (typeof value === "string" && value !== "") return value;
  throw new SkepError("internal", `${key} is missing`);
}

function numberOf(raw: Readonly<Record<string, unknown>>, key: string): number {
  const value = raw[key];
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw new SkepError("internal", `${key} is not a number`);
}

function listOf(raw: Readonly<Record<string, unknown>>, key: string): readonly unknown[] {
  const value = raw[key];
  if (Array.isArray(value)) return value;
  throw new SkepError("internal", `${key} is not a list`);
}
