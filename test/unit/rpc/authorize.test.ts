import assert from "node:assert/strict";
import { test } from "node:test";
import { SkepError } from "../../../shared/errors.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import { provePeer } from "../../../shared/rpc/peer-proof.ts";
import { id } from "./cluster.ts";

const node = (role: "worker" | "manager"): Peer => ({
  kind: "node",
  nodeId: id<NodeId>("n"),
  clusterId: id<ClusterId>("c"),
  role,
});
const PEERS: Readonly<Record<string, Peer>> = {
  local: { kind: "local" },
  manager: node("manager"),
  worker: node("worker"),
  anonymous: { kind: "anonymous" },
};

const allowed: readonly (readonly [path: string, callers: readonly string[]])[] = [
  ["/skep.v1.Control/CreateService", ["local", "manager"]],
  ["/skep.v1.Local/Init", ["local"]],
  ["/skep.v1.Raft/JoinRaft", ["manager"]],
  ["/skep.v1.Dispatcher/Session", ["manager", "worker"]],
  ["/skep.v1.Agent/TaskLogs", ["manager"]],
  ["/skep.v1.CA/IssueCertificate", ["manager", "worker", "anonymous"]],
  ["/skep.v1.Unheard/Of", []],
  ["/skep.v1.ControlX/CreateService", []],
  ["/toString/valueOf", []],
  ["skep.v1.CA/IssueCertificate", []],
];
for (const [path, callers] of allowed) {
  for (const [name, peer] of Object.entries(PEERS)) {
    test(`${path} by ${name}: ${callers.includes(name) ? "yes" : "no"}`, () => {
      if (callers.includes(name)) authorizeByRole(path, peer);
      else {
        assert.throws(
          () => authorizeByRole(path, peer),
          (error) => error instanceof SkepError && ["permission_denied", "unauthenticated"].includes(error.code),
        );
      }
    });
  }
}

test("a certificate of another cluster proves nothing, though the CA were the same", () => {
  const certificate = {
    nodeId: id<NodeId>("n"),
    clusterId: id<ClusterId>("x"),
    role: "manager",
    notBeforeMs: 0,
    notAfterMs: 9,
  } as const;
  assert.throws(
    () => provePeer(certificate, { clusterId: id<ClusterId>("c"), isRemoved: () => false, wallMs: () => 1 }),
    /another cluster/,
  );
});
