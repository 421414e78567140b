import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { statSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, symlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { DispatcherService } from "../../../proto/gen/dispatcher.ts";
import { LocalService, newInfoResponse } from "../../../proto/gen/local.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import { duplex, unary } from "../../../shared/rpc/client.ts";
import { createLocalServer, type LocalServer } from "../../../shared/rpc/local-server.ts";
import { addService, type Handlers } from "../../../shared/rpc/server.ts";
import { switchable } from "../../../shared/rpc/switchable.ts";

let dir: string;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "skep-local-"));
});
after(() => rm(dir, { recursive: true, force: true }));

function server(path: string): LocalServer {
  const made = createLocalServer(realEnv, path);
  const current = (): Handlers<typeof LocalService> => {
    throw new SkepError("failed_precondition", "nothing here");
  };
  addService(
    made.grpc,
    LocalService,
    { ...switchable(LocalService, current), info: async (_r, { peer }) => newInfoResponse({ error: peer.kind }) },
    made.resolvePeer,
    authorizeByRole,
  );
  return made;
}

test("serves root of this host, on a socket that others cannot open", async () => {
  const path = join(dir, "deep", "a.sock");
  const local = server(path);
  await local.listen();
  const client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure());
  try {
    assert.equal((await stat(path)).mode & 0o777, 0o660);
    assert.deepEqual(await readdir(dirname(path)), ["a.sock"], "nothing is left of how it was made");
    assert.equal((await unary(client, LocalService.info, {})).error, "local");
    await assert.rejects(unary(client, LocalService.leave, { force: false }), /nothing here/);
  } finally {
    client.close();
    await local.close(100);
  }
  await assert.rejects(stat(path), { code: "ENOENT" });
});

test("a second daemon is refused, and the first one's socket stays", async () => {
  const path = join(dir, "b.sock");
  const first = server(path);
  await first.listen();
  const second = server(path);
  try {
    await assert.rejects(second.listen(), /already running/);
    await stat(path);
  } finally {
    await first.close(100);
  }
});

test("the socket of a daemon that is too busy to answer is not taken over", async () => {
  const path = join(dir, "busy.sock");
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen({ path, backlog: 1 }, resolve));
  // Nothing is accepted before this turn of the event loop ends: the queue is full.
  const waiting = Array.from({ length: 8 }, () => connect(path).on("error", () => undefined));
  const refused = assert.rejects(server(path).listen(), /already running/);
  try {
    await refused;
  } finally {
    for (const socket of waiting) socket.destroy();
    await new Promise((resolve) => busy.close(resolve));
  }
});

test("the socket of a daemon that was killed is taken over", async () => {
  const path = join(dir, "c.sock");
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(path, resolve));
  // Node removes the file when it closes a server; a killed process does not.
  const { rename } = await import("node:fs/promises");
  await rename(path, `${path}.kept`);
  await new Promise((resolve) => dead.close(resolve));
  await rename(`${path}.kept`, path);
  const local = server(path);
  await local.listen();
  await local.close(100);
});

test("at no moment could another user open it: it is made in a folder that only its owner may enter", async () => {
  const path = join(dir, "d.sock");
  // What an attempt that was cut short left, and what somebody put there.
  await mkdir(`${path}.new`, { mode: 0o777 });
  await symlink("/nowhere", path);
  const modes = new Set<string>();
  const local = server(path);
  const listening = (message: unknown): void => {
    const address = (message as { readonly server: Server }).server.address();
    if (typeof address === "string") modes.add((statSync(dirname(address)).mode & 0o777).toString(8));
  };
  subscribe("tracing:net.server.listen:asyncEnd", listening);
  try {
    await local.listen();
    assert.deepEqual([...modes], ["700"]);
    assert.ok((await stat(path)).isSocket());
  } finally {
    unsubscribe("tracing:net.server.listen:asyncEnd", listening);
    await local.close(100);
  }
});

test("a call on a channel that was closed on this side is told as any that cannot be made", async () => {
  const client = new grpc.Client(`unix:${join(dir, "nobody.sock")}`, grpc.credentials.createInsecure());
  client.close();
  const isTold = (error: unknown): boolean => error instanceof SkepError && error.code === "unavailable";
  await assert.rejects(unary(client, LocalService.info, {}), isTold);
  assert.throws(() => duplex(client, DispatcherService.session), isTold);
});
