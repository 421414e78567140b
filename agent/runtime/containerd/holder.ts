// Keeps named pipes alive while no daemon reads them. The shim closes its ends as soon as the container has exited, and a
// pipe that nobody holds open forgets what is in it: the last words of a container that ends while the daemon restarts
// would be lost. One small shell, of its own session, holds a descriptor to every pipe. When the daemon goes, the shell's
// input ends and it turns into a sleep that keeps them (or ends, when it holds none); the next daemon starts a holder of its
// own, lets it hold the same pipes, and then ends the old one.
import { type ChildProcess, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import type { Log } from "../../../shared/log.ts";

// Opening for reading alone would wait for a writer, so each pipe is first opened for both. Paths are ours: no white space.
const SCRIPT = `
exec 2>/dev/null
declare -A held
while read -r verb path; do
  case $verb in
    hold)
      [[ -p $path && -z \${held[$path]} ]] || continue
      exec {both}<>"$path" {one}<"$path" {both}>&-
      held[$path]=$one ;;
    drop)
      one=\${held[$path]}
      [[ -n $one ]] && exec {one}<&-
      unset "held[$path]" ;;
    sync) echo ;;
  esac
done
(( \${#held[@]} )) && exec -a "$0" sleep infinity
`;

export interface Holder {
  readonly hold: (path: string) => void;
  readonly drop: (path: string) => void;
  /** Ends the holder of an earlier daemon once this one holds what it was told so far. */
  readonly replaceOld: () => Promise<void>;
  /** Leaves the holder behind, holding. */
  readonly close: () => void;
}

/** @param pidFile where the holder's process id is kept; its path also marks the process as ours */
export async function startHolder(options: { readonly pidFile: string; readonly log: Log }): Promise<Holder> {
  const { pidFile, log } = options;
  const mark = `skep-holder:${pidFile}`;
  const old = await livingHolder(pidFile, mark);
  // --norc: bash takes a standard input that is a socket, as Node's pipes are, for a remote shell, and reads root's .bashrc.
  const child: ChildProcess = spawn("bash", ["--norc", "-c", SCRIPT, mark], {
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
    cwd: "/",
  });
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", (error) => {
      log.warn(
        { error: error.message },
        "no bash: output of containers that end while the daemon restarts may be lost",
      );
      resolve();
    });
  });
  child.stdin?.on("error", () => undefined); // told by the child's own error or exit
  child.stdout?.on("error", () => undefined);
  if (child.pid !== undefined) await writeFile(pidFile, `${child.pid}\n`);
  const tell = (verb: string, path: string): void => {
    if (child.exitCode === null && child.stdin?.writable === true) child.stdin.write(`${verb} ${path}\n`);
  };
  return {
    hold: (path) => tell("hold", path),
    drop: (path) => tell("drop", path),
    replaceOld: async () => {
      if (old === undefined) return;
      const answered = new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
      tell("sync", "");
      await Promise.race([answered, gone]);
      try {
        if (await isHolder(old, mark)) process.kill(old, "SIGKILL"); // its number may be another's by now
      } catch {
        // gone
      }
    },
    close: () => {
      child.stdin?.end();
      child.stdout?.destroy();
      child.unref();
    },
  };
}

async function livingHolder(pidFile: string, mark: string): Promise<number | undefined> {
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return (await isHolder(pid, mark)) ? pid : undefined;
}

const isHolder = async (pid: number, mark: string): Promise<boolean> =>
  (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).includes(mark);
