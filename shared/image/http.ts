// The thinnest HTTP client that registries need: one request, one response, back-pressure both ways, an AbortSignal, and
// two time limits (to connect, and of silence). Redirects, authentication and retries are decided above it.
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import type { Env, Timer } from "../env/env.ts";
import { SkepError } from "../errors.ts";
import { guardedLookup, type LookupAll, refuseForbiddenHost } from "./reach.ts";
import { currentTrust, type Trust } from "./trust.ts";

export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  /** Who named this address: the user (any address will do), or a registry (none that only this machine reaches). */
  readonly namedBy: "user" | "registry";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** Undefined when absent. */
  readonly header: (name: string) => string | undefined;
  /** Once only. Throws a SkepError `unavailable` when it breaks or falls silent. */
  readonly body: AsyncIterable<Uint8Array>;
  /** For a body that is not wanted. */
  readonly discard: () => void;
}

export interface HttpTransport {
  /**
   * @throws {SkepError} `unavailable`, naming host and cause; `permission_denied`: a registry led to a forbidden address.
   * @throws `signal.reason` when aborted.
   */
  readonly request: (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;
  readonly close: () => void;
}

export interface HttpOptions {
  readonly env: Env;
  readonly connectTimeoutMs?: number;
  /** Of silence: before the response, and between two pieces of a body. */
  readonly idleTimeoutMs?: number;
  /** Files with this host's authorities, as `currentTrust` has them; for tests. */
  readonly bundles?: readonly string[];
  /** How names are looked up that a registry gave, as `dns.lookup` does; for tests. */
  readonly lookupAll?: LookupAll;
}

/** Across an ocean it takes a third of a second; who waits for a service to start wants to know soon. */
const CONNECT_TIMEOUT_MS = 6_000;
const IDLE_TIMEOUT_MS = 30_000;
const MAX_SOCKETS_PER_HOST = 8;
const DISCARD_LIMIT_MS = 5_000;

/** True for failures before a connection stood, and for broken ones: `transient` are worth repeating at once. */
export class TransportError extends SkepError {
  readonly transient: boolean;

  constructor(message: string, transient: boolean, options?: ErrorOptions) {
    super("unavailable", message, options);
    this.transient = transient;
  }
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ENOTFOUND: "the name cannot be resolved",
  EAI_AGAIN: "the name cannot be resolved now",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was closed",
  ETIMEDOUT: "the connection timed out",
  EPROTO: "it does not speak TLS; if it is a plain HTTP registry, list it as insecure",
  ERR_SSL_WRONG_VERSION_NUMBER: "it does not speak TLS; if it is a plain HTTP registry, list it as insecure",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it does not speak TLS; if it is a plain HTTP registry, list it as insecure",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is self-signed: add it to the host's trusted ones (update-ca-certificates)",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate is signed by a CA this host does not trust: add it to the host's (update-ca-certificates)",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is signed by a CA this host does not trust: add it to the host's (update-ca-certificates)",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    "its certificate is signed by a CA this host does not trust: add it to the host's (update-ca-certificates)",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};
const TRANSIENT = new Set(["ECONNRESET", "EPIPE"]);

function transportError(url: URL, error: unknown): SkepError {
  if (error instanceof SkepError) return error;
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  const words = WORDS[code] ?? (error instanceof Error && error.message !== "" ? error.message : code);
  return new TransportError(`cannot reach registry ${url.host}: ${words}`, TRANSIENT.has(code), { cause: error });
}

export function createHttpTransport(options: HttpOptions): HttpTransport {
  const { env } = options;
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const idleTimeoutMs = options.idleTimeoutMs ?? IDLE_TIMEOUT_MS;
  const pooled = { keepAlive: true, maxSockets: MAX_SOCKETS_PER_HOST } as const;
  // Addresses that a registry named have connections of their own: none is shared that was made without the guard.
  const guard = { ...pooled, lookup: guardedLookup(options.lookupAll) };
  const plain = { user: new http.Agent(pooled), registry: new http.Agent(guard) };
  // Reading the trusted certificates costs some milliseconds: only where needed, and when they changed.
  let trust: Trust | undefined;
  let secure: Readonly<Record<HttpRequest["namedBy"], https.Agent>> | undefined;

  const agentFor = ({ url, namedBy }: HttpRequest): http.Agent => {
    if (namedBy === "registry") refuseForbiddenHost(url);
    if (url.protocol === "http:") return plain[namedBy];
    const now = currentTrust(trust, options.bundles);
    if (secure === undefined || now !== trust) {
      // Requests under way keep the connections of the agents before.
      const ca = [...now.certificates];
      secure = { user: new https.Agent({ ...pooled, ca }), registry: new https.Agent({ ...guard, ca }) };
      trust = now;
    }
    return secure[namedBy];
  };

  const request = async (wanted: HttpRequest, signal: AbortSignal): Promise<HttpResponse> => {
    signal.throwIfAborted();
    const { url } = wanted;
    const isSecure = url.protocol === "https:";
    const headers: Record<string, string> = { ...wanted.headers, "user-agent": "skep" };
    if (wanted.body instanceof Uint8Array) headers["content-length"] = String(wanted.body.length);
    const outgoing = (isSecure ? https : http).request(url, {
      method: wanted.method,
      headers,
      agent: agentFor(wanted),
      signal,
    });

    let timer: Timer | undefined;
    const watch = (ms: number, what: string): void => {
      timer?.cancel();
      timer = env.timer(ms, () => {
        outgoing.destroy(new TransportError(`registry ${url.host} ${what} within ${ms / 1000} s`, false));
      });
    };
    const unwatch = (): void => timer?.cancel();
    const failure = (error: unknown): unknown => (signal.aborted ? signal.reason : transportError(url, error));

    // The time counts from the socket on: until one is free a request waits for those before it, each of which has its limits.
    outgoing.on("socket", (socket) => {
      const connected = (): void => watch(idleTimeoutMs, "did not answer");
      if (!socket.connecting) return connected();
      watch(connectTimeoutMs, "could not be connected");
      socket.once(isSecure ? "secureConnect" : "connect", connected);
    });

    const answered = Promise.withResolvers<http.IncomingMessage>();
    let isAnswered = false;
    outgoing.on("response", (incoming) => {
      isAnswered = true;
      answered.resolve(incoming);
    });
    outgoing.on("error", answered.reject);
    answered.promise.catch(() => undefined);

    const send = async (): Promise<void> => {
      if (wanted.body === undefined || wanted.body instanceof Uint8Array) {
        outgoing.end(wanted.body);
        return;
      }
      for await (const chunk of wanted.body) {
        // A server that answers before it read everything has refused: its words matter more than the rest of the body.
        if (outgoing.destroyed || isAnswered) return;
        if (!outgoing.write(chunk)) {
          watch(idleTimeoutMs, "did not take more data");
          await Promise.race([once(outgoing, "drain", { signal }), answered.promise]);
        }
        unwatch();
      }
      watch(idleTimeoutMs, "did not answer");
      outgoing.end();
    };

    try {
      const sent = send();
      sent.catch((error: unknown) => {
        answered.reject(error);
        outgoing.destroy();
      });
      const incoming = await answered.promise;
      unwatch();
      incoming.on("error", () => undefined); // told by the body's reader
      async function* read(): AsyncGenerator<Uint8Array> {
        const chunks = incoming[Symbol.asyncIterator]();
        try {
          for (;;) {
            watch(idleTimeoutMs, "stopped sending and did not go on");
            const next: IteratorResult<unknown> = await chunks.next();
            unwatch();
            if (next.done === true) return;
            if (next.value instanceof Uint8Array) yield next.value;
          }
        } catch (error) {
          throw failure(error);
        } finally {
          unwatch();
          incoming.destroy();
        }
      }
      return {
        status: incoming.statusCode ?? 0,
        header: (name) => {
          const value = incoming.headers[name];
          return Array.isArray(value) ? value.join(", ") : value;
        },
        body: read(),
        discard: () => {
          // Read to its end, so that the connection can be used again; but a body without an end is nobody's to wait for.
          const limit = env.timer(DISCARD_LIMIT_MS, () => incoming.destroy());
          incoming.once("close", () => limit.cancel());
          incoming.resume();
        },
      };
    } catch (error) {
      unwatch();
      outgoing.destroy();
      throw failure(error);
    }
  };

  return {
    request,
    close: () => {
      for (const agents of [plain, secure]) {
        agents?.user.destroy();
        agents?.registry.destroy();
      }
    },
  };
}

/** Reads a whole body. @throws {SkepError} `invalid_argument` when it is longer than `maxBytes`. */
export async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new SkepError("invalid_argument", `${what} is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
