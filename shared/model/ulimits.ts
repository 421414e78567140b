// Resource limits of a container's processes (setrlimit), for the API that takes them and the agent that sets them.
import type { Ulimit } from "../../proto/gen/objects.ts";

/** No limit, as Docker's API writes it. */
export const UNLIMITED = -1;

const NAMES =
  "as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(" ");

/** Why no container can have it; undefined when one can. */
export function ulimitProblem({ name, soft, hard }: Ulimit): string | undefined {
  if (!NAMES.includes(name)) {
    return `there is no resource limit ${JSON.stringify(name)}: write it like nofile=1024:2048; there are ${NAMES.join(", ")}`;
  }
  for (const value of [soft, hard]) {
    if (value < UNLIMITED || !Number.isSafeInteger(value))
      return `${value} is not a limit: a number from 0 to ${Number.MAX_SAFE_INTEGER}, or -1 for none`;
  }
  if (hard !== UNLIMITED && (soft > hard || soft === UNLIMITED)) {
    const text = soft === UNLIMITED ? "none (-1)" : String(soft);
    return `the soft limit ${text} is above the hard limit ${hard}: write it like ${name}=1024:2048`;
  }
  return undefined;
}
