// The name server of a node's tasks as a whole: what it knows, where it listens, whom it asks. It listens on the node's
// addresses on the node-local bridge, as soon as they are there. A port that somebody else has is no obstacle: tasks always ask
// port 53 of 127.0.0.11, and the rules lead them wherever the server is.
import { readFileSync } from "node:fs";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import { fourOf, possibleViews } from "../plan/ipv6.ts";
import type { KeptSockets } from "./kept-sockets.ts";
import { createNameServer } from "./server.ts";
import { createUpstream, readResolvConf, type UpstreamServer } from "./upstream.ts";
import { buildNames, type Names, type NamesInput } from "./zone.ts";

export interface TaskNames {
  /** Where it listens, or will try to first. */
  readonly port: number;
  /** What is answered from now on. */
  readonly swap: (input: NamesInput) => void;
  /**
   * Listens, if it does not yet, until the signal aborts; what is asked before the first `swap` waits for it where sockets are
   * kept, and is dropped where not. False: there is no address to listen on now.
   * @throws {SkepError} `unavailable`: no port is free.
   */
  readonly listen: (signal: AbortSignal) => Promise<boolean>;
  /** For a node that leaves its cluster: nothing of it stays when this process ends. */
  readonly clear: () => void;
}

export interface TaskNamesOptions {
  readonly env: Pick<Env, "random" | "timer" | "nowMs">;
  readonly log: Log;
  /** The node's own on the node-local bridge; only IPv4 is asked. */
  readonly addresses: readonly string[];
  /** False: the kernel has none, and tasks are told of no such address. Default true. */
  readonly ipv6?: boolean;
  /** Default /etc/resolv.conf. */
  readonly resolvConf?: string;
  /** Sockets that outlive this process; undefined: its own do. */
  readonly sockets?: KeptSockets;
}

const FIRST_PORT = 7353;
const PORTS = 32;
/** The host's resolvers may change; that is seen after so long. */
const RESOLV_CONF_MS = 1_000;

export function createTaskNames(options: TaskNamesOptions): TaskNames {
  const { env, log, addresses, ipv6 = true, sockets } = options;
  let names: Names | undefined;
  let port = sockets?.port ?? FIRST_PORT;
  let listening = false;
  /** Starts to read; there is something to do until it was called. */
  let start: (() => Promise<void>) | undefined;
  const upstream = createUpstream({ env, servers: hostResolvers(options) });
  const server = createNameServer({ env, log, names: () => names, upstream });

  const begin = async (): Promise<void> => {
    if (names === undefined) return;
    const next = start;
    start = undefined;
    await next?.().catch((error: unknown) => log.error({ err: error }, "the name server of the tasks cannot listen"));
  };
  /** Questions wait in the sockets until the first `swap`. */
  const keep = async (kept: KeptSockets, at: number, signal: AbortSignal): Promise<void> => {
    const bound = await kept.open(addresses, at);
    start = () => server.serve(bound, signal);
    signal.addEventListener(
      "abort",
      () => {
        if (start === undefined) return;
        start = undefined;
        kept.close(bound);
      },
      { once: true },
    );
    await begin();
  };

  return {
    get port() {
      return port;
    },
    swap: (input) => {
      names = buildNames(ipv6 ? { ...input, views: possibleViews(input.views) } : withoutIpv6(input));
      void begin();
    },
    listen: async (signal) => {
      if (listening) return true;
      const found = await firstFree(port, (at) =>
        sockets === undefined ? server.listen(addresses, at, signal) : keep(sockets, at, signal),
      );
      if (found === undefined) return false;
      port = found;
      listening = true;
      signal.addEventListener("abort", () => {
        listening = false;
      });
      log.info({ addresses, port }, "the name server of the tasks listens");
      return true;
    },
    clear: () => sockets?.end(),
  };
}

const withoutIpv6 = (input: NamesInput): NamesInput => ({
  ...input,
  views: new Map([...input.views].map(([id, view]) => [id, fourOf(view)])),
});

/** The port at which `listen` succeeds; undefined: the addresses are not there. */
async function firstFree(first: number, listen: (port: number) => Promise<void>): Promise<number | undefined> {
  for (let port = first; ; port++) {
    try {
      await listen(port);
      return port;
    } catch (error) {
      const code = codeOf(SkepError.from(error).cause);
      if (code === "EADDRNOTAVAIL") return undefined;
      if (code !== "EADDRINUSE" || port >= FIRST_PORT + PORTS) throw error;
    }
  }
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && "code" in cause ? cause.code : undefined);

function hostResolvers({ env, addresses, resolvConf = "/etc/resolv.conf" }: TaskNamesOptions) {
  let readAtMs = Number.NEGATIVE_INFINITY;
  let servers: readonly UpstreamServer[] = [];
  return (): readonly UpstreamServer[] => {
    if (env.nowMs() - readAtMs < RESOLV_CONF_MS) return servers;
    readAtMs = env.nowMs();
    try {
      servers = readResolvConf(readFileSync(resolvConf, "utf8"), addresses);
    } catch {
      servers = []; // a host without one has no resolvers
    }
    return servers;
  };
}
