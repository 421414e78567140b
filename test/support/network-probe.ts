// A small program for the network tests, one in each namespace: it does what the lines of its standard input say, and answers
// each with one line.
//   serve NAME PORT          TCP and UDP: tells a client who it is and whom it sees, then echoes
//   serve-http PORT          answers every request
//   ask HOST PORT COUNT      COUNT connections one after the other: each first line or "error CODE", as a JSON array
//   ask-udp HOST PORT COUNT  the same by UDP, each from a port of its own
//   same-udp HOST PORT [new] by UDP, from the same port as the last time, or from a new one
//   same-tcp PORT HOST,…     connections to all these hosts at once, all from one port: each first line, as a JSON array
//   bulk HOST PORT BYTES     so many bytes there and back: "whole", or the error
//   hold HOST PORT           a connection that stays: its first line
//   say TEXT                 through the connections that are held: what comes back, as a JSON array
//   dns NAME TYPE            asks 127.0.0.11: the answers as a JSON array, or "error CODE"
//   name-server FILE         is the agent's name server, from a JSON file
//   resolver ADDRESS         is the host's resolver: knows names that start with "known"
//   asked                    the names that the resolver was asked for, as a JSON array
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { NetworkViews } from "../../agent/network/view.ts";
import type { NetworkId, TaskId } from "../../shared/model/ids.ts";

export interface NameServerFile {
  readonly snapshots: readonly string[];
  readonly tasks: readonly { taskId: TaskId; networks: NetworkId[]; localAddresses: string[] }[];
  readonly addresses: readonly string[];
  readonly port: number;
  readonly upstream: readonly { address: string; port: number }[];
}

/** Below those that systems give. */
const SHARED_PORT = 20_000;

function serve(name: string, port: number): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.write(`${name} ${(socket.remoteAddress ?? "").replace("::ffff:", "")}\n`);
    socket.pipe(socket);
  });
  const udp = createSocket("udp6"); // for both families
  udp.on("message", (_, from) => {
    udp.send(`${name} ${from.address.replace("::ffff:", "")}\n`, from.port, from.address);
  });
  return new Promise((resolve) => udp.bind(port, () => server.listen(port, "::", () => resolve("ready"))));
}

function firstLine(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const end = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on("error", (error: NodeJS.ErrnoException) => end(`error ${error.code}`));
    socket.on("timeout", () => end("error timeout"));
    socket.on("data", (chunk) => end(chunk.toString().trim()));
  });
}

async function ask(host: string, port: number, count: number): Promise<string> {
  const seen: string[] = [];
  for (let i = 0; i < count; i++) seen.push(await firstLine(host, port));
  return JSON.stringify(seen);
}

/** Programs that do not ask for a port of their own get one and the same for connections to several hosts now and then. */
async function sameTcp(port: number, hosts: readonly string[]): Promise<string> {
  const sockets: Socket[] = [];
  const seen: string[] = [];
  for (const host of hosts) {
    const socket = connect({ host, port, localPort: SHARED_PORT, timeout: 2_000 });
    sockets.push(socket);
    socket.on("timeout", () => socket.destroy(new Error("timeout")));
    seen.push(await heard(socket));
  }
  for (const socket of sockets) socket.destroy();
  return JSON.stringify(seen);
}

/** A short answer to every request; connections stay. */
function serveHttp(port: number): Promise<string> {
  const server = createHttpServer((_, response) => response.end("hello\n"));
  return new Promise((resolve) => server.listen(port, "::", () => resolve("ready")));
}

function onePacket(socket: UdpSocket, host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const end = (text: string): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      resolve(text);
    };
    const timer = setTimeout(() => end("error timeout"), 2_000);
    socket.once("message", (message, from) =>
      end(from.address === host ? message.toString().trim() : `error answered by ${from.address}`),
    );
    socket.once("error", (error: NodeJS.ErrnoException) => end(`error ${error.code}`));
    socket.send("who", port, host);
  });
}

async function askUdp(host: string, port: number, count: number): Promise<string> {
  const seen: string[] = [];
  for (let i = 0; i < count; i++) {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    seen.push(await onePacket(socket, host, port));
    socket.close();
  }
  return JSON.stringify(seen);
}

const stream: { socket: UdpSocket | undefined } = { socket: undefined };

function sameUdp(host: string, port: number, anew: boolean): Promise<string> {
  if (anew) stream.socket = undefined;
  stream.socket ??= createSocket("udp4");
  return onePacket(stream.socket, host, port);
}

/** So many bytes there and back through an echo. */
function bulk(host: string, port: number, bytes: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 4_000 });
    let seen = 0;
    let greeted = false;
    const end = (text: string): void => {
      socket.destroy();
      resolve(text);
    };
    socket.on("error", (error: NodeJS.ErrnoException) => end(`error ${error.code}`));
    socket.on("timeout", () => end(`error timeout after ${seen} bytes`));
    socket.on("data", (chunk) => {
      if (!greeted) {
        greeted = true;
        socket.write(Buffer.alloc(bytes, "x"));
        return;
      }
      seen += chunk.length;
      if (seen >= bytes) end("whole");
    });
  });
}

const held: Socket[] = [];
const heard = (socket: Socket): Promise<string> =>
  new Promise((resolve) => {
    if (socket.errored !== null) return resolve(`error ${socket.errored.message}`); // since it was last heard
    const timer = setTimeout(() => resolve("error silence"), 5_000);
    const end = (text: string): void => {
      clearTimeout(timer);
      resolve(text);
    };
    socket.once("data", (chunk) => end(chunk.toString().trim()));
    socket.once("error", (error) => end(`error ${error.message}`));
  });

function hold(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  held.push(socket);
  return heard(socket);
}

async function say(text: string): Promise<string> {
  const answers = held.map(heard);
  for (const socket of held) socket.write(`${text}\n`);
  return JSON.stringify(await Promise.all(answers));
}

async function dns(name: string, type: string): Promise<string> {
  const resolver = new Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers(["127.0.0.11"]);
  try {
    const found = type === "PTR" ? await resolver.reverse(name) : await resolver.resolve(name, type);
    return JSON.stringify(Array.isArray(found) ? found.toSorted() : found);
  } catch (error) {
    return `error ${(error as NodeJS.ErrnoException).code}`;
  }
}

async function nameServer(file: string): Promise<string> {
  const { createNameServer } = await import("../../agent/network/dns/server.ts");
  const { createUpstream } = await import("../../agent/network/dns/upstream.ts");
  const { buildNames } = await import("../../agent/network/dns/zone.ts");
  const { merge } = await import("../../agent/network/view.ts");
  const { decodeNetworkSnapshot } = await import("../../proto/gen/network.ts");
  const { realEnv } = await import("../../shared/env/real-env.ts");
  const { silentLog } = await import("../../shared/log.ts");
  const { snapshots, tasks, addresses, port, upstream } = JSON.parse(readFileSync(file, "utf8")) as NameServerFile;
  let views: NetworkViews = new Map();
  for (const hex of snapshots) {
    const merged = merge(views, { kind: "snapshot", ...decodeNetworkSnapshot(Buffer.from(hex, "hex")) });
    if (merged.kind === "merged") views = merged.views;
  }
  const names = buildNames({ views, tasks });
  const server = createNameServer({
    env: realEnv,
    log: silentLog,
    names: () => names,
    upstream: createUpstream({ env: realEnv, servers: () => upstream }),
  });
  await server.listen(addresses, port, new AbortController().signal);
  return "ready";
}

const asked: string[] = [];

async function resolver(address: string): Promise<string> {
  const { encodeReply, parseQuery, TYPE } = await import("../../agent/network/dns/packet.ts");
  const socket = createSocket("udp4");
  socket.on("message", (packet, from) => {
    const parsed = parseQuery(packet);
    if (parsed.kind !== "query") return;
    asked.push(parsed.query.name);
    const known = parsed.query.name.startsWith("known");
    const answer = { kind: "address", type: TYPE.A, bytes: Uint8Array.of(192, 0, 2, 7) } as const;
    const reply = { rcode: known ? 0 : 3, answers: known ? [answer] : [], ttlSeconds: 5 } as const;
    socket.send(encodeReply(parsed.query, reply, 512), from.port, from.address);
  });
  return new Promise((resolve) => socket.bind(53, address, () => resolve("ready")));
}

async function answer(line: string): Promise<string> {
  const [mode, first = "", second = "", third = "1"] = line.split(" ");
  switch (mode) {
    case "serve":
      return serve(first, Number(second));
    case "ask":
      return ask(first, Number(second), Number(third));
    case "serve-http":
      return serveHttp(Number(first));
    case "ask-udp":
      return askUdp(first, Number(second), Number(third));
    case "same-udp":
      return sameUdp(first, Number(second), third === "new");
    case "same-tcp":
      return sameTcp(Number(first), second.split(","));
    case "bulk":
      return bulk(first, Number(second), Number(third));
    case "hold":
      return hold(first, Number(second));
    case "say":
      return say(first);
    case "dns":
      return dns(first, second);
    case "name-server":
      return nameServer(first);
    case "resolver":
      return resolver(first);
    case "asked":
      return JSON.stringify(asked);
    default:
      return `error unknown ${line}`;
  }
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) console.log(await answer(line));
  process.exit(0); // the test is gone
}
