// Runs commands in-process against a fake daemon: a real gRPC server on a unix socket with handlers that a test gives.
import { mkdtempSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CliContext } from "../../../cli/context.ts";
import { run } from "../../../cli/run.ts";
import { type OutputStream, processTerminal } from "../../../cli/terminal.ts";
import { ControlService } from "../../../proto/gen/control.ts";
import { LocalService, newInfoResponse } from "../../../proto/gen/local.ts";
import type { Env } from "../../../shared/env/env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { addService, type Handlers } from "../../../shared/rpc/server.ts";
import { listenGrpc } from "../../support/plain-grpc.ts";

export const NOW_MS = 1_700_000_000_000;

type Partials = {
  readonly control?: Partial<Handlers<typeof ControlService>>;
  readonly local?: Partial<Handlers<typeof LocalService>>;
};

export interface Daemon {
  readonly socket: string;
  readonly close: () => void;
}

/** Methods without a handler answer `unimplemented`, as those of a node that is no manager do. */
export async function startDaemon(handlers: Partials): Promise<Daemon> {
  const dir = mkdtempSync(join(tmpdir(), "skep-cli-"));
  const socket = join(dir, "skep.sock");
  const missing = (): never => {
    throw new SkepError("unimplemented", "not served here");
  };
  const fill = <T extends object>(methods: object, given: Partial<T> | undefined): T =>
    Object.fromEntries(Object.keys(methods).map((name) => [name, Reflect.get(given ?? {}, name) ?? missing])) as T;
  const local = {
    info: async () => newInfoResponse({ controlAvailable: true, localNodeState: "active" as const }),
    ...handlers.local,
  };
  const peer = (): { kind: "local" } => ({ kind: "local" });
  const { stop } = await listenGrpc(socket, (server) => {
    addService(
      server,
      ControlService,
      fill<Handlers<typeof ControlService>>(ControlService, handlers.control),
      peer,
      () => undefined,
    );
    addService(server, LocalService, fill<Handlers<typeof LocalService>>(LocalService, local), peer, () => undefined);
  });
  return {
    socket,
    close: () => {
      stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface RestartableDaemon extends Daemon {
  /** Ends it, and begins anew at the same socket. */
  readonly restart: (handlers: Partials) => Promise<void>;
}

export async function startRestartable(handlers: Partials): Promise<RestartableDaemon> {
  const dir = mkdtempSync(join(tmpdir(), "skep-cli-again-"));
  const socket = join(dir, "skep.sock");
  let daemon: Daemon | undefined;
  const restart = async (given: Partials): Promise<void> => {
    daemon?.close();
    daemon = await startDaemon(given);
    symlinkSync(daemon.socket, `${socket}.new`);
    renameSync(`${socket}.new`, socket);
  };
  await restart(handlers);
  const close = (): void => {
    daemon?.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { socket, restart, close };
}

/** Time that passes only by sleeping: a sleep of any length is one turn of the event loop. */
export function fastEnv(onSleep: (nowMs: number) => void = () => undefined): Env {
  let nowMs = 0;
  return {
    nowMs: () => nowMs,
    wallMs: () => NOW_MS + nowMs,
    random: () => 0.5,
    timer: () => ({ cancel: () => undefined }),
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      nowMs += ms;
      onSleep(nowMs);
      await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    },
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

export interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly socket?: string;
  readonly vars?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly bytes?: Map<string, Uint8Array>;
  readonly env?: Env;
  readonly isTty?: boolean;
  readonly colour?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
  readonly isRoot?: boolean;
  /** Hears the bytes of standard output, which need not be text. */
  readonly onBytes?: (bytes: Buffer) => void;
  readonly devSocket?: (target?: string) => string | readonly string[] | undefined;
}

export async function skep(argv: readonly string[], options: RunOptions = {}): Promise<Result> {
  let [out, err] = ["", ""];
  const chunks: Buffer[] = [];
  const stream = (write: (data: string | Uint8Array) => void): OutputStream => ({
    write,
    isTTY: options.isTty === true,
    columns: options.columns ?? 100,
    rows: 40,
  });
  const stdout = stream((data) => {
    chunks.push(Buffer.from(data));
    out += Buffer.from(data).toString();
  });
  const stderr = stream((data) => {
    err += Buffer.from(data).toString();
  });
  const context: CliContext = {
    env: options.env ?? fastEnv(),
    terminal: {
      ...processTerminal(stdout, stderr, {}),
      colour: options.colour === true,
    },
    vars: { ...(options.socket === undefined ? {} : { SKEP_HOST: `unix://${options.socket}` }), ...options.vars },
    files: {
      readText: async (path) => {
        const text = options.files?.[path];
        if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
        return text;
      },
      readBytes: async (path) => {
        const bytes = options.bytes?.get(path);
        if (bytes === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
        return bytes;
      },
      writeSecret: async (path, pieces, verify) => {
        const written: Uint8Array[] = [];
        for await (const piece of pieces) written.push(piece);
        verify(Buffer.concat(written));
        options.bytes?.set(path, Buffer.concat(written));
      },
    },
    readSecret: async (prompt) => {
      err += prompt;
      return options.input ?? "";
    },
    ask: async (question) => {
      if (options.isTty === true) err += question;
      return options.input;
    },
    signal: options.signal ?? new AbortController().signal,
    isRoot: options.isRoot ?? true,
    findDevSockets: async (target) => [options.devSocket?.(target) ?? []].flat(),
  };
  const status = await run(argv, context);
  options.onBytes?.(Buffer.concat(chunks));
  return { status, out, err };
}
