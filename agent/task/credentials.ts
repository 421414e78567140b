// Registry credentials stay out of the files that a node keeps of its tasks: a file outlives its need, lands in backups of
// the host, and would hand a registry to whoever reads it. They are needed for the pull alone, and managers send them with
// every assignment. So a task that has yet to pull after a restart of the daemon waits until a manager has sent it again.
import type { Task } from "../../proto/gen/objects.ts";

/** Stands in a recorded task where it had credentials. Not base64 of JSON, so it can never pass for credentials. */
const WITHHELD = "(withheld)";

const registryAuth = (task: Task): string => task.spec?.containerSpec?.registryAuth ?? "";

/** The task is from a record, and had credentials that the record does not hold. */
export const areCredentialsWithheld = (task: Task): boolean => registryAuth(task) === WITHHELD;

/** The task carries credentials in plain. */
export const carriesCredentials = (task: Task): boolean => registryAuth(task) !== "" && !areCredentialsWithheld(task);

/** The task as it may be written to a disk. */
export function withoutCredentials(task: Task): Task {
  const { spec } = task;
  if (spec?.containerSpec === undefined || !carriesCredentials(task)) return task;
  return { ...task, spec: { ...spec, containerSpec: { ...spec.containerSpec, registryAuth: WITHHELD } } };
}
