// What an agent may say of its node and its tasks: each field's range. A node is not trusted further than itself, so what it says
// is held against this before it goes into the log of all managers, and from there to nodes and to people's terminals. What is
// out of range is refused with the session, or the request, that it came in; our own agents never say it.
import type { TaskStatusUpdate } from "../../proto/gen/dispatcher.ts";
import type { NetworkHeld } from "../../proto/gen/network.ts";
import {
  encodeNodeDescription,
  type NodeDescription,
  type Resources,
  type TaskStatus,
  type TunnelKey,
} from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { NodeId } from "../../shared/model/ids.ts";
import { LAST_TIME_MS } from "../../shared/model/time.ts";
import { MAX_UNDERLAY_MTU, MIN_LINK_MTU } from "../../shared/network/overlay-mtu.ts";
import { CHALLENGE_BYTES } from "../../shared/pki/leader-proof.ts";
import { parseAddress, peerAddressProblem } from "../../shared/rpc/address.ts";
import type { View } from "../store/types.ts";

/** With some hundred engine labels a description has a tenth of it. */
const MAX_DESCRIPTION_BYTES = 64 * 1024;
/** In one message. Our agents send 512. */
const MAX_STATUSES = 4_096;
/** All nodes of its networks are told of them; there are two while keys are being replaced. */
const MAX_TUNNEL_KEYS = 4;
const TUNNEL_KEY_BYTES = 32;
const MAX_ADDRESS_LENGTH = 300;
const MAX_DATA_PATH_ADDRS = 8;
const MAX_TRUST_ROOTS = 8;
const MAX_LABELS = 512;
const MAX_GENERIC_RESOURCES = 64;
const MAX_HELD = 10_000;
const MAX_DIGEST_BYTES = 64;
/** A host's name has 64 at most, a name of the DNS 255. */
const MAX_NAME_LENGTH = 255;
const MAX_TEXT_LENGTH = 4 * 1024;
const MAX_PORT = 65_535;
/** A million cores. */
const MAX_NANO_CPUS = 1e15;

const ROOT_DIGEST = /^[0-9a-f]{64}$/;
/** Of a task or a network that may be gone: it is looked up, or bounded by this. */
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const CONTAINER_ID = /^[A-Za-z0-9_.-]{0,128}$/;
/** Line ends included: these are names, and a name is one line. */
const CONTROL = /\p{Cc}/u;

const wrong = (what: string, why: string): SkepError => new SkepError("invalid_argument", `the node's ${what} ${why}`);

const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function checkName(what: string, text: string, maxLength = MAX_NAME_LENGTH): void {
  if (text.length > maxLength) throw wrong(what, `has ${text.length} characters, more than ${maxLength}`);
  if (CONTROL.test(text)) throw wrong(what, `${quoted(text)} has control characters in it`);
}

/** Whole, 0 included. */
function checkNumber(what: string, value: number, most: number = Number.MAX_SAFE_INTEGER): void {
  if (!Number.isSafeInteger(value) || value < 0 || value > most)
    throw wrong(what, `is ${value}, not from 0 to ${most}`);
}

function checkCount(what: string, count: number, most: number): void {
  if (count > most) throw wrong(what, `are ${count}, more than ${most}`);
}

/** @throws {SkepError} `invalid_argument` */
export function checkDescription(description: NodeDescription): void {
  const bytes = encodeNodeDescription(description).length;
  if (bytes > MAX_DESCRIPTION_BYTES) {
    throw wrong(
      "description",
      `has ${bytes} bytes, more than ${MAX_DESCRIPTION_BYTES}: give it fewer or shorter labels`,
    );
  }
  const { hostname, platform, resources, engine, tls, dataPathAddrs, dataPathMtu, tunnelKeys, tunnelProblem } =
    description;
  checkName("hostname", hostname);
  checkName("operating system", platform?.os ?? "");
  checkName("architecture", platform?.architecture ?? "");
  if (resources !== undefined) checkResources(resources);
  checkName("engine version", engine?.engineVersion ?? "");
  checkName("runtime", engine?.runtime ?? "");
  checkLabels(engine?.labels ?? {});
  checkCount("trusted roots", tls?.trustRoots.length ?? 0, MAX_TRUST_ROOTS);
  for (const root of [...(tls?.trustRoots ?? []), tls?.issuer ?? ""]) {
    if (root !== "" && !ROOT_DIGEST.test(root)) throw wrong("root certificate", `${quoted(root)} is no digest`);
  }
  checkCount("addresses for overlay networks", dataPathAddrs.length, MAX_DATA_PATH_ADDRS);
  for (const addr of dataPathAddrs) {
    const problem = addr.length > MAX_NAME_LENGTH ? "is too long" : peerAddressProblem(addr);
    if (problem !== undefined) throw wrong("address for overlay networks:", problem);
  }
  if (dataPathMtu !== 0 && !(dataPathMtu >= MIN_LINK_MTU && dataPathMtu <= MAX_UNDERLAY_MTU)) {
    throw wrong(
      "link for overlay networks",
      `has an MTU of ${dataPathMtu} bytes, not from ${MIN_LINK_MTU} to ${MAX_UNDERLAY_MTU}`,
    );
  }
  checkTunnelKeys(tunnelKeys);
  checkName("reason to have no tunnels", tunnelProblem, MAX_TEXT_LENGTH);
}

function checkResources({ nanoCpus, memoryBytes, pids, genericResources }: Resources): void {
  checkNumber("processors (in billionths)", nanoCpus, MAX_NANO_CPUS);
  checkNumber("memory", memoryBytes);
  checkNumber("process limit", pids);
  checkCount("generic resources", genericResources.length, MAX_GENERIC_RESOURCES);
  for (const { kind, amount, value } of genericResources) {
    checkName("generic resource", kind);
    checkName("generic resource", value);
    checkNumber(`generic resource ${quoted(kind)}`, amount);
  }
}

function checkLabels(labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels);
  checkCount("engine labels", entries.length, MAX_LABELS);
  for (const [key, value] of entries) {
    checkName("engine label", key);
    checkName(`engine label ${quoted(key)}`, value, MAX_TEXT_LENGTH);
  }
}

function checkTunnelKeys(keys: readonly TunnelKey[]): void {
  checkCount("tunnel keys", keys.length, MAX_TUNNEL_KEYS);
  for (const { epoch, publicKey, port } of keys) {
    checkNumber("tunnel key's epoch", epoch);
    checkNumber("tunnel key's port", port, MAX_PORT);
    if (publicKey.length === TUNNEL_KEY_BYTES) continue;
    throw wrong("tunnel key", `has ${publicKey.length} bytes, not ${TUNNEL_KEY_BYTES}`);
  }
  if (new Set(keys.map(({ epoch }) => epoch)).size < keys.length) throw wrong("tunnel keys", "are two of one epoch");
}

/** One message of statuses; whose tasks they are of is another question. @throws {SkepError} `invalid_argument` */
export function checkStatuses(updates: readonly TaskStatusUpdate[]): void {
  if (updates.length > MAX_STATUSES) {
    throw new SkepError(
      "invalid_argument",
      `${updates.length} statuses in one message are more than ${MAX_STATUSES}: send them in several`,
    );
  }
  for (const { taskId, status } of updates) {
    if (!ID.test(taskId)) throw wrong("status", `is of ${quoted(taskId)}, which is no task's id`);
    if (status !== undefined) checkStatus(status);
  }
}

/** Texts are cut rather than refused: what a failed command has said is as long as it is. */
function checkStatus({ timestampMs, containerStatus, portStatus }: TaskStatus): void {
  checkNumber("status's time", timestampMs, LAST_TIME_MS);
  if (containerStatus !== undefined) {
    const { containerId, pid } = containerStatus;
    if (!CONTAINER_ID.test(containerId)) throw wrong("container id", `${quoted(containerId)} is none`);
    checkNumber("container's process", pid);
  }
  for (const { targetPort, publishedPort } of portStatus?.awaited ?? []) {
    checkNumber("awaited port", targetPort, MAX_PORT);
    checkNumber("awaited port", publishedPort, MAX_PORT);
  }
}

/** @throws {SkepError} `invalid_argument` */
export function checkNetworkId(networkId: string): void {
  if (!ID.test(networkId)) throw wrong("word", `is of ${quoted(networkId)}, which is no network's id`);
}

/** @throws {SkepError} `invalid_argument` */
export function checkHeld(networks: readonly NetworkHeld[]): void {
  checkCount("networks", networks.length, MAX_HELD);
  for (const { networkId, digest } of networks) {
    checkNetworkId(networkId);
    checkNumber("network digest's length", digest.length, MAX_DIGEST_BYTES);
  }
}

/** Empty is none. @throws {SkepError} `invalid_argument` */
export function checkAddress(addr: string): void {
  if (addr === "") return;
  parseAddress("node address", addr.length > MAX_ADDRESS_LENGTH ? `${addr.slice(0, 50)} …` : addr);
}

/**
 * A node moves to where no other one is: who is called there would not be the one that was meant.
 * @throws {SkepError} `failed_precondition`
 */
export function checkOwnAddress(view: Pick<View, "get" | "all">, nodeId: NodeId, addr: string): void {
  if (addr === "" || view.get("node", nodeId)?.addr === addr) return;
  for (const { id, addr: taken, status } of view.all("node")) {
    if (id === nodeId || taken !== addr || (status?.state !== "ready" && status?.state !== "suspect")) continue;
    throw new SkepError("failed_precondition", `${addr} is the address of node ${id}: two cannot share one`);
  }
}

/** Empty is none: a node of an older version. @throws {SkepError} `invalid_argument` */
export function checkChallenge(challenge: Uint8Array): void {
  if (challenge.length === 0 || challenge.length === CHALLENGE_BYTES) return;
  throw new SkepError("invalid_argument", `a challenge has ${CHALLENGE_BYTES} bytes, not ${challenge.length}`);
}
