// Which capabilities a container's processes get: Docker's default set, changed by what the service adds and drops.
import { SkepError } from "../../../../shared/errors.ts";
import { ALL_CAPABILITIES, capabilityName, capabilityProblem } from "../../../../shared/model/capabilities.ts";
import type { OciCapabilities } from "./oci.ts";

/** Docker's default. */
export const DEFAULT_CAPABILITIES: readonly string[] = (
  "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE " +
  "SETFCAP"
)
  .split(" ")
  .map((name) => `CAP_${name}`);

function normalize(names: readonly string[]): string[] {
  return names.map((raw) => {
    const name = capabilityName(raw);
    if (name === undefined) throw new SkepError("invalid_argument", capabilityProblem(raw) ?? raw);
    return name;
  });
}

/**
 * Docker's rule: "add ALL" starts from all, "drop ALL" from none, else from the default set; then the named ones are
 * dropped and added. `supported` is how many capabilities this kernel knows (its last capability number plus one).
 * @throws {SkepError} `invalid_argument`: no such capability.
 */
export function capabilities(add: readonly string[], drop: readonly string[], supported: number): string[] {
  const added = normalize(add);
  const dropped = new Set(normalize(drop));
  const known = ALL_CAPABILITIES.slice(0, supported);
  let base: readonly string[] = DEFAULT_CAPABILITIES;
  if (added.includes("ALL")) base = known;
  else if (dropped.has("ALL")) base = [];
  const wanted = new Set([...base.filter((name) => !dropped.has(name)), ...added.filter((name) => name !== "ALL")]);
  return known.filter((name) => wanted.has(name));
}

/** Docker's rule: a user that is not root starts without any, and may gain them only by executing a file that has them. */
export function processCapabilities(names: readonly string[], uid: number): OciCapabilities {
  return uid === 0 ? { bounding: names, effective: names, permitted: names } : { bounding: names };
}
