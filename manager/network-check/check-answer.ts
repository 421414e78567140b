// What a node may say in a check: it speaks of the nodes that it was asked about, in texts that a person reads, within the ranges
// of what it measures. Who says anything else is not tested.
import type { ProbeArrival, ProbeArrived, ProbeReady, ProbeSent } from "../../proto/gen/agent.ts";
import { SkepError } from "../../shared/errors.ts";
import { parseIp } from "../../shared/model/ip.ts";
import { LAST_TIME_MS } from "../../shared/model/time.ts";
import type { CheckedNode } from "./plan.ts";

const MAX_TEXT_LENGTH = 1_024;
const MAX_ARRIVALS = 10_000;
const MAX_SIZES = 8;
const MAX_PACKET_BYTES = 9_000;
const MAX_BLOCKS = 64;
const MAX_PORT = 65_535;

const wrong = (why: string): SkepError => new SkepError("invalid_argument", `the node's answer is refused: ${why}`);

/** What it says is made safe where it is shown. */
function checkText(text: string): void {
  if (text.length > MAX_TEXT_LENGTH) throw wrong(`a text of ${text.length} characters`);
}

/** @throws {SkepError} `invalid_argument` */
export function checkReady(answer: ProbeReady): ProbeReady {
  const { nowMs, problem } = answer;
  if (!(Number.isSafeInteger(nowMs) && nowMs >= 0 && nowMs <= LAST_TIME_MS)) throw wrong(`its time is ${nowMs}`);
  checkText(problem);
  return answer;
}

/** @param node that answers. @throws {SkepError} `invalid_argument` */
export function checkSent(answer: ProbeSent, { targets }: Pick<CheckedNode, "targets">): ProbeSent {
  const asked = new Set<string>(targets);
  const named = [...answer.connections.map(({ nodeId }) => nodeId), ...answer.tunnelNodeIds];
  if (named.length > 2 * asked.size)
    throw wrong(`it speaks of ${named.length} nodes, and was asked about ${asked.size}`);
  if (named.some((nodeId) => !asked.has(nodeId))) throw wrong("it speaks of a node that it was not asked about");
  for (const { error } of answer.connections) checkText(error);
  return answer;
}

/** @throws {SkepError} `invalid_argument` */
export function checkArrived(answer: ProbeArrived): ProbeArrived {
  checkArrivals(answer.vxlan);
  checkArrivals(answer.tunnels);
  if (answer.blocks.length > MAX_BLOCKS) throw wrong(`${answer.blocks.length} findings on its firewall`);
  for (const { port, peer, what, fix } of answer.blocks) {
    if ((port?.port ?? 0) > MAX_PORT) throw wrong(`a port ${port?.port}`);
    for (const text of [port?.protocol ?? "", peer, what, fix]) checkText(text);
  }
  return answer;
}

function checkArrivals(arrivals: readonly ProbeArrival[]): void {
  if (arrivals.length > MAX_ARRIVALS) throw wrong(`packets from ${arrivals.length} addresses`);
  for (const { address, sizes } of arrivals) {
    if (address.length > MAX_TEXT_LENGTH || parseIp(address) === undefined)
      throw wrong("packets from what is no address");
    if (sizes.length > MAX_SIZES) throw wrong(`${sizes.length} sizes of packets`);
    if (sizes.some((size) => size > MAX_PACKET_BYTES)) throw wrong("packets larger than were sent");
  }
}
