import assert from "node:assert/strict";
import { test } from "node:test";
import { SkepError } from "../../../shared/errors.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import { provePeer } from "../../../shared/rpc/peer-proof.ts";
import { id } from "./cluster.ts";

const node = (role: "worker" | "manager"): Extract<Peer, { kind: "node" }> => ({
  kind: "node",
  nodeId: id<NodeId>("n"),
  clusterId: id<ClusterId>("c"),
  role,
});
const PEERS: Readonly<Record<string, Peer>> = {
  local: { kind: "local" },
  manager: node("manager"),
  worker: node("worker"),
  demoted: { ...node("worker"), demoted: true },
  unsure: { ...node("worker"), unsure: true },
  anonymous: { kind: "anonymous" },
};

const allowed: readonly (readonly [path: string, callers: readonly string[]])[] = [
  ["/skep.v1.Control/CreateService", ["local", "manager"]],
  ["/skep.v1.Local/Init", ["local"]],
  ["/skep.v1.Raft/JoinRaft", ["manager", "demoted"]],
  ["/skep.v1.Dispatcher/Session", ["manager", "demoted", "worker"]],
  ["/skep.v1.Agent/TaskLogs", ["manager"]],
  ["/skep.v1.Agent/MeetManagers", ["manager", "unsure"]],
  ["/skep.v1.CA/IssueCertificate", ["manager", "demoted", "worker", "anonymous"]],
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
          (error) =>
            error instanceof SkepError && ["permission_denied", "unauthenticated", "unavailable"].includes(error.code),
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
    issuedVersion: 7,
    notBeforeMs: 0,
    notAfterMs: 9,
  } as const;
  assert.throws(
    () =>
      provePeer(certificate, {
        clusterId: id<ClusterId>("c"),
        isRemoved: () => false,
        isDemoted: () => false,
        wallMs: () => 1,
      }),
    /another cluster/,
  );
});

test("a manager's certificate proves what the cluster says of the node now", () => {
  const certificate = {
    nodeId: id<NodeId>("n"),
    clusterId: id<ClusterId>("c"),
    role: "manager",
    issuedVersion: 7,
    notBeforeMs: 0,
    notAfterMs: 9,
  } as const;
  const trust = { clusterId: id<ClusterId>("c"), isRemoved: () => false, wallMs: () => 1 };
  assert.deepEqual(provePeer(certificate, { ...trust, isDemoted: () => false }), node("manager"));
  assert.deepEqual(provePeer(certificate, { ...trust, isDemoted: () => true }), { ...node("worker"), demoted: true });
  assert.deepEqual(provePeer(certificate, { ...trust, isDemoted: () => false, knowsManagers: () => false }), {
    ...node("worker"),
    unsure: true,
  });
  assert.deepEqual(provePeer(certificate, { ...trust, isDemoted: () => true, knowsManagers: () => false }), {
    ...node("worker"),
    demoted: true,
  });
  // A worker's certificate says nothing that could be taken back.
  assert.deepEqual(provePeer({ ...certificate, role: "worker" }, { ...trust, isDemoted: () => true }), node("worker"));
});
