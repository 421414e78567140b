import { type InitRequest, type InitResponse, newInitResponse } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import { parseAddress } from "../../../shared/rpc/address.ts";
import { chooseAdvertiseAddr } from "../advertise.ts";
import type { NodeState } from "../state-dir.ts";
import { type Host, newNode } from "./host.ts";
import type { Manager } from "./life.ts";
import { resume } from "./resume.ts";
import { busy } from "./words.ts";

/**
 * `skep swarm init --force-new-cluster`: the other managers are lost for good, and this one goes on alone from its own disk; from
 * a damaged one, with `--force`, as far as that can be read.
 * @throws {SkepError} `failed_precondition`: it does not run, is no manager, or is not alone.
 */
export async function forceNewCluster(host: Host, request: InitRequest, signal: AbortSignal): Promise<InitResponse> {
  const { env, log, dir, life, stopping } = host;
  const { forcedNotes, leadsAlone } = await import("../recovery.ts");
  const { state, identity, keys, isDamaged } = await stopped(host, request, signal);
  try {
    const { forceSoleManager } = await import("../../../manager/recovery/disk.ts");
    const addr = newAddr(host, request, state);
    const recovered = await forceSoleManager(
      { env, log, dir: dir.raftDir, sealer: await keys.sealer(), onDamage: isDamaged ? "stop" : "refuse" },
      state.nodeId,
      addr,
    );
    const advertise = request.advertiseAddr === "" ? state.advertise : addr;
    const raft = { raftId: recovered.raftId };
    const alone: NodeState = { ...state, addr, advertise, toldAddr: addr, managers: [addr], raft };
    await dir.writeNode(alone);
    const fresh = await newNode(host, alone, identity, keys);
    await fresh.start({ kind: "resume" }, stopping);
    life.now = { kind: "active", node: fresh };
    if (fresh.manager !== undefined) await leadsAlone(fresh.manager, env);
    const { joinTokens } = recovered.state.cluster.rootCa ?? {};
    return newInitResponse({ nodeId: state.nodeId, addr, joinTokens, notes: forcedNotes(recovered) });
  } catch (error) {
    if (life.now.kind === "changing") await resume(host); // as it was, or failed with the reason
    throw error;
  }
}

/** The manager, which does not run any more and is in nobody else's hands. */
async function stopped(
  { env, life }: Host,
  request: InitRequest,
  signal: AbortSignal,
): Promise<Manager & { readonly isDamaged: boolean }> {
  const doing = { kind: "changing", doing: "going on as the only manager" } as const;
  const { now } = life;
  if (now.kind === "failed" && now.manager !== undefined) {
    if (!request.force) {
      throw new SkepError(
        "failed_precondition",
        `this manager cannot run (${now.message}). With --force it goes on alone, with what is readable of its log: what was acknowledged after that is lost, and with other managers alive there are two clusters`,
      );
    }
    life.now = doing;
    return { ...now.manager, isDamaged: true };
  }
  const node = life.requireActive("go on alone");
  const { mayGoOnAlone } = await import("../recovery.ts");
  await mayGoOnAlone(node, request.force, env, signal);
  if (life.requireActive("go on alone") !== node) throw busy("it has just been started anew"); // by who asked meanwhile
  life.now = doing;
  const { state, identity, keys } = node;
  await node.stop();
  return { state, identity, keys, isDamaged: false };
}

const newAddr = ({ interfaces }: Host, { advertiseAddr }: InitRequest, { addr, listenAddr }: NodeState): string =>
  advertiseAddr === ""
    ? addr
    : chooseAdvertiseAddr(advertiseAddr, parseAddress("listen address", listenAddr), interfaces());
