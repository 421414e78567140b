// Tasks of one service have the same spec, byte for byte, and it is most of a task. Read from the log or a snapshot, each would
// have a copy: with 100,000 tasks that is most of the heap, and of the time in which the garbage collector stops everything.
// What is stored never changes, so tasks may share it, as those do that the orchestrator makes.
import { decodeTask, decodeTaskSpec, type Task, type TaskSpec } from "../../proto/gen/objects.ts";
import { asBuffer, Reader } from "../../proto/wire.ts";

/** As the field's tag stands in a Task: number 3, with a length. */
const SPEC_TAG = (3 << 3) | 2;
/** Of the services that are read at about the same time. */
const MAX_KNOWN = 1024;

const known = new Map<string, TaskSpec>();

function specOf(bytes: Uint8Array): TaskSpec {
  const key = asBuffer(bytes).toString("latin1");
  const found = known.get(key);
  if (found !== undefined) return found;
  const spec = decodeTaskSpec(new Uint8Array(bytes)); // not a window into all that was read
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, spec);
  return spec;
}

/** @throws RangeError or Error when the bytes are not a Task. */
export function decodeSharedTask(bytes: Uint8Array): Task {
  const r = Reader.create(bytes);
  let spec: { readonly at: number; readonly from: number; readonly to: number } | undefined;
  while (r.pos < r.len) {
    const at = r.pos;
    const tag = r.uint32();
    if (tag !== SPEC_TAG) {
      r.skipType(tag & 7);
      continue;
    }
    if (spec !== undefined) return decodeTask(bytes); // not as we write it
    const length = r.uint32();
    spec = { at, from: r.pos, to: r.pos + length };
    r.skip(length);
  }
  if (spec === undefined) return decodeTask(bytes);
  const rest = Buffer.concat([bytes.subarray(0, spec.at), bytes.subarray(spec.to)]);
  return Object.assign(decodeTask(rest), { spec: specOf(bytes.subarray(spec.from, spec.to)) });
}
