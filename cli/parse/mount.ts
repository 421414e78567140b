// --mount type=bind,source=/data,target=/data,readonly: Docker's long csv form.
import { type Mount, type MountType, newBindOptions, newMount, newTmpfsOptions } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import { mountTargetProblem } from "../../shared/model/container-values.ts";
import { FILE_MODE, isWithin } from "../../shared/model/ranges.ts";
import { parseCsv } from "./pairs.ts";
import { parseBytes } from "./quantity.ts";

const EXAMPLE = "write it like type=bind,source=/srv/data,target=/data,readonly";
const TYPES: readonly MountType[] = ["bind", "volume", "tmpfs"];

const bad = (message: string): SkepError => new SkepError("invalid_argument", message);

function truth(key: string, value: string): boolean {
  if (/^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw bad(`${key}=${value} is neither true nor false.`);
}

/** @throws {SkepError} `invalid_argument` */
export function parseMount(raw: string): Mount {
  let type: MountType = "volume";
  let [source, target, readOnly] = ["", "", false];
  let [propagation, nonRecursive] = ["", false];
  let [sizeBytes, mode] = [0, 0];
  let tmpfs = false;
  let bind = false;
  for (const field of parseCsv(raw)) {
    const at = field.indexOf("=");
    const key = (at < 0 ? field : field.slice(0, at)).trim().toLowerCase();
    const value = at < 0 ? "" : field.slice(at + 1);
    if (at < 0 && key !== "readonly" && key !== "ro")
      throw bad(`${JSON.stringify(field)} is not KEY=VALUE; ${EXAMPLE}.`);
    switch (key) {
      case "type": {
        const found = TYPES.find((known) => known === value.toLowerCase());
        if (found === undefined) throw bad(`Type ${JSON.stringify(value)} is not one of ${TYPES.join(", ")}.`);
        type = found;
        break;
      }
      case "source":
      case "src":
        source = value;
        break;
      case "target":
      case "dst":
      case "destination":
        target = value;
        break;
      case "readonly":
      case "ro":
        readOnly = at < 0 || truth(key, value);
        break;
      case "bind-propagation":
        if (!/^(r?private|r?shared|r?slave)$/.test(value)) {
          throw bad(`bind-propagation=${value} is not one of private, rprivate, shared, rshared, slave, rslave.`);
        }
        [propagation, bind] = [value, true];
        break;
      case "bind-nonrecursive":
        [nonRecursive, bind] = [truth(key, value), true];
        break;
      case "bind-recursive":
        if (value !== "enabled" && value !== "disabled")
          throw bad(`bind-recursive=${value} is not one of enabled, disabled.`);
        [nonRecursive, bind] = [value === "disabled", true];
        break;
      case "consistency":
        break; // accepted and without effect, as on every Linux host
      case "tmpfs-size":
        [sizeBytes, tmpfs] = [parseBytes(value), true];
        break;
      case "tmpfs-mode":
        if (!/^[0-7]{1,5}$/.test(value) || !isWithin(FILE_MODE, Number.parseInt(value, 8)))
          throw bad(`tmpfs-mode=${value} is not octal: write it like tmpfs-mode=1770.`);
        [mode, tmpfs] = [Number.parseInt(value, 8), true];
        break;
      default:
        throw bad(`Unknown key ${JSON.stringify(key)}; ${EXAMPLE}.`);
    }
  }
  const problem = mountTargetProblem(target);
  if (problem !== undefined) throw bad(`The target is wrong: ${problem}; ${EXAMPLE}.`);
  if (type === "bind" && source === "") throw bad(`A bind mount needs a source; ${EXAMPLE}.`);
  if (type === "bind" && !source.startsWith("/"))
    throw bad(`The source of a bind mount is an absolute path, not ${JSON.stringify(source)}.`);
  if (type === "tmpfs" && source !== "") throw bad("A tmpfs mount has no source.");
  if (bind && type !== "bind") throw bad(`bind-… options are for type=bind, not type=${type}.`);
  if (tmpfs && type !== "tmpfs") throw bad(`tmpfs-… options are for type=tmpfs, not type=${type}.`);
  return newMount({
    type,
    source,
    target,
    readOnly,
    bindOptions: bind ? newBindOptions({ propagation, nonRecursive }) : undefined,
    tmpfsOptions: tmpfs ? newTmpfsOptions({ sizeBytes, mode }) : undefined,
  });
}
