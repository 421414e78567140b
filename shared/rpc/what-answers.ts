// Why no manager of ours is reached at an address, in words: what answers there, and what to check. TLS libraries tell it as a
// line of their own source. Asked after a connection has failed, so it connects once or twice more.
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Env } from "../env/env.ts";
import { type Address, DEFAULT_PORT } from "./address.ts";
import { GRPC_ALPN } from "./alpn.ts";

const LIMIT_MS = 2_000;
/** What programs say that speak first, or to whom HTTP is spoken. */
const BANNERS: readonly (readonly [start: string, what: string])[] = [
  ["SSH-", "an SSH server"],
  ["HTTP/", "an HTTP server without TLS"],
  ["220", "a mail or FTP server"],
  ["-ERR", "a Redis server, or one like it,"],
];
const CHECK = `check the address and the port (skep's is ${DEFAULT_PORT} unless --listen-addr says otherwise)`;

/** By the error codes of Node and of the system. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: `nothing listens there: is the skep daemon running, and is this its port? ${CHECK}`,
  EHOSTUNREACH: "no route to this host: check the address and the network",
  ENETUNREACH: "no route to this network: check the address and the network",
  ENOTFOUND: "its name does not resolve: check the name, or use the address",
  EAI_AGAIN: "its name cannot be resolved now: check the name server, or use the address",
  ETIMEDOUT: `no answer: ${CHECK}, and that no firewall is in between`,
  ECONNRESET: `what answers there closes the connection at once, as no skep manager does: ${CHECK}`,
  EPIPE: `what answers there closes the connection at once, as no skep manager does: ${CHECK}`,
};
const NOT_SKEP = "speaks TLS, but is no skep manager";
const ALERTS: ReadonlySet<string> = new Set([
  "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
  "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
  "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
  "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
  "ERR_SSL_UNSUPPORTED_PROTOCOL",
]);

/** What a failed TLS connection means; undefined where its message says it well enough. */
export function reasonOfCode(code: string | undefined): string | undefined {
  if (code === undefined) return undefined;
  if (ALERTS.has(code)) return `what answers there ${NOT_SKEP}: ${CHECK}`;
  if (code.startsWith("ERR_SSL_"))
    return `a program that does not speak TLS answers there, and no skep manager: ${CHECK}`;
  return REASONS[code];
}

type Outcome =
  | { readonly kind: "speaks"; readonly alpn: string | false }
  | { readonly kind: "failed"; readonly code: string };

function tryTls(env: Pick<Env, "timer">, { host, port }: Address): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, ALPNProtocols: [GRPC_ALPN], rejectUnauthorized: false });
    let isConnected = false;
    const end = (outcome: Outcome): void => {
      timer.cancel();
      socket.on("error", () => undefined).destroy();
      resolve(outcome);
    };
    const timer = env.timer(LIMIT_MS, () => end({ kind: "failed", code: isConnected ? "silent" : "ETIMEDOUT" }));
    socket.once("connect", () => {
      isConnected = true;
    });
    socket.once("secureConnect", () => end({ kind: "speaks", alpn: socket.alpnProtocol ?? false }));
    socket.once("error", (error: NodeJS.ErrnoException) => end({ kind: "failed", code: error.code ?? "" }));
    socket.once("close", () => end({ kind: "failed", code: "ECONNRESET" }));
  });
}

/** The first that is said there, or in answer to a request of HTTP. */
function firstWords(env: Pick<Env, "timer">, { host, port }: Address): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port });
    const end = (words: string): void => {
      timer.cancel();
      socket.on("error", () => undefined).destroy();
      resolve(words);
    };
    const timer = env.timer(LIMIT_MS, () => end(""));
    socket.once("connect", () => socket.write("GET / HTTP/1.0\r\n\r\n"));
    socket.once("data", (chunk: Buffer) => end(chunk.toString("latin1", 0, 16)));
    socket.once("error", () => end(""));
    socket.once("close", () => end(""));
  });
}

/** Undefined where a skep manager may answer: then it is not the address that is wrong. Takes 4 s at most. */
export async function whatAnswers(env: Pick<Env, "timer">, address: Address): Promise<string | undefined> {
  const outcome = await tryTls(env, address);
  if (outcome.kind === "speaks") {
    return outcome.alpn === GRPC_ALPN ? undefined : `what answers there ${NOT_SKEP}: ${CHECK}`;
  }
  const { code } = outcome;
  if (code !== "silent" && (!code.startsWith("ERR_SSL_") || ALERTS.has(code))) return reasonOfCode(code);
  const words = await firstWords(env, address);
  const known = BANNERS.find(([start]) => words.startsWith(start));
  if (known !== undefined) return `${known[1]} answers there, and no skep manager: ${CHECK}`;
  if (code !== "silent") return reasonOfCode(code);
  return `something takes connections there and says nothing: ${CHECK}; a skep daemon that is stopped does so too`;
}
