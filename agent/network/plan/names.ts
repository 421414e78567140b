// Names of what we make in the kernel. A name tells that a thing is ours and what it is for, so that after a restart nothing
// needs to be remembered. Interface names have at most 15 characters.
import { type NodeId, parseId, type TaskId } from "../../../shared/model/ids.ts";

/** The host's own network namespace, among the names of the others. */
export const NODE = "node";
/** The one link of ours on the host: to the switchboard. The node's addresses on the node-local network are on it. */
export const LOCAL_LINK = "skep0";
/** Its other end, in the switchboard. */
export const UPLINK = "skup";
/** Our tables are called so, in the families inet, ip and ip6. */
export const TABLE = "skep";
export const VXLAN_PORT = 4789;

const NAMESPACE = /^skt-[a-z0-9]{25}$/;
const LINK = /^(skep0|skup|skbr[0-9]{1,8}|skvx[0-9]{1,8}|sv[0-9a-z]{9,13})$/;

/** The namespace that holds the node's bridges. It has the node's name, because tests put several nodes on one machine. */
export const switchboardOf = (nodeId: NodeId): string => `skn-${nodeId}`;
export const isSwitchboard = (name: string): boolean => name.startsWith("skn-");

export const namespaceOf = (taskId: TaskId): string => `skt-${taskId}`;
/** The task of a namespace that namespaceOf named. */
export const taskOf = (namespace: string): TaskId => parseId<TaskId>("task id", namespace.slice("skt-".length));
export const isTaskNamespace = (name: string): boolean => NAMESPACE.test(name);
export const bridgeOf = (vni: number): string => `skbr${vni}`;
export const vxlanOf = (vni: number): string => `skvx${vni}`;
export const isOurLink = (name: string): boolean => LINK.test(name);

/** The node-local bridge, in the switchboard. */
export const LOCAL_BRIDGE = bridgeOf(0);

/** The node's end of a task's link: to a network by its VNI, or to the node-local bridge by 0. */
export const vethOf = (taskId: TaskId, vni: number): string => `${vethPrefixOf(taskId)}${vni.toString(36)}`;
export const vethPrefixOf = (taskId: TaskId): string => `sv${taskId.slice(0, 8)}`;

export const VETH_PREFIX_LENGTH = 10;

/** Where `ip netns` keeps them, too. */
export const NAMESPACES_FOLDER = "/run/netns";
/** Where a namespace is entered. */
export const namespacePath = (name: string): string => `${NAMESPACES_FOLDER}/${name}`;
