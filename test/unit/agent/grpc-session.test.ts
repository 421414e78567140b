// The session over real gRPC: a refusal with the leader's name, a leader that goes away, and one that comes back.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { grpcConnect } from "../../../agent/session/grpc-connect.ts";
import { Session } from "../../../agent/session/session.ts";
import {
  DispatcherService,
  newDispatcherMessage,
  newNetworkFindingsResponse,
  newSessionInfo,
} from "../../../proto/gen/dispatcher.ts";
import { newNodeDescription } from "../../../proto/gen/objects.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { TaskId } from "../../../shared/model/ids.ts";
import { addService, type Handlers } from "../../../shared/rpc/server.ts";
import { listenGrpc, type PlainGrpc } from "../../support/plain-grpc.ts";
import { newTaskId, nodeId } from "./fixtures.ts";

const clients: grpc.Client[] = [];
const servers: PlainGrpc[] = [];
after(() => {
  for (const client of clients) client.close();
  for (const server of servers) server.stop();
});

async function serve(session: Handlers<typeof DispatcherService>["session"], port = 0): Promise<PlainGrpc> {
  const served = await listenGrpc(port, (server) => {
    addService(
      server,
      DispatcherService,
      { session, networkFindings: async () => newNetworkFindingsResponse() },
      () => ({ kind: "anonymous" }),
      () => undefined,
    );
  });
  servers.push(served);
  return served;
}

test("follows to the leader, reports, and comes back after the leader went away", async (t) => {
  const stored: TaskId[] = [];
  const heard = (): number => stored.length;
  const lead: Handlers<typeof DispatcherService>["session"] = async function* (messages) {
    yield newDispatcherMessage({ message: { kind: "session", ...newSessionInfo({ nodeId, heartbeatPeriodMs: 200 }) } });
    for await (const { message } of messages) {
      if (message?.kind === "beat") yield newDispatcherMessage({ message: { kind: "beat" } });
      if (message?.kind !== "statuses") continue;
      stored.push(...message.updates.map((update) => update.taskId));
      yield newDispatcherMessage({ message: { kind: "stored", updates: message.updates } });
    }
  };
  const leader = await serve(lead);
  // biome-ignore lint/correctness/useYield: a follower refuses before its first message
  const follower = await serve(async function* () {
    throw new SkepError("unavailable", `this manager does not lead: leader=127.0.0.1:${leader.port}`);
  });
  const abort = new AbortController();
  t.after(() => abort.abort(new Error("stop")));
  const session = new Session({
    env: realEnv,
    log: silentLog,
    managers: [`127.0.0.1:${follower.port}`],
    addr: "127.0.0.1:1",
    connect: grpcConnect((addr) => {
      const client = new grpc.Client(addr, grpc.credentials.createInsecure(), {
        "grpc.initial_reconnect_backoff_ms": 50,
      });
      clients.push(client);
      return client;
    }),
    description: () => newNodeDescription({ hostname: "n" }),
    onAssignments: () => undefined,
    onNetwork: () => undefined,
    onDrained: () => undefined,
    onSession: () => undefined,
    onConnection: () => undefined,
  });
  const done = session.run(abort.signal);
  const until = async (condition: () => boolean): Promise<void> => {
    const end = realEnv.nowMs() + 20_000;
    while (!condition()) {
      assert.ok(realEnv.nowMs() < end, "waited too long");
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const report = (): void => session.report(newTaskId(), { state: "running", timestampMs: 1, message: "", err: "" });
  report();
  await until(() => heard() === 1);
  leader.stop();
  report();
  await serve(lead, leader.port);
  await until(() => heard() >= 2);
  abort.abort(new Error("stop"));
  await done;
});
