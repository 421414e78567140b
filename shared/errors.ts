// The closed set of error codes. The code tells the caller what to do, the message tells the human what happened and what
// to do about it, `cause` keeps the rest. One table maps codes to gRPC and to the CLI's exit status.

export const GRPC_STATUS = {
  /** The caller gave up. */
  canceled: 1,
  /** The request is wrong in itself: repeating it cannot help. */
  invalid_argument: 3,
  /** Out of time: it may or may not have taken effect. */
  deadline_exceeded: 4,
  not_found: 5,
  already_exists: 6,
  /** The caller's role or token does not allow this. */
  permission_denied: 7,
  /** A bound was reached: disk, queue, size. */
  resource_exhausted: 8,
  /** Right request, wrong state of the cluster or node: the message says what must change first. */
  failed_precondition: 9,
  /** The object changed since it was read: read again and repeat. */
  conflict: 10,
  /** Known to this version by name only. */
  unimplemented: 12,
  /** A bug, or damage. */
  internal: 13,
  /** Nobody can answer now: safe to repeat. */
  unavailable: 14,
  /** No valid certificate. */
  unauthenticated: 16,
} as const;

export type Code = keyof typeof GRPC_STATUS;

const CODES = new Map<number, Code>(Object.entries(GRPC_STATUS).map(([code, status]) => [status, code as Code]));

export class SkepError extends Error {
  override readonly name = "SkepError";
  readonly code: Code;

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Folds anything thrown into a SkepError: gRPC status objects keep their code, aborts are `canceled`. */
  static from(cause: unknown): SkepError {
    if (cause instanceof SkepError) return cause;
    if (cause instanceof Error) {
      if (cause.name === "AbortError") return new SkepError("canceled", cause.message, { cause });
      const { code, details } = cause as { readonly code?: unknown; readonly details?: unknown };
      if (typeof code === "number") {
        const message = typeof details === "string" && details !== "" ? details : cause.message;
        return new SkepError(CODES.get(code) ?? (code === 2 ? "internal" : "unavailable"), message, { cause });
      }
      return new SkepError("internal", cause.message, { cause });
    }
    return new SkepError("internal", String(cause), { cause });
  }
}

export const isCode = (error: unknown, code: Code): boolean => error instanceof SkepError && error.code === code;

/** For the default branch of a switch over our own unions: a new member breaks the build here, not production. */
export function assertNever(value: never): never {
  throw new SkepError("internal", `unhandled ${JSON.stringify(value)}`);
}
