// Does the steps of a plan with ip, bridge, nft, sh and perl. What is in different namespaces goes on side by side. Stops at the
// first failure: the next look at the kernel and the next plan go on from what is then there.
import { arch } from "node:os";
import { SkepError } from "../../../shared/errors.ts";
import { isTaskNamespace, NODE, namespacePath } from "../plan/names.ts";
import type { Step } from "../plan/steps.ts";
import { type Batch, batches } from "./commands.ts";
import { canEnterMany, enterMany } from "./many.ts";
import { encodeChanges } from "./nft-binary.ts";
import type { ToolCall, ToolRunner } from "./run.ts";
import { type Complaint, complaintsOf, scriptOf } from "./script.ts";

// Sets each "key value" line of its input; a key that this kernel does not have is told by its absence when we look again.
const SYSCTL =
  'while read -r key value; do [ ! -e "/proc/sys/$key" ] || echo "$value" > "/proc/sys/$key" || exit 1; done';

/** What ip and bridge say of something that is already so. */
const ALREADY =
  /File exists|Cannot find device|No such (device|process|file or directory)|Cannot assign requested address|Cannot remove namespace file|^Command failed/;

/** Shells; what they run waits for the kernel more than it computes. */
const AT_ONCE = 4;
const IN_A_SHELL = 16;
/** Each of them is an open file of the program that enters it. */
const ENTERED_AT_ONCE = 256;

/** @throws {SkepError} `internal`: a tool refused a line; the message says which, where and why. */
export async function execute(steps: readonly Step[], runner: ToolRunner, signal: AbortSignal): Promise<void> {
  for (const phase of phases(steps)) {
    const rest = phase.kind === "rules" ? await quickRules(phase.steps, runner, signal) : phase.steps;
    await runLanes(lanes(phase.kind, rest), runner, signal);
  }
}

/** Steps of one kind, which depend on each other at most within their namespace. */
interface Phase {
  readonly kind: string;
  readonly steps: readonly Step[];
}

function phases(steps: readonly Step[]): readonly Phase[] {
  const result: { kind: string; steps: Step[] }[] = [];
  for (const step of steps) {
    const kind = kindOf(step);
    const last = result.at(-1);
    if (last?.kind === kind) last.steps.push(step);
    else result.push({ kind, steps: [step] });
  }
  return result;
}

function kindOf(step: Step): string {
  switch (step.kind) {
    case "addLink":
    case "setLink":
      return isTaskNamespace(step.namespace) ? "task links" : IN_ORDER; // the other ends come with the switchboard's
    case "putFact":
      return step.fact === "sysctl" ? "sysctl" : "facts";
    case "rules":
      return "rules";
    default:
      return IN_ORDER;
  }
}

const IN_ORDER = "in order";

/** What may run side by side. */
function lanes(kind: string, steps: readonly Step[]): readonly (readonly Batch[])[] {
  if (kind === IN_ORDER) return [batches(steps)];
  const byNamespace = Map.groupBy(steps, ({ namespace }) => namespace);
  return [...byNamespace.values()].map(batches);
}

async function runLanes(all: readonly (readonly Batch[])[], runner: ToolRunner, signal: AbortSignal): Promise<void> {
  const shells = Array.from({ length: Math.min(AT_ONCE, all.length) }, (_, shell) =>
    all.filter((__, i) => i % AT_ONCE === shell).flat(),
  );
  const worker = async (list: readonly Batch[]): Promise<void> => {
    // A shell has a time limit: what is much must not come near it on a busy machine.
    for (let at = 0; at < list.length; at += IN_A_SHELL) {
      await runInOneShell(list.slice(at, at + IN_A_SHELL), runner, signal);
    }
  };
  await Promise.all(shells.map(worker));
}

async function runInOneShell(list: readonly Batch[], runner: ToolRunner, signal: AbortSignal): Promise<void> {
  const filled = list.filter(({ lines }) => lines.length > 0);
  if (filled.length === 0) return;
  const calls = filled.map((batch) => ({ ...callOf(batch), goesOn: batch.tolerant }));
  const { stdout, stderr, code } = await runner.run({ command: "sh", args: ["-s"], input: scriptOf(calls) }, signal);
  for (const complaint of complaintsOf(stdout)) {
    const batch = filled[complaint.index];
    if (batch !== undefined) refuse(batch, complaint);
  }
  if (code !== 0) throw new SkepError("internal", `cannot set up the network: sh: ${stderr.trim() || `exit ${code}`}`);
}

/** Does what can be done in many namespaces by one program; returns the rest. */
async function quickRules(steps: readonly Step[], runner: ToolRunner, signal: AbortSignal): Promise<readonly Step[]> {
  if (!canEnterMany(arch())) return steps;
  const lines: string[] = [];
  // Namespaces with the same rules get the very same change.
  const known = new Map<unknown, string | undefined>();
  const rest = steps.filter((step) => {
    if (step.kind !== "rules" || step.namespace === NODE) return true;
    if (!known.has(step.changes)) {
      const bytes = encodeChanges(step.changes);
      known.set(step.changes, bytes === undefined ? undefined : Buffer.from(bytes).toString("hex"));
    }
    const bytes = known.get(step.changes);
    if (bytes !== undefined) lines.push(`nft ${namespacePath(step.namespace)} ${bytes}`);
    return bytes === undefined;
  });
  for (let at = 0; at < lines.length; at += ENTERED_AT_ONCE) {
    await enterMany(lines.slice(at, at + ENTERED_AT_ONCE), runner, arch(), signal);
  }
  return rest;
}

/** @throws {SkepError} unless it is only about what was so already. */
function refuse(batch: Batch, { code, text }: Complaint): void {
  const complaints = text.split("\n").filter((line) => line.trim() !== "");
  const real = batch.tolerant ? complaints.filter((line) => !ALREADY.test(line)) : complaints;
  if (batch.tolerant && real.length === 0) return;
  const missing = code === 127 ? " (install iproute2, nftables and util-linux)" : "";
  const failed = /Command failed -:(\d+)/.exec(text)?.[1];
  const line = failed === undefined ? "" : ` at "${batch.lines[Number(failed) - 1] ?? "?"}"`;
  const where = batch.namespace === NODE ? "this node" : `namespace ${batch.namespace}`;
  throw new SkepError(
    missing === "" ? "internal" : "failed_precondition",
    `cannot set up the network of ${where}: ${batch.tool}${line}: ${real.slice(0, 5).join("; ") || `exit ${code}`}${missing}`,
  );
}

function callOf({ tool, namespace, tolerant, lines }: Batch): ToolCall {
  const at = namespace === NODE ? {} : { namespacePath: namespacePath(namespace) };
  const input = `${lines.join("\n")}\n`;
  const force = tolerant ? ["-force"] : [];
  switch (tool) {
    case "ip":
      return { command: "ip", args: [...force, "-batch", "-"], input, ...at };
    case "ip6":
      return { command: "ip", args: ["-6", ...force, "-batch", "-"], input, ...at };
    case "bridge":
      return { command: "bridge", args: [...force, "-batch", "-"], input, ...at };
    case "nft":
      return { command: "nft", args: ["-f", "-"], input, ...at };
    case "sysctl":
      return { command: "sh", args: ["-c", SYSCTL], input, ...at };
  }
}
