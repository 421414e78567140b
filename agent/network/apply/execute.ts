// Does the steps of a plan with ip, bridge, nft and sh. Stops at the first failure: the next look at the kernel and the next
// plan go on from what is then there.
import { SkepError } from "../../../shared/errors.ts";
import { NODE, namespacePath } from "../plan/names.ts";
import type { Step } from "../plan/steps.ts";
import { type Batch, batches } from "./commands.ts";
import type { ToolCall, ToolRunner } from "./run.ts";

// Sets each "key value" line of its input; a key that this kernel does not have is told by its absence when we look again.
const SYSCTL =
  'while read -r key value; do [ ! -e "/proc/sys/$key" ] || echo "$value" > "/proc/sys/$key" || exit 1; done';

/** What ip and bridge say of something that is already so. */
const ALREADY =
  /File exists|Cannot find device|No such (device|process|file or directory)|Cannot assign requested address|Cannot remove namespace file|^Command failed/;

/** @throws {SkepError} `internal`: a tool refused a line; the message says which, where and why. */
export async function execute(steps: readonly Step[], runner: ToolRunner, signal: AbortSignal): Promise<void> {
  for (const batch of batches(steps)) {
    if (batch.lines.length > 0) await runBatch(batch, runner, signal);
  }
}

async function runBatch(batch: Batch, runner: ToolRunner, signal: AbortSignal): Promise<void> {
  const result = await runner.run(callOf(batch), signal);
  const complaints = result.stderr.split("\n").filter((line) => line.trim() !== "");
  const real = batch.tolerant ? complaints.filter((line) => !ALREADY.test(line)) : complaints;
  if (result.code === 0 || (batch.tolerant && real.length === 0)) return;
  const failed = /Command failed -:(\d+)/.exec(result.stderr)?.[1];
  const line = failed === undefined ? "" : ` at "${batch.lines[Number(failed) - 1] ?? "?"}"`;
  const where = batch.namespace === NODE ? "this node" : `namespace ${batch.namespace}`;
  throw new SkepError(
    "internal",
    `cannot set up the network of ${where}: ${batch.tool}${line}: ${real.slice(0, 5).join("; ") || `exit ${result.code}`}`,
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
