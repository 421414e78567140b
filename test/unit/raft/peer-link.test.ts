// What a link says of the snapshots that it is asked to send. The other end takes the connection and never answers a call.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { duplexPair } from "node:stream";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import type { MessageOf } from "../../../manager/raft/core/messages.ts";
import { PeerLink } from "../../../manager/raft/peer-link.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { silentLog } from "../../../shared/log.ts";

const snapshot: MessageOf<"snapshot"> = {
  kind: "snapshot",
  from: 1,
  to: 2,
  term: 3,
  snapshot: { index: 9, term: 3, config: { members: [], nextRaftId: 3 }, data: new Uint8Array(10) },
};
const heartbeat = { kind: "heartbeat", from: 1, to: 2, term: 3, commit: 0, readRound: 0 } as const;

test("a snapshot without a way there is lost; one beside another on its way is dropped, and nothing is said of it", async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const [near, far] = duplexPair();
  const fates: boolean[] = [];
  let dials = 0;
  const link = new PeerLink({
    env: createSimEnv(1),
    log: silentLog,
    self: { raftId: 1, addr: "h:1" },
    dial: () => {
      dials++;
      return new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    },
    connect: async () => near,
    addresses: () => ["h:2"],
    onSnapshotDone: (delivered) => fates.push(delivered),
    onTurnedAway: () => undefined,
  });
  try {
    link.sendSnapshot(snapshot);
    assert.deepEqual(fates, [false]);
    link.send(heartbeat);
    await once(far, "data"); // the stream stands
    link.sendSnapshot(snapshot);
    link.sendSnapshot(snapshot);
    await once(server, "connection");
    link.sendSnapshot(snapshot);
    assert.deepEqual(fates, [false]);
    assert.equal(dials, 1);
  } finally {
    await link.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
  assert.deepEqual(fates, [false], "a link that is closed has nobody to tell");
});
