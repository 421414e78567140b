// The namespace of a container that outlived its agent is found again by its name under /run/netns. Should that name be gone, or
// stand for another namespace, it is given again by the container's process: else the task would get a second network, and
// its container keep the first.
import { stat } from "node:fs/promises";
import { SkepError } from "../../shared/errors.ts";
import type { Log } from "../../shared/log.ts";
import type { TaskId } from "../../shared/model/ids.ts";
import type { ToolRunner } from "./apply/run.ts";
import { namespaceOf, namespacePath } from "./plan/names.ts";

/** Never throws: what cannot be kept is told in the log, and the task then shows it. */
export type KeepNamespace = (taskId: TaskId, pid: number, signal: AbortSignal) => Promise<void>;

export const createKeepNamespace =
  (runner: ToolRunner, log: Log): KeepNamespace =>
  async (taskId, pid, signal) => {
    const name = namespaceOf(taskId);
    try {
      const [named, own] = await Promise.all([inodeOf(namespacePath(name)), inodeOf(`/proc/${pid}/ns/net`)]);
      if (own === undefined || named === own) return;
      if (named !== undefined) await runner.run({ command: "ip", args: ["netns", "del", name] }, signal);
      const attach = { command: "ip", args: ["netns", "attach", name, String(pid)] };
      const { code, stderr } = await runner.run(attach, signal);
      if (code !== 0) throw new SkepError("internal", stderr.trim());
      log.warn({ task: taskId, pid }, "the name of a task's network namespace was lost, and is there again");
    } catch (error) {
      if (signal.aborted) return;
      log.error({ task: taskId, pid, error: SkepError.from(error).message }, "a task's network namespace is lost");
    }
  };

/** Of a namespace; undefined when there is none. */
const inodeOf = (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ ino }) => ino,
    () => undefined,
  );
