// Locking and the root CA on the command line: Docker's words, what goes to the daemon, and how a rotation is told.
import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { rotationView } from "../../../cli/progress/root-rotation.ts";
import { newUnlockKeyResponse, type RotateCARequest } from "../../../proto/gen/control.ts";
import { type LocalNodeState, newInfoResponse, newInitResponse, newUnlockResponse } from "../../../proto/gen/local.ts";
import {
  type Cluster,
  type ClusterSpec,
  type Node,
  type NodeState,
  newCluster,
  newClusterSpec,
  newEncryptionConfig,
  newMeta,
  newNode,
  newNodeDescription,
  newNodeStatus,
  newRootCA,
  newRootRotation,
  newTLSInfo,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { fastEnv, type RunOptions, skep, startDaemon, startRestartable } from "./harness.ts";

const KEY = `SKEPKEY-1-${"k".repeat(43)}`;
const NEXT = `SKEPKEY-1-${"n".repeat(43)}`;
const [OLD_ROOT, NEW_ROOT] = ["a".repeat(64), "b".repeat(64)];
const PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";

let state: LocalNodeState = "active";
let spec: ClusterSpec = newClusterSpec();
let unlockedWith: string[] = [];
let rotated: RotateCARequest[] = [];
/** What getCluster and listNodes say, look by look; the last one stays. */
let looks: { readonly rotating: boolean; readonly nodes: readonly Node[] }[] = [];

const node = (name: string, state: NodeState, issuer: string, ...trustRoots: readonly string[]): Node =>
  newNode({
    description: newNodeDescription({ hostname: name, tls: newTLSInfo({ issuer, trustRoots }) }),
    status: newNodeStatus({ state }),
  });
const clusterWith = (rotating: boolean): Cluster =>
  newCluster({
    meta: newMeta({ version: 3 }),
    spec,
    rootCa: newRootCA({
      caCert: Buffer.from(PEM),
      caCertHash: rotating ? OLD_ROOT : NEW_ROOT,
      ...(rotating ? { rotation: newRootRotation({ caCertHash: NEW_ROOT }) } : {}),
    }),
  });

const daemon = await startDaemon({
  local: {
    info: async () => newInfoResponse({ localNodeState: state, controlAvailable: state === "active" }),
    init: async ({ spec }) =>
      newInitResponse({ addr: "10.0.0.1:7377", unlockKey: spec?.encryption?.autoLockManagers === true ? KEY : "" }),
    unlock: async ({ unlockKey }) => {
      unlockedWith.push(unlockKey);
      if (unlockKey === KEY) return newUnlockResponse();
      throw new SkepError("permission_denied", "swarm could not be unlocked: invalid key provided");
    },
  },
  control: {
    getUnlockKey: async () => newUnlockKeyResponse({ unlockKey: KEY }),
    rotateUnlockKey: async () => newUnlockKeyResponse({ unlockKey: NEXT }),
    getCluster: async () => {
      if (state === "locked") throw new SkepError("failed_precondition", "locked");
      return clusterWith(looks[0]?.rotating ?? false);
    },
    listNodes: async () => {
      const [look] = looks;
      if (looks.length > 1) looks.shift();
      return { nodes: look?.nodes ?? [] };
    },
    updateCluster: async (request) => {
      spec = request.spec ?? spec;
      return clusterWith(false);
    },
    rotateCA: async (request) => {
      rotated.push(request);
      return clusterWith(true);
    },
  },
});
after(() => daemon.close());
beforeEach(() => {
  state = "active";
  spec = newClusterSpec();
  [unlockedWith, rotated, looks] = [[], [], []];
});

const run = (line: string, options: RunOptions = {}) => skep(line.split(" "), { socket: daemon.socket, ...options });

test("unlock asks for the key and sends it; a wrong one is told", async () => {
  state = "locked";
  const right = await run("swarm unlock", { input: `${KEY}\n` });
  assert.deepEqual(right, { status: 0, out: "", err: "Please enter unlock key: " });
  const wrong = await run("swarm unlock", { input: "nonsense" });
  assert.equal(wrong.status, 1);
  assert.match(wrong.err, /swarm could not be unlocked: invalid key provided/);
  assert.deepEqual(unlockedWith, [KEY, "nonsense"]);
});

test("unlock of what is not locked asks for nothing", async () => {
  for (const [now, words] of [
    ["active", /swarm is not locked/],
    ["inactive", /not part of a swarm/],
  ] as const) {
    state = now;
    const { status, err } = await run("swarm unlock", { input: KEY });
    assert.equal(status, 1);
    assert.match(err, words);
    assert.doesNotMatch(err, /enter unlock key/);
  }
  assert.deepEqual(unlockedWith, []);
});

test("a locked manager's commands say how to unlock it", async () => {
  state = "locked";
  const { status, err } = await run("swarm ca");
  assert.equal(status, 1);
  assert.match(
    err,
    /Swarm is encrypted and needs to be unlocked before it can be used\. Please use "skep swarm unlock"/,
  );
  assert.match((await run("info")).out, /^\s*Swarm: locked$/m);
});

test("unlock-key: shown with words, alone, and rotated", async () => {
  assert.match(
    (await run("swarm unlock-key")).out,
    new RegExp(`skep swarm unlock.*\\n.*\\n\\n {4}${KEY}\\n\\n.*password manager`),
  );
  assert.equal((await run("swarm unlock-key -q")).out, `${KEY}\n`);
  assert.equal((await run("swarm unlock-key --rotate -q")).out, `${NEXT}\n`);
  assert.match(
    (await run("swarm unlock-key --rotate")).out,
    new RegExp(`^Successfully rotated manager unlock key\\.[^]*${NEXT}`),
  );
});

test("init and update turn locking on, and tell the key once", async () => {
  assert.match((await run("swarm init --autolock")).out, new RegExp(KEY));
  assert.doesNotMatch((await run("swarm init")).out, /SKEPKEY/);
  assert.match((await run("swarm update --autolock=true")).out, new RegExp(`^Swarm updated\\.[^]*${KEY}`));
  assert.equal(spec.encryption?.autoLockManagers, true);
  assert.equal((await run("swarm update --autolock=true")).out, "Swarm updated.\n");
  assert.equal((await run("swarm update --autolock=false")).out, "Swarm updated.\n");
  assert.equal(spec.encryption?.autoLockManagers, false);
  spec = newClusterSpec({ encryption: newEncryptionConfig({ autoLockManagers: true }) });
  await run("swarm update --task-history-limit 2");
  assert.equal(spec.encryption?.autoLockManagers, true);
});

test("ca prints the root; --rotate waits until every node has followed, and prints the new one", async () => {
  assert.equal((await run("swarm ca")).out, PEM);
  looks = [
    { rotating: true, nodes: [node("one", "ready", OLD_ROOT, OLD_ROOT), node("two", "down", OLD_ROOT, OLD_ROOT)] },
    {
      rotating: true,
      nodes: [node("one", "ready", NEW_ROOT, OLD_ROOT, NEW_ROOT), node("two", "down", OLD_ROOT, OLD_ROOT)],
    },
    { rotating: false, nodes: [node("one", "ready", NEW_ROOT, NEW_ROOT), node("two", "ready", NEW_ROOT, NEW_ROOT)] },
  ];
  const { status, out } = await run("swarm ca --rotate");
  assert.equal(status, 0);
  assert.equal(
    out,
    [
      `desired root digest: sha256:${NEW_ROOT}`,
      "  rotated TLS certificates: 0/2 nodes",
      "  rotated CA certificates:  0/2 nodes",
      "  waiting for one, two (down)",
      "  rotated TLS certificates: 1/2 nodes",
      "  rotated CA certificates:  1/2 nodes",
      "  waiting for two (down)",
      "  rotated TLS certificates: 2/2 nodes",
      "  rotated CA certificates:  2/2 nodes",
      PEM,
    ].join("\n"),
  );
});

test("ca --rotate: detached it waits for nothing, quiet it says nothing; files and lifetime go along", async () => {
  looks = [{ rotating: true, nodes: [] }];
  assert.deepEqual(await run("swarm ca --rotate -d"), { status: 0, out: "", err: "" });
  looks = [{ rotating: false, nodes: [] }];
  assert.deepEqual(await run("swarm ca --rotate -q"), { status: 0, out: "", err: "" });
  const bytes = new Map([
    ["/ca.pem", Buffer.from("CERT")],
    ["/ca.key", Buffer.from("KEY")],
  ]);
  await run("swarm ca --rotate -q --cert-expiry 24h --ca-cert /ca.pem --ca-key /ca.key", { bytes });
  assert.deepEqual(
    rotated.map(({ caCert, caKey }) => [Buffer.from(caCert).toString(), Buffer.from(caKey).toString()]),
    [
      ["", ""],
      ["", ""],
      ["CERT", "KEY"],
    ],
  );
  assert.equal(spec.caConfig?.nodeCertExpiryMs, 86_400_000);
});

test("ca: what does not go together is found before the swarm is asked", async () => {
  for (const [line, words] of [
    ["swarm ca --detach", /--detach goes with --rotate/],
    ["swarm ca --ca-cert /x", /--ca-cert goes with --rotate/],
    ["swarm ca --rotate --ca-cert /x", /belong together/],
    ["swarm ca --rotate --ca-cert /x --ca-key /y", /cannot read \/[xy]/],
  ] as const) {
    const { status, err } = await run(line);
    assert.equal(status, 2, line);
    assert.match(err, words);
  }
  assert.deepEqual(rotated, []);
});

test("a node that left is not waited for; many are not all named", () => {
  const gone = node("gone", "disconnected", OLD_ROOT, OLD_ROOT);
  const many = Array.from({ length: 7 }, (_, i) => node(`n${i}`, "ready", OLD_ROOT, OLD_ROOT));
  const { lines } = rotationView(clusterWith(true), [gone, ...many], NEW_ROOT);
  assert.equal(lines[1], "  rotated TLS certificates: 0/7 nodes");
  assert.equal(lines[3], "  waiting for n0, n1, n2, n3, n4 and 2 more");
});

test("ca --rotate goes on waiting when the daemon has begun anew", async () => {
  const handlers = (rotating: boolean) => ({
    control: {
      getCluster: async () => clusterWith(rotating),
      listNodes: async () => ({ nodes: [] }),
      rotateCA: async () => clusterWith(true),
    },
  });
  const restarting = await startRestartable(handlers(true));
  const enough = new AbortController();
  let again: Promise<void> | undefined;
  const env = fastEnv((nowMs) => {
    again ??= restarting.restart(handlers(false));
    if (nowMs > 100_000_000) enough.abort(new Error("seen enough"));
  });
  try {
    const argv = ["swarm", "ca", "--rotate"];
    const { status, out } = await skep(argv, { socket: restarting.socket, env, signal: enough.signal });
    await again;
    assert.deepEqual([status, out.endsWith(PEM)], [0, true]);
  } finally {
    restarting.close();
  }
});
