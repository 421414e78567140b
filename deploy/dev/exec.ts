// Running the machine's tools: ip, nft, nsenter. Output is collected (bounded), a failure says which command and why.
import { type ChildProcess, spawn } from "node:child_process";
import { SkepError } from "../../shared/errors.ts";

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

export interface RunOptions {
  readonly input?: string;
  readonly signal?: AbortSignal;
}

/** Resolves with stdout. @throws {SkepError} `failed_precondition`: the command is missing. `internal`: it failed. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    let out = "";
    let err = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      if (out.length < MAX_OUTPUT_BYTES) out += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (err.length < MAX_OUTPUT_BYTES) err += text;
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") return reject(SkepError.from(error));
      reject(
        new SkepError("failed_precondition", `the command ${command} is missing on this machine: run npm run setup`),
      );
    });
    child.on("close", (code) => {
      if (code === 0) resolve(out);
      else reject(new SkepError("internal", `${command} ${args.join(" ")}: ${err.trim() || `exit ${code}`}`));
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}

/** For tearing down: what is not there any more cannot be removed, and that is fine. True when it was there. */
export async function tryRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<boolean> {
  try {
    await run(command, args, options);
    return true;
  } catch {
    return false;
  }
}
