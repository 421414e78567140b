// What every change of this daemon's life works with: the options it was started with, and how a node is put together from
// them.

import type { OpenNetworkRoom } from "../../../agent/network/room.ts";
import type { NodeDescription } from "../../../proto/gen/objects.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { NodeId } from "../../../shared/model/ids.ts";
import type { Identity } from "../../../shared/pki/identity.ts";
import { type Address, formatAddress, parseAddress } from "../../../shared/rpc/address.ts";
import { chooseAdvertiseAddr, chooseListenAddr, type Interfaces } from "../advertise.ts";
import type { ClusterNode } from "../cluster-node.ts";
import { chooseDataPath, linkMtu } from "../data-path.ts";
import { describeHost } from "../describe.ts";
import { createKeyStore, type KeyStore } from "../key-store.ts";
import type { OwnFirewall } from "../own-firewall.ts";
import type { RuntimeHolder } from "../runtime-holder.ts";
import type { NodeState, StateDir } from "../state-dir.ts";
import type { LifeCell } from "./life.ts";

export interface LocalNodeOptions {
  readonly env: Env;
  readonly log: Log;
  readonly dir: StateDir;
  readonly dataDir: string;
  readonly runtime: RuntimeHolder;
  readonly listen: Address;
  readonly labels: Readonly<Record<string, string>>;
  readonly insecureRegistries: readonly string[];
  readonly interfaces: () => Interfaces;
  /** Unset: tasks have hollow networks. */
  readonly openNetworks?: ((nodeId: NodeId) => OpenNetworkRoom) | undefined;
  /** Unset: there is no network to keep open. */
  readonly ownFirewall?: OwnFirewall | undefined;
  /** Where others reach this node from now on, for a node that is one already; undefined: as it said before. */
  readonly advertise?: string | undefined;
  /** host:port of managers to ask beside those that the node remembers. */
  readonly seeds?: readonly string[];
}

export interface Host extends LocalNodeOptions {
  readonly life: LifeCell;
  /** Aborts when the daemon stops. */
  readonly stopping: AbortSignal;
}

type Place = Pick<NodeState, "addr" | "dataPath">;

/** @param place of a node, or of one that is to be. */
export function describe({ runtime, labels, interfaces, log }: LocalNodeOptions, place?: Place): NodeDescription {
  const about = describeHost(runtime.name(), labels);
  if (place === undefined) return about;
  try {
    const { addrs, mtu } = chooseDataPath(place.dataPath ?? "", place.addr, interfaces(), linkMtu);
    return { ...about, dataPathAddrs: addrs, dataPathMtu: mtu };
  } catch (error) {
    log.warn({ error: SkepError.from(error).message }, "overlay networks use the address that this node is reached at");
    return about;
  }
}

/** Not running yet. */
export async function newNode(
  host: LocalNodeOptions,
  state: NodeState,
  identity: Identity,
  keys: KeyStore,
): Promise<ClusterNode> {
  const { env, log, dir, runtime, insecureRegistries, openNetworks, seeds = [] } = host;
  const { ClusterNode } = await import("../cluster-node.ts");
  return new ClusterNode({
    env,
    log,
    dir,
    runtime,
    openNetworks,
    describe: (present) => describe(host, present),
    insecureRegistries,
    seeds,
    state,
    identity,
    keys,
  });
}

/** A node that was none before: on disk once it runs; without a trace when it cannot. */
export async function startFresh(
  host: LocalNodeOptions,
  state: NodeState,
  identity: Identity,
  start: (node: ClusterNode) => Promise<void>,
  unlockKey?: Uint8Array,
): Promise<ClusterNode> {
  const { dir } = host;
  await dir.wipe(); // what an attempt that a crash cut short may have left
  const keys = createKeyStore(dir, identity, unlockKey);
  const node = await newNode(host, state, identity, keys);
  try {
    await keys.save(identity);
    await start(node);
    await dir.writeNode(node.state);
    return node;
  } catch (error) {
    await node.stop();
    await dir.wipe();
    throw error;
  }
}

/**
 * Listen and advertise addresses of a request, with the daemon's own as defaults, and where overlay networks are to be.
 * @throws {SkepError} `invalid_argument` or `failed_precondition`, with the choices there are.
 */
export function addressesOf(
  { listen: own, interfaces }: LocalNodeOptions,
  request: { readonly listenAddr: string; readonly advertiseAddr: string; readonly dataPathAddr?: string },
): Pick<NodeState, "listenAddr" | "addr" | "dataPath"> & { readonly advertise: string } {
  const { listenAddr, advertiseAddr, dataPathAddr: dataPath = "" } = request;
  const listen = listenAddr === "" ? own : chooseListenAddr(listenAddr, own.port, interfaces());
  const addr = chooseAdvertiseAddr(advertiseAddr, listen, interfaces());
  chooseDataPath(dataPath, addr, interfaces(), linkMtu);
  return {
    listenAddr: formatAddress(listen),
    addr,
    advertise: advertiseAddr,
    ...(dataPath === "" ? {} : { dataPath }),
  };
}

/** Where others reach this node now: an interface may have another address than when it joined. */
export function withPresentAddress(host: LocalNodeOptions, state: NodeState): NodeState {
  const { log } = host;
  const advertise = host.advertise ?? state.advertise;
  if (advertise === undefined) return state;
  const { addr: before, toldAddr = before } = state;
  try {
    const listen = parseAddress("listen address", state.listenAddr);
    const addr = chooseAdvertiseAddr(advertise, listen, host.interfaces());
    if (addr !== before) log.warn({ addr, before }, "this node has another address than before; its managers are told");
    return { ...state, addr, toldAddr, advertise };
  } catch (error) {
    log.warn({ error: SkepError.from(error).message, addr: before }, "this node keeps its address");
    return state;
  }
}
