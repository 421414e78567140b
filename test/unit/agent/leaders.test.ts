// Who leads a node proves that it is a manager now: sessions and calls that name managers, against one that only has a
// certificate.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type LeaderCheck, Meeting } from "../../../agent/session/meeting.ts";
import { Session } from "../../../agent/session/session.ts";
import { LeaderProver } from "../../../manager/ca/leader-prover.ts";
import { firstCluster } from "../../../manager/ca/new-cluster.ts";
import { beginRotation } from "../../../manager/ca/root-rotation.ts";
import { newMeetManagersRequest } from "../../../proto/gen/agent.ts";
import {
  type AgentMessage,
  type DispatcherMessage,
  type LeaderProof,
  newAssignments,
  newSessionInfo,
} from "../../../proto/gen/dispatcher.ts";
import { newNodeDescription } from "../../../proto/gen/objects.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { silentLog } from "../../../shared/log.ts";
import type { ClusterId, NodeId } from "../../../shared/model/ids.ts";
import { crossSign, newRootAuthority } from "../../../shared/pki/issue.ts";
import { isProven, newChallenge, type ProofPurpose } from "../../../shared/pki/leader-proof.ts";
import type { Peer } from "../../../shared/rpc/peer.ts";
import { task } from "./fixtures.ts";

const clusterId = "c".repeat(25) as ClusterId;
const [own, other] = ["n".repeat(25) as NodeId, "o".repeat(25) as NodeId];
const NOW_MS = 1_800_000_000_000;
const root = newRootAuthority(clusterId, NOW_MS);
const cluster = firstCluster(clusterId, root, undefined, () => 0.5);
const prover = new LeaderProver();

const leaders: LeaderCheck = {
  newChallenge,
  isProven: (purpose, challenge, proofs) =>
    isProven({ purpose, clusterId, nodeId: own, challenge }, proofs, root.certificatePem),
};

test("a proof is for one node, one purpose, one challenge and one cluster's roots", () => {
  const challenge = newChallenge();
  const [proof] = prover.prove(cluster, "session", own, challenge);
  assert.ok(proof !== undefined);
  const asked = { purpose: "session", clusterId, nodeId: own, challenge } as const;
  const rows: readonly (readonly [boolean, Partial<Parameters<typeof isProven>[0]>, LeaderProof[], string])[] = [
    [true, {}, [proof], root.certificatePem],
    [false, { nodeId: other }, [proof], root.certificatePem],
    [false, { purpose: "meet" }, [proof], root.certificatePem],
    [false, { challenge: newChallenge() }, [proof], root.certificatePem],
    [false, { challenge: challenge.subarray(1) }, [proof], root.certificatePem],
    [false, { clusterId: "d".repeat(25) as ClusterId }, [proof], root.certificatePem],
    [false, {}, [], root.certificatePem],
    [false, {}, [{ ...proof, signature: new Uint8Array(0) }], root.certificatePem],
    [false, {}, [{ ...proof, signature: proof.signature.map((byte) => byte ^ 1) }], root.certificatePem],
    [false, {}, [proof], newRootAuthority(clusterId, NOW_MS).certificatePem],
    [false, {}, [proof, proof, proof, proof, proof], root.certificatePem],
  ];
  for (const [holds, change, proofs, roots] of rows) {
    assert.equal(isProven({ ...asked, ...change }, proofs, roots), holds, JSON.stringify(Object.keys(change)));
  }
});

test("while the root is being replaced, a node that knows either root is convinced", () => {
  const next = newRootAuthority(clusterId, NOW_MS, root.certificatePem);
  const during = beginRotation(cluster, next, crossSign(next, root, NOW_MS), NOW_MS);
  const challenge = newChallenge();
  const proofs = prover.prove(during, "session", own, challenge);
  const asked = { purpose: "session", clusterId, nodeId: own, challenge } as const;
  for (const pem of [root.certificatePem, next.certificatePem]) assert.ok(isProven(asked, proofs, pem));
  assert.deepEqual(prover.prove(during, "session", own, new Uint8Array(0)), []);
});

/** Managers by address, each with what it answers a hello with. */
async function session(managers: Readonly<Record<string, (challenge: Uint8Array) => DispatcherMessage["message"][]>>) {
  const env = createSimEnv(3);
  const events: string[] = [];
  const abort = new AbortController();
  const tried: string[] = [];
  const made = new Session({
    env,
    log: silentLog,
    managers: Object.keys(managers),
    leaders,
    addr: "",
    connect: (addr) => {
      tried.push(addr);
      const answer = Promise.withResolvers<DispatcherMessage["message"][]>();
      return {
        send: ({ message }: AgentMessage) => {
          if (message?.kind === "hello") answer.resolve(managers[addr]?.(message.challenge) ?? []);
          return true;
        },
        drained: async () => undefined,
        end: () => undefined,
        cancel: () => undefined,
        messages: (async function* () {
          for (const message of await answer.promise) yield { message };
          await new Promise(() => undefined);
        })(),
      };
    },
    description: () => newNodeDescription(),
    onAssignments: () => void events.push("assignments"),
    onNetwork: () => void events.push("network"),
    onDrained: () => void events.push("drained"),
    onSession: (info) => void events.push(`session ${info.managers.join()}`),
    onConnection: (state) => void events.push(state.kind === "connected" ? state.addr : `searching: ${state.error}`),
  });
  const done = made.run(abort.signal);
  return {
    env,
    session: made,
    events,
    tried,
    pass: async (ms: number) => {
      for (let at = 0; at < ms; at += 250) await env.advance(250);
    },
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

const info = (proofs: readonly LeaderProof[]): DispatcherMessage["message"] => ({
  kind: "session",
  ...newSessionInfo({ nodeId: own, managers: ["rogue:1"], proofs }),
});
const work: DispatcherMessage["message"] = {
  kind: "assignments",
  ...newAssignments({ type: "complete", sequence: 1, tasks: [task()] }),
};

test("a rogue with a manager's certificate leads nobody, names nobody and runs nothing; the list stays", async () => {
  const stolen = prover.prove(cluster, "session", other, newChallenge());
  const forger = newRootAuthority(clusterId, NOW_MS);
  const ways: readonly ((challenge: Uint8Array) => DispatcherMessage["message"][])[] = [
    () => [info([]), work],
    () => [work],
    () => [{ kind: "drained", taskIds: [task().id] }, info([]), work],
    () => [info(stolen), work],
    (challenge) => [info(prover.prove(cluster, "session", other, challenge)), work], // as it can have it for itself
    (challenge) => [info(prover.prove(cluster, "meet", own, challenge)), work], // as a leader gives it that calls
    (challenge) => [
      info(
        prover.prove(
          firstCluster(clusterId, forger, undefined, () => 0.5),
          "session",
          own,
          challenge,
        ),
      ),
      work,
    ],
  ];
  for (const way of ways) {
    const t = await session({ "rogue:1": way, "honest:1": () => [] });
    await t.pass(20_000);
    assert.deepEqual(
      t.events.filter((event) => !event.startsWith("searching")),
      [],
    );
    assert.deepEqual(t.session.managers, ["rogue:1", "honest:1"]);
    assert.ok(t.tried.includes("rogue:1") && t.tried.includes("honest:1"));
    await t.stop();
  }
});

test("one that proves itself leads", async () => {
  const t = await session({
    "honest:1": (challenge) => [info(prover.prove(cluster, "session", own, challenge)), work],
  });
  await t.pass(500);
  assert.deepEqual(t.events, ["session rogue:1", "honest:1", "assignments"]);
  await t.stop();
});

function meeting(check: LeaderCheck | undefined) {
  const env = createSimEnv(1);
  const heard: string[] = [];
  const state = { alone: true };
  const made = new Meeting({
    env,
    leaders: check,
    session: { mayMeet: () => state.alone, meet: (managers) => void heard.push(managers.join()) },
  });
  const call = (nodeId: NodeId, proofs: readonly LeaderProof[] = []): Uint8Array => {
    const peer: Peer = { kind: "node", nodeId, role: "manager", clusterId };
    return made.meet(newMeetManagersRequest({ managers: [`of-${nodeId[0]}:1`], proofs }), peer).challenge;
  };
  const prove = (challenge: Uint8Array, purpose: ProofPurpose = "meet"): LeaderProof[] =>
    prover.prove(cluster, purpose, own, challenge);
  return { env, heard, state, call, prove };
}

test("who names managers signs what it was asked, in time, once, and nobody else's", async () => {
  const { env, heard, state, call, prove } = meeting(leaders);
  const [a, b] = ["a".repeat(25) as NodeId, "b".repeat(25) as NodeId];
  const first = call(a);
  assert.equal(first.length, 32);
  assert.deepEqual(heard, []);
  assert.throws(() => call(b, prove(first)), { code: "permission_denied" });
  assert.throws(() => call(a, prove(first, "session")), { code: "permission_denied" });
  assert.throws(() => call(a, prove(first)), { code: "permission_denied" }, "it was good for one answer");
  const second = call(a);
  assert.equal(call(a, prove(second)).length, 0);
  assert.deepEqual(heard, ["of-a:1"]);
  const third = call(a);
  await env.advance(10_000);
  assert.throws(() => call(a, prove(third)), { code: "permission_denied" });
  state.alone = false;
  assert.equal(call(a).length, 0, "it has a session, and asks nobody");
  assert.deepEqual(heard, ["of-a:1"]);
});

test("callers without an answer are bounded; the simulation's are believed", () => {
  const { call, prove, heard } = meeting(leaders);
  const ids = Array.from({ length: 65 }, (_, n) => String.fromCharCode(0x100 + n).repeat(25) as NodeId);
  const challenges = ids.map((id) => call(id));
  const [first, last] = [0, 64];
  assert.throws(() => call(ids[first] ?? own, prove(challenges[first] ?? newChallenge())), {
    code: "permission_denied",
  });
  call(ids[last] ?? own, prove(challenges[last] ?? newChallenge()));
  assert.equal(heard.length, 1);
  const simulated = meeting(undefined);
  simulated.call(own);
  assert.equal(simulated.heard.length, 1);
});
