// A real docker-registry on 127.0.0.1 (or another address of this machine), with its storage in a folder of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hash } from "bcryptjs";

const READY_LIMIT_MS = 20_000;

export interface TestRegistry {
  /** "127.0.0.1:PORT" */
  readonly host: string;
  readonly stop: () => Promise<void>;
}

async function freePort(addr: string): Promise<number> {
  const server = createServer().listen(0, addr);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const accepts = (addr: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, addr, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

/** With `login` the registry asks for that user and password; with `tls` (files in PEM) it speaks nothing else. */
export async function startTestRegistry(
  login?: { readonly username: string; readonly password: string },
  addr = "127.0.0.1",
  tls?: { readonly certificate: string; readonly key: string },
): Promise<TestRegistry> {
  const dir = mkdtempSync(join(tmpdir(), "skep-registry-"));
  const port = await freePort(addr);
  const host = `${addr}:${port}`;
  const users = join(dir, "htpasswd");
  const auth = login === undefined ? "" : `auth: { htpasswd: { realm: skep, path: ${users} } }\n`;
  if (login !== undefined) writeFileSync(users, `${login.username}:${await hash(login.password, 4)}\n`);
  const config = join(dir, "config.yml");
  writeFileSync(
    config,
    `version: 0.1
log: { level: error }
storage:
  filesystem: { rootdirectory: ${join(dir, "data")} }
http: { addr: "${host}"${tls === undefined ? "" : `, tls: { certificate: ${tls.certificate}, key: ${tls.key} }`} }
${auth}`,
  );
  const child: ChildProcess = spawn("docker-registry", ["serve", config], {
    stdio: "ignore",
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  });
  const exited = once(child, "exit");
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await exited;
    }
    rmSync(dir, { recursive: true, force: true });
  };
  const until = performance.now() + READY_LIMIT_MS;
  while (!(await accepts(addr, port))) {
    if (performance.now() > until || child.exitCode !== null) {
      await stop();
      throw new Error(`docker-registry does not answer on ${host}`);
    }
    await delay(20);
  }
  return { host, stop };
}
