import { type InitRequest, type InitResponse, newInitResponse } from "../../../proto/gen/local.ts";
import { parseAddress } from "../../../shared/rpc/address.ts";
import { chooseAdvertiseAddr } from "../advertise.ts";
import type { NodeState } from "../state-dir.ts";
import { type Host, newNode } from "./host.ts";
import { resume } from "./resume.ts";
import { busy } from "./words.ts";

/**
 * `skep swarm init --force-new-cluster`: the other managers are lost for good, and this one goes on alone from its own disk.
 * @throws {SkepError} `failed_precondition`: it does not run, is no manager, or is not alone.
 */
export async function forceNewCluster(host: Host, request: InitRequest, signal: AbortSignal): Promise<InitResponse> {
  const { env, log, dir, life, stopping } = host;
  const node = life.requireActive("go on alone");
  const { forcedNotes, leadsAlone, mayGoOnAlone } = await import("../recovery.ts");
  await mayGoOnAlone(node, request.force, env, signal);
  if (life.requireActive("go on alone") !== node) throw busy("it has just been started anew"); // by who asked meanwhile
  life.now = { kind: "changing", doing: "going on as the only manager" };
  const { state, identity } = node;
  await node.stop();
  try {
    const { forceSoleManager } = await import("../../../manager/recovery/disk.ts");
    const addr = newAddr(host, request, state);
    const recovered = await forceSoleManager(
      { env, log, dir: dir.raftDir, sealer: await node.keys.sealer() },
      state.nodeId,
      addr,
    );
    const advertise = request.advertiseAddr === "" ? state.advertise : addr;
    const raft = { raftId: recovered.raftId };
    const alone: NodeState = { ...state, addr, advertise, toldAddr: addr, managers: [addr], raft };
    await dir.writeNode(alone);
    const fresh = await newNode(host, alone, identity, node.keys);
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

const newAddr = ({ interfaces }: Host, { advertiseAddr }: InitRequest, { addr, listenAddr }: NodeState): string =>
  advertiseAddr === ""
    ? addr
    : chooseAdvertiseAddr(advertiseAddr, parseAddress("listen address", listenAddr), interfaces());
