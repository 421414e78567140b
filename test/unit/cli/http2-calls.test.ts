import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Http2Server } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openChannel } from "../../../cli/http2-calls.ts";
import { ControlService, newEvent, newEventsRequest, newListServicesResponse } from "../../../proto/gen/control.ts";
import { LocalService, newRestoreRequest } from "../../../proto/gen/local.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { eventually } from "../../support/test-api.ts";
import { startDaemon } from "./harness.ts";
import { service } from "./objects.ts";

const none = { filters: [] };
const events = newEventsRequest();

async function collect(answers: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const answer of answers) all.push(answer);
  return all;
}

const big = Array.from({ length: 5_000 }, (_, i) => ({ service: service(i % 9, "x".repeat(500)), status: undefined }));
let endless = 0;
let ended: () => void = () => undefined;
const streamEnded = new Promise<void>((resolve) => {
  ended = resolve;
});

const daemon = await startDaemon({
  control: {
    listServices: async ({ filters }) => {
      if (filters.length > 0) throw new SkepError("already_exists", "schon da: größer als 100 %");
      return newListServicesResponse({ services: big });
    },
    listNodes: (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    async *events({ sinceMs }, { signal }) {
      try {
        if (sinceMs === 1) for (; !signal.aborted; ) yield newEvent({ version: endless++ });
        for (let i = 0; i < 1_000; i++) yield newEvent({ version: i });
        if (sinceMs === 2) throw new SkepError("unavailable", "the leader went away");
      } finally {
        if (sinceMs === 1) ended();
      }
    },
  },
});
const channel = openChannel(daemon.socket, realEnv);
after(() => {
  channel.close();
  daemon.close();
});

test("an answer of several megabytes comes whole", async () => {
  const [answer] = await collect(channel.call(ControlService.listServices, none, {}));
  assert.deepEqual(answer, newListServicesResponse({ services: big.map(({ service: one }) => ({ service: one })) }));
});

test("the server's code and message come through, whatever the letters", async () => {
  const call = collect(channel.call(ControlService.listServices, { filters: [{ key: "a", values: [] }] }, {}));
  await assert.rejects(call, { name: "SkepError", code: "already_exists", message: "schon da: größer als 100 %" });
});

test("a stream: every message in order, and an error at its end is thrown after them", async () => {
  const versions = (await collect(channel.call(ControlService.events, events, {}))).map(
    (event) => Reflect.get(event as object, "version") as number,
  );
  assert.deepEqual(
    versions,
    Array.from({ length: 1_000 }, (_, i) => i),
  );
  let seen = 0;
  await assert.rejects(
    async () => {
      for await (const _ of channel.call(ControlService.events, { ...events, sinceMs: 2 }, {})) seen += 1;
    },
    { code: "unavailable", message: "the leader went away" },
  );
  assert.equal(seen, 1_000);
});

test("a consumer that stops ends the call at the server", async () => {
  for await (const _ of channel.call(ControlService.events, { ...events, sinceMs: 1 }, {})) break;
  await streamEnded;
});

test("an abort ends the call with its reason", async () => {
  const abort = new AbortController();
  const call = collect(channel.call(ControlService.listNodes, none, { signal: abort.signal }));
  abort.abort(new SkepError("canceled", "enough"));
  await assert.rejects(call, { code: "canceled", message: "enough" });
  await assert.rejects(collect(channel.call(ControlService.listNodes, none, { signal: abort.signal })), {
    message: "enough",
  });
});

test("a deadline is kept by the server", async () => {
  await assert.rejects(collect(channel.call(ControlService.listNodes, none, { timeoutMs: 20 })), {
    code: "deadline_exceeded",
  });
});

async function withServer(
  serve: (server: Http2Server) => void,
  work: (socket: string) => Promise<void>,
): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "skep-h2-"));
  const socket = join(dir, "s");
  const server = createServer();
  serve(server);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    await work(socket);
  } finally {
    server.close();
    rmSync(dir, { recursive: true });
  }
}

test("a connection that breaks is told as lost", () =>
  withServer(
    (server) => server.on("stream", (stream) => stream.session?.destroy()),
    async (socket) => {
      const broken = openChannel(socket, realEnv);
      await assert.rejects(collect(broken.call(ControlService.listNodes, none, {})), {
        code: "unavailable",
        message: /the connection to the skep daemon at .* was lost/,
      });
      broken.close();
    },
  ));

test("requests that cannot be made end the call with why; a channel that was closed says so", async () => {
  async function* requests(): AsyncGenerator<unknown> {
    yield newRestoreRequest();
    throw new Error("the disk does not read");
  }
  let isCut = false;
  await withServer(
    (server) =>
      server.on("stream", (stream) =>
        stream
          .resume()
          .on("error", () => undefined)
          .on("close", () => {
            isCut = true;
          }),
      ),
    async (socket) => {
      const restoring = openChannel(socket, realEnv);
      await assert.rejects(collect(restoring.call(LocalService.restore, requests(), {})), /the disk does not read/);
      await eventually("the server hears of it", () => isCut);
      restoring.close();
      await assert.rejects(collect(restoring.call(ControlService.listNodes, none, {})), { code: "unavailable" });
    },
  );
});

test("a message too long is refused before it is read", () =>
  withServer(
    (server) =>
      server.on("stream", (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" });
        stream.write(Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]));
      }),
    async (socket) => {
      const flooded = openChannel(socket, realEnv);
      await assert.rejects(collect(flooded.call(ControlService.listNodes, none, {})), { code: "resource_exhausted" });
      flooded.close();
    },
  ));
