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
import { chooseAdvertiseAddr, type Interfaces } from "../advertise.ts";
import type { ClusterNode } from "../cluster-node.ts";
import { describeHost } from "../describe.ts";
import { createKeyStore, type KeyStore } from "../key-store.ts";
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

export const describe = ({ runtime, labels }: LocalNodeOptions): NodeDescription =>
  describeHost(runtime.name(), labels);

/** Not running yet. */
export async function newNode(
  host: LocalNodeOptions,
  state: NodeState,
  identity: Identity,
  keys: KeyStore,
): Promise<ClusterNode> {
  const { env, log, dir, runtime, insecureRegistries, openNetworks, seeds = [] } = host;
  const { ClusterNode } = await import("../cluster-node.ts");
  const about = (): NodeDescription => describe(host);
  return new ClusterNode({
    env,
    log,
    dir,
    runtime,
    openNetworks,
    describe: about,
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

/** Listen and advertise addresses of a request, with the daemon's own as defaults. */
export function addressesOf(
  { listen: own, interfaces }: LocalNodeOptions,
  { listenAddr, advertiseAddr }: { readonly listenAddr: string; readonly advertiseAddr: string },
): Pick<NodeState, "listenAddr" | "addr"> & { readonly advertise: string } {
  const listen = listenAddr === "" ? own : parseAddress("listen address", listenAddr, own.port);
  return {
    listenAddr: formatAddress(listen),
    addr: chooseAdvertiseAddr(advertiseAddr, listen, interfaces()),
    advertise: advertiseAddr,
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
