// From what is on the disk to a node that runs: at the daemon's start, when somebody brings the unlock key, and again when a
// full disk has space.
import type { UnlockRequest } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import { type Identity, openIdentity } from "../../../shared/pki/identity.ts";
import { parseUnlockKey } from "../../../shared/pki/unlock-key.ts";
import { ListenError } from "../../../shared/rpc/listen.ts";
import { createKeyStore } from "../key-store.ts";
import type { NodeFiles, StoredIdentity } from "../node-pem.ts";
import type { NodeState } from "../state-dir.ts";
import { type Host, newNode, withPresentAddress } from "./host.ts";
import type { Life, Manager } from "./life.ts";
import { busy, withWayOut } from "./words.ts";

const DISK_RETRY_MS = 3_000;

const isDiskFull = (error: unknown): boolean => /ENOSPC/.test(SkepError.from(error).message);

/** @throws {SkepError} when the node cannot run here now (its port is taken). Any other failure is told by its life. */
export async function resume(host: Host): Promise<void> {
  const { dir, life, log } = host;
  let state: NodeState | undefined;
  let stored: StoredIdentity;
  try {
    state = await dir.readNode();
    if (state === undefined) {
      life.now = { kind: "inactive" };
      return;
    }
    stored = await dir.readIdentity();
  } catch (error) {
    fail(host, error, false);
    return;
  }
  switch (stored.kind) {
    case "open":
      await resumeWith(host, state, stored.files);
      return;
    case "sealed":
      life.now = { kind: "locked", state, stored };
      log.warn({ nodeId: state.nodeId }, "this manager is locked; containers live on");
      return;
  }
}

/** `skep swarm unlock`. @throws {SkepError} `permission_denied`: not the key. `failed_precondition`: it is not locked. */
export async function unlock(host: Host, { unlockKey }: UnlockRequest): Promise<void> {
  const { now } = host.life;
  switch (now.kind) {
    case "inactive":
    case "active":
    case "failed":
      throw new SkepError("failed_precondition", "swarm is not locked");
    case "changing":
      throw busy(now.doing);
    case "locked": {
      const key = parseUnlockKey(unlockKey);
      if (key === undefined) {
        throw new SkepError("permission_denied", "swarm could not be unlocked: invalid key provided");
      }
      const then = await resumeWith(host, now.state, now.stored.unlock(key), key);
      if (then.kind === "failed") throw new SkepError("internal", `unlocked, but it cannot run: ${then.message}`);
    }
  }
}

/** @returns the life that follows, which the host has by then. */
async function resumeWith(host: Host, before: NodeState, files: NodeFiles, unlockKey?: Uint8Array): Promise<Life> {
  const { env, log, dir, life, stopping } = host;
  let identity: Identity;
  try {
    identity = openIdentity(files);
  } catch (error) {
    return fail(host, dir.damagedIdentity(SkepError.from(error).message), false);
  }
  const state = withPresentAddress(host, before);
  if (env.wallMs() > identity.notAfterMs) {
    const expired =
      'the certificate of this node expired while it was off: "skep swarm join" with a token joins it again';
    return fail(host, new SkepError("failed_precondition", expired), true);
  }
  life.now = { kind: "changing", doing: "starting" }; // before the first wait: nobody else may begin the same
  const keys = createKeyStore(dir, files, unlockKey);
  try {
    const node = await newNode(host, state, identity, keys);
    if (state !== before) await dir.writeNode(state);
    await node.start({ kind: "resume" }, stopping);
    life.now = { kind: "active", node };
    log.info({ nodeId: state.nodeId, role: identity.role, addr: state.addr }, "the node is back");
    return life.now;
  } catch (error) {
    const broken = state.raft !== undefined && !isDiskFull(error) && !(error instanceof ListenError);
    const manager = broken ? { state, identity, keys } : undefined;
    const failed = fail(host, broken ? withWayOut(error) : error, false, manager);
    if (isDiskFull(error)) again(host, () => resumeWith(host, before, files, unlockKey));
    // Most likely the daemon before this one has not quite ended: whoever started this one tries again.
    if (error instanceof ListenError) throw error;
    return failed;
  }
}

/** Space comes back without anybody telling this daemon: it looks, as a manager that runs does. */
function again({ env, log, life, stopping }: Host, resumeOnceMore: () => Promise<unknown>): void {
  env.timer(DISK_RETRY_MS, () => {
    if (life.now.kind !== "failed" || stopping.aborted) return;
    resumeOnceMore().catch((error: unknown) => log.error({ error }, "this node cannot run"));
  });
}

/** The daemon stays, to say why and to be told what to do. */
function fail({ life, log }: Host, error: unknown, canJoin: boolean, manager?: Manager): Life {
  life.now = { kind: "failed", message: SkepError.from(error).message, canJoin, manager };
  log.error({ error }, "this node cannot run");
  return life.now;
}
