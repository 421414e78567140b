// A node speaks for itself. Every message of a session, and every call that a worker may make, said by one node of another's
// things: the types ask for a row for each, so that a new one is thought of.
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { createNetworkFindingsHandler } from "../../../manager/api/network-findings.ts";
import { createCaHandlers } from "../../../manager/ca/handlers.ts";
import { firstCluster } from "../../../manager/ca/new-cluster.ts";
import { createDispatcher } from "../../../manager/dispatcher/dispatcher.ts";
import { checkArrived, checkReady, checkSent } from "../../../manager/network-check/check-answer.ts";
import type { AgentService, ProbeAnswer } from "../../../proto/gen/agent.ts";
import {
  newFirewallBlock,
  newProbeArrival,
  newProbeArrived,
  newProbeConnection,
  newProbeReady,
  newProbeSent,
} from "../../../proto/gen/agent.ts";
import { type CAService, newIssueCertificateRequest } from "../../../proto/gen/ca.ts";
import type { ControlService } from "../../../proto/gen/control.ts";
import { type AgentMessage, type DispatcherService, newAgentMessage } from "../../../proto/gen/dispatcher.ts";
import {
  newNode,
  newNodeDescription,
  newNodeSpec,
  newNodeStatus,
  newTask,
  newTaskStatus,
  type TaskStatus,
} from "../../../proto/gen/objects.ts";
import type { RaftService } from "../../../proto/gen/raft.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ClusterId, NetworkId, NodeId, TaskId } from "../../../shared/model/ids.ts";
import { readCertificate } from "../../../shared/pki/certificate.ts";
import { newCertificateRequest, newRootAuthority } from "../../../shared/pki/issue.ts";
import { newKeyPair } from "../../../shared/pki/keys.ts";
import { authorizeByRole } from "../../../shared/rpc/authorize.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import { createTestStore, type TestStore } from "../../support/test-store.ts";

const clusterId = "c".repeat(25) as ClusterId;
const OWN = "o".repeat(25) as NodeId;
const OTHER = "x".repeat(25) as NodeId;
const THEIRS = "t".repeat(25) as TaskId;
const NETWORK = "n".repeat(25) as NetworkId;
const peer: Peer = { kind: "node", nodeId: OWN, role: "worker", clusterId };

let store: TestStore | undefined;
afterEach(() => store?.close());

async function world(): Promise<TestStore> {
  const made = await createTestStore();
  store = made;
  const root = newRootAuthority(clusterId, made.env.wallMs());
  await made.store.update((tx) => {
    tx.put("cluster", firstCluster(clusterId, root, undefined, made.env.random));
    const status = newNodeStatus({ state: "ready" });
    const spec = newNodeSpec();
    tx.put("node", newNode({ id: OWN, addr: "10.0.0.1:7377", status, spec }));
    tx.put("node", newNode({ id: OTHER, addr: "10.0.0.2:7377", status, spec }));
    tx.put("task", newTask({ id: THEIRS, nodeId: OTHER, status: newTaskStatus({ state: "running" }) }));
  });
  return made;
}

const context = (metadata: Readonly<Record<string, string>> = {}): CallContext => ({
  peer,
  signal: new AbortController().signal,
  metadata: new Map(Object.entries(metadata)),
});

/** The other node and its task, as the store has them. */
const others = ({ store }: TestStore): string =>
  store.view((view) => JSON.stringify([view.get("node", OTHER), view.get("task", THEIRS)]));

type Said = NonNullable<AgentMessage["message"]>;
const hello: Said = { kind: "hello", addr: "", description: undefined, networks: [], challenge: new Uint8Array(0) };
const failed: TaskStatus = newTaskStatus({ state: "failed", timestampMs: 9 });

/** What is said of another's, and what the session ends with; undefined: it says nothing of others, and is heard. */
const SESSION: { readonly [Kind in Said["kind"]]: readonly (readonly [Said & { kind: Kind }, RegExp | undefined])[] } =
  {
    hello: [
      [
        { ...hello, addr: "10.0.0.2:7377" } as Said & { kind: "hello" },
        /^failed_precondition: 10.0.0.2:7377 is the address/,
      ],
      [
        { ...hello, networks: [{ networkId: NETWORK, version: 9, digest: new Uint8Array(32) }] } as Said & {
          kind: "hello";
        },
        undefined,
      ],
    ],
    beat: [[{ kind: "beat" }, undefined]],
    statuses: [
      [{ kind: "statuses", updates: [{ taskId: THEIRS, status: failed }] }, /^permission_denied: .*not its own/],
      [{ kind: "statuses", updates: [{ taskId: "gone" as TaskId, status: failed }] }, undefined],
    ],
    description: [[{ kind: "description", ...newNodeDescription({ hostname: "node2" }) }, undefined]],
    networkApplied: [[{ kind: "networkApplied", networkId: NETWORK, version: 2 ** 40 }, undefined]],
    networkResync: [[{ kind: "networkResync", networkId: NETWORK }, undefined]],
  };

describe("in a session", () => {
  for (const [kind, rows] of Object.entries(SESSION)) {
    for (const [index, [message, ending]] of rows.entries()) {
      test(`${kind} ${index}: ${ending === undefined ? "changes nothing of others" : "is refused"}`, async () => {
        const at = await world();
        const abort = new AbortController();
        const dispatcher = createDispatcher({ env: at.env, log: silentLog, store: at.store, raft: at.node });
        const running = dispatcher.run(abort.signal);
        const before = others(at);
        for (let turn = 0; turn < 5; turn++) await at.env.advance(10);
        let ended = "";
        async function* requests(): AsyncGenerator<AgentMessage> {
          if (message.kind !== "hello") yield newAgentMessage({ message: hello });
          yield newAgentMessage({ message });
          await new Promise(() => undefined);
        }
        const session = (async () => {
          try {
            for await (const _ of dispatcher.handlers.session(requests(), { ...context(), signal: abort.signal }));
          } catch (error) {
            const { code, message: why } = SkepError.from(error);
            ended ||= `${code}: ${why}`;
          }
        })();
        for (let turn = 0; turn < 20; turn++) await at.env.advance(10);
        if (ending === undefined) assert.equal(ended, "");
        else assert.match(ended, ending);
        assert.equal(others(at), before);
        abort.abort();
        await session;
        await running;
      });
    }
  }
});

type Method<S> = keyof S & string;
type Row = (at: TestStore) => Promise<void>;

const ca = (at: TestStore) =>
  createCaHandlers({
    env: at.env,
    log: silentLog,
    store: at.store,
    raft: at.node,
    dialManager: () => {
      throw new SkepError("unavailable", "no network here");
    },
  });
const csr = Buffer.from(newCertificateRequest(newKeyPair()));

/** Calls of services that workers may use. */
const CALLS: {
  readonly ca: { readonly [M in Method<typeof CAService>]: Row };
  readonly dispatcher: { readonly [M in Method<typeof DispatcherService>]: Row };
} = {
  ca: {
    getRootCA: async () => undefined, // says nothing
    issueCertificate: async (at) => {
      const request = newIssueCertificateRequest({
        csr,
        addr: "10.0.0.2:7377",
        availability: "drain",
        description: newNodeDescription({ hostname: "node2" }),
      });
      const answer = await ca(at).issueCertificate(request, context({ "skep-on-behalf-of": OTHER }));
      const { nodeId, role } = readCertificate(Buffer.from(answer.certificate).toString());
      assert.deepEqual([nodeId, role], [OWN, "worker"]);
      const own = at.store.view((view) => view.get("node", OWN));
      assert.deepEqual([own?.addr, own?.spec?.availability, own?.description], ["10.0.0.1:7377", "active", undefined]);
    },
    leaveCluster: async (at) => {
      await ca(at).leaveCluster({}, context({ "skep-on-behalf-of": OTHER }));
      assert.equal(
        at.store.view((view) => view.get("node", OWN)?.status?.state),
        "disconnected",
      );
    },
  },
  dispatcher: {
    session: async () => undefined, // above
    networkFindings: async () => {
      const asked: NodeId[] = [];
      const handler = createNetworkFindingsHandler({
        findings: (nodeId) => {
          asked.push(nodeId);
          return { kind: "pending" } as const;
        },
      } as Parameters<typeof createNetworkFindingsHandler>[0]);
      await handler.networkFindings({}, context({ "skep-on-behalf-of": OTHER }));
      assert.deepEqual(asked, [OWN]);
    },
  },
};

describe("by a call", () => {
  for (const [service, methods] of Object.entries(CALLS)) {
    for (const [method, row] of Object.entries(methods)) {
      test(`${service}.${method}: of itself alone`, async () => {
        const at = await world();
        const before = others(at);
        await row(at);
        assert.equal(others(at), before);
      });
    }
  }
  test("of other services a worker may call none", () => {
    const paths: readonly (
      | `Control/${Method<typeof ControlService>}`
      | `Raft/${Method<typeof RaftService>}`
      | `Agent/${Method<typeof AgentService>}`
    )[] = ["Control/listNodes", "Raft/joinRaft", "Raft/installSnapshot", "Agent/taskLogs", "Agent/meetManagers"];
    for (const path of paths) {
      const [service, method = ""] = path.split("/");
      const called = `/skep.v1.${service}/${method[0]?.toUpperCase()}${method.slice(1)}`;
      assert.throws(() => authorizeByRole(called, peer), { code: "permission_denied" }, called);
    }
  });
});

describe("in its answers to a check of the network", () => {
  const answers: {
    readonly [Kind in NonNullable<ProbeAnswer["answer"]>["kind"]]: readonly (() => unknown)[];
  } = {
    ready: [
      () => checkReady(newProbeReady({ nowMs: -1 })),
      () => checkReady(newProbeReady({ nowMs: 2 ** 60 })),
      () => checkReady(newProbeReady({ problem: "x".repeat(2_000) })),
    ],
    sent: [
      () =>
        checkSent(newProbeSent({ connections: [newProbeConnection({ nodeId: OTHER, error: "" })] }), { targets: [] }),
      () => checkSent(newProbeSent({ tunnelNodeIds: [OTHER] }), { targets: [OWN] }),
      () => checkSent(newProbeSent({ tunnelNodeIds: [OTHER, OTHER, OTHER] }), { targets: [OTHER] }),
      () =>
        checkSent(newProbeSent({ connections: [newProbeConnection({ nodeId: OTHER, error: "x".repeat(2_000) })] }), {
          targets: [OTHER],
        }),
    ],
    arrived: [
      () => checkArrived(newProbeArrived({ vxlan: [newProbeArrival({ address: "node2", sizes: [1] })] })),
      () => checkArrived(newProbeArrived({ tunnels: [newProbeArrival({ address: "10.0.0.1", sizes: [10_000] })] })),
      () =>
        checkArrived(newProbeArrived({ vxlan: [newProbeArrival({ address: "10.0.0.1", sizes: Array(9).fill(1) })] })),
      () => checkArrived(newProbeArrived({ blocks: [newFirewallBlock({ fix: "x".repeat(2_000) })] })),
      () => checkArrived(newProbeArrived({ blocks: Array.from({ length: 65 }, () => newFirewallBlock()) })),
    ],
  };
  for (const [kind, refused] of Object.entries(answers)) {
    for (const [index, check] of refused.entries()) {
      test(`${kind} ${index} is refused`, () => assert.throws(check, { code: "invalid_argument" }));
    }
  }
  test("what it was asked about is taken", () => {
    checkReady(newProbeReady({ nowMs: 1.8e12, problem: "a text\nof two lines" }));
    const targets = [OTHER];
    const connections = [newProbeConnection({ nodeId: OTHER, error: "refused" })];
    checkSent(newProbeSent({ connections, tunnelNodeIds: [OTHER] }), { targets });
    checkArrived(newProbeArrived({ vxlan: [newProbeArrival({ address: "fd00::1", sizes: [1_400, 9_000] })] }));
  });
});
