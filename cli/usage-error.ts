import { SkepError } from "../shared/errors.ts";

/** The command line itself is wrong: found before the cluster was asked anything. Exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Exit statuses that scripts may rely on; `skep --help` tells them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export function exitStatusOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return SkepError.from(error).code === "canceled" ? EXIT.interrupted : EXIT.failed;
}
