// Names of what we make in the kernel. A name tells that a thing is ours and what it is for, so that after a restart nothing
// needs to be remembered. Interface names have at most 15 characters.
import { parseId, type TaskId } from "../../../shared/model/ids.ts";

/** The node's own network namespace, among the names of task namespaces. */
export const NODE = "node";
/** The node-local bridge: way out, name server, ports in host mode. */
export const LOCAL_BRIDGE = "skep0";
export const TABLE = "inet skep";
export const VXLAN_PORT = 4789;

const NAMESPACE = /^skt-[a-z0-9]{25}$/;
const LINK = /^(skep0|skbr[0-9]{1,8}|skvx[0-9]{1,8}|sv[0-9a-z]{9,13})$/;

export const namespaceOf = (taskId: TaskId): string => `skt-${taskId}`;
/** The task of a namespace that namespaceOf named. */
export const taskOf = (namespace: string): TaskId => parseId<TaskId>("task id", namespace.slice("skt-".length));
export const isTaskNamespace = (name: string): boolean => NAMESPACE.test(name);
export const bridgeOf = (vni: number): string => `skbr${vni}`;
export const vxlanOf = (vni: number): string => `skvx${vni}`;
export const isOurLink = (name: string): boolean => LINK.test(name);

/** The node's end of a task's link: to a network by its VNI, or to the node-local bridge by 0. */
export const vethOf = (taskId: TaskId, vni: number): string => `${vethPrefixOf(taskId)}${vni.toString(36)}`;
export const vethPrefixOf = (taskId: TaskId): string => `sv${taskId.slice(0, 8)}`;

export const VETH_PREFIX_LENGTH = 10;

/** Where a namespace is entered. */
export const namespacePath = (name: string): string => `/run/netns/${name}`;
