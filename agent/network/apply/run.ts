// Running the machine's tools (ip, wg, sh) for what is rare: tunnels, tests of the network. Input goes by standard input, output
// is collected up to a bound, and a tool that hangs is killed.
import { spawn } from "node:child_process";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024; // a node with 10,000 endpoints lists some 5 MB
const MAX_ERROR_BYTES = 64 * 1024;
const TIME_LIMIT_MS = 30_000;

export interface ToolCall {
  readonly command: string;
  readonly args: readonly string[];
  readonly input?: string;
}

export interface ToolResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolRunner {
  /** Resolves with the exit code and what was printed. @throws {SkepError} when it cannot be run or takes too long. */
  run(call: ToolCall, signal: AbortSignal): Promise<ToolResult>;
}

export const createToolRunner = ({ env }: { readonly env: Pick<Env, "timer"> }): ToolRunner => ({
  run: ({ command, args, input = "" }, signal) => collect(env, [command, ...args], input, signal),
});

function collect(
  env: Pick<Env, "timer">,
  words: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    const [file = "", ...args] = words;
    const limit = new AbortController();
    const timer = env.timer(TIME_LIMIT_MS, () =>
      limit.abort(
        new SkepError("deadline_exceeded", `${words.join(" ")}: no end after ${TIME_LIMIT_MS / 1000} s, killed`),
      ),
    );
    const both = AbortSignal.any([signal, limit.signal]);
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "pipe"], signal: both, killSignal: "SIGKILL" });
    const out: Buffer[] = [];
    let outBytes = 0;
    let stderr = "";
    child.stdout.on("data", (chunk: Buffer) => {
      outBytes += chunk.length;
      if (outBytes <= MAX_OUTPUT_BYTES) out.push(chunk);
      else limit.abort(new SkepError("resource_exhausted", `${words.join(" ")}: prints more than 64 MiB`));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (stderr.length < MAX_ERROR_BYTES) stderr += text;
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      timer.cancel();
      if (both.aborted) reject(both.reason);
      else if (error.code === "ENOENT") {
        reject(
          new SkepError(
            "failed_precondition",
            `the command ${file} is missing on this node: install iproute2, nftables and util-linux`,
          ),
        );
      } else reject(SkepError.from(error));
    });
    child.on("close", (code) => {
      timer.cancel();
      if (both.aborted) reject(both.reason);
      else resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString("utf8"), stderr });
    });
    child.stdin.on("error", () => undefined); // it ended before it read everything: its exit code says why
    child.stdin.end(input);
  });
}
