import { SkepError } from "../../../shared/errors.ts";

/** Docker's words. */
export const LOCKED_MESSAGE =
  'Swarm is encrypted and needs to be unlocked before it can be used. Please use "skep swarm unlock" to unlock it.';

export const busy = (doing: string): SkepError =>
  new SkepError("failed_precondition", `this node is busy: ${doing}; try again in a moment`);

/** What can be done about a manager's disk that cannot be used any more. */
export function withWayOut(error: unknown): SkepError {
  const { code, message } = SkepError.from(error);
  if (code !== "internal" && !/raft log|raft member/.test(message)) return SkepError.from(error);
  return new SkepError(
    code,
    `${message}. With other managers alive, nothing is lost: demote and remove this node on one of them, "skep swarm leave --force" here, and join again. ` +
      'With none: "skep swarm init --force-new-cluster" on another manager\'s disk, or "skep swarm leave --force" here and "skep swarm restore" of a backup, ' +
      'or, when this disk is all there is, "skep swarm init --force-new-cluster --force" here, which goes on with what is readable',
    { cause: error },
  );
}
