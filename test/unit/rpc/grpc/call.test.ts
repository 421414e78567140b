import assert from "node:assert/strict";
import { test } from "node:test";
import { realEnv } from "../../../../shared/env/real-env.ts";
import { ByteBudget } from "../../../../shared/rpc/grpc/budget.ts";
import { ServerCall } from "../../../../shared/rpc/grpc/call.ts";
import { Sender } from "../../../../shared/rpc/http2/sender.ts";
import { Http2Stream } from "../../../../shared/rpc/http2/stream.ts";
import { MAX_BYTES, TestService } from "./served.ts";

const EMPTY = Buffer.alloc(5);

test("messages of no length fill the queue of a handler that does not read, too", async () => {
  let credited = 0;
  const connection = {
    credit: (_: Http2Stream, bytes: number) => {
      credited += bytes;
    },
    reset: () => undefined,
  };
  const sender = new Sender(
    () => undefined,
    () => undefined,
  );
  const stream = new Http2Stream(connection, sender, 1, 65_535, 65_535);
  const { promise, resolve } = Promise.withResolvers<void>();
  let count = 0;
  const served = {
    method: TestService.sum,
    handler: async (texts: unknown) => {
      await promise;
      for await (const _ of texts as AsyncIterable<string>) count++;
      return String(count);
    },
    resolve: () => ({ kind: "local" }) as const,
    authorize: () => undefined,
  };
  const limits = { maxReceiveBytes: MAX_BYTES, maxSendBytes: MAX_BYTES };
  const caller = { getPeer: () => "test", getAuthContext: () => ({}) };
  const call = new ServerCall(
    stream,
    served,
    caller,
    [],
    limits,
    { requests: new ByteBudget(2 ** 30), answers: new ByteBudget(2 ** 30) },
    realEnv,
  );
  for (let sent = 0; sent < 10_000; sent++) call.onData(EMPTY);
  assert.ok(credited < 10_000, `${credited} bytes of 50,000 may be sent again`);
  resolve();
  call.onEnd();
  while (count < 10_000) await realEnv.breathe();
  assert.equal(credited, 50_000);
});
