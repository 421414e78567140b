import assert from "node:assert/strict";
import { test } from "node:test";
import type { ToolRunner } from "../../../../../agent/network/apply/run.ts";
import { type KeyFile, newOwnKey } from "../../../../../agent/network/encryption/keys.ts";
import { Tunnels } from "../../../../../agent/network/encryption/tunnels.ts";
import type { NetworkView } from "../../../../../agent/network/view.ts";
import { newNetworkNode, newOverlayNetwork } from "../../../../../proto/gen/network.ts";
import { createSimEnv } from "../../../../../shared/env/sim-env.ts";
import { silentLog } from "../../../../../shared/log.ts";
import type { NetworkId, NodeId } from "../../../../../shared/model/ids.ts";

const NODE = "a".padEnd(25, "0") as NodeId;
const NET = "net".padEnd(25, "0") as NetworkId;

const encrypted: NetworkView = {
  version: 1,
  network: newOverlayNetwork({ networkId: NET, encrypted: true }),
  nodes: new Map([[NODE, newNetworkNode({ nodeId: NODE, underlayAddresses: ["192.0.2.1"] })]]),
  services: new Map(),
  endpoints: new Map(),
};
/** A kernel with WireGuard and without any tunnel. */
const runner: ToolRunner = {
  run: async ({ args }) => ({
    code: 0,
    stdout: args.join(" ").includes("@@@") ? "[]\n@@@\n@@@\n[]\n" : "",
    stderr: "",
  }),
};

test("an agent that starts again while keys are replaced keeps its old key until it knows its networks", async () => {
  const env = createSimEnv(1);
  const stop = new AbortController();
  const keyFile: KeyFile = { load: async () => [newOwnKey(1, 51_821)], save: async () => undefined };
  const tunnels = new Tunnels({
    env,
    log: silentLog,
    runner,
    nodeId: NODE,
    keyFile,
    underlayMtu: () => 1500,
    onDescription: () => undefined,
  });
  const epochs = (): readonly number[] => tunnels.description.tunnelKeys.map(({ epoch }) => epoch);
  const running = tunnels.run(stop.signal);
  tunnels.wantEpoch(2);
  await env.advance(20_000);
  assert.deepEqual(epochs(), [1]);
  tunnels.wantNetworks(new Map([[NET, encrypted]]));
  await env.advance(0);
  assert.deepEqual(epochs(), [1, 2]);
  stop.abort();
  await running;
});

test("a node whose encryption is slow has keys, and says what it costs", async () => {
  const env = createSimEnv(1);
  const stop = new AbortController();
  const tunnels = new Tunnels({
    env,
    log: silentLog,
    // Of the two scripts the first tells by its exit status that only wireguard-go can do it.
    runner: {
      run: async (call, signal) => ({
        ...(await runner.run(call, signal)),
        code: call.args[1]?.includes("skwgtest") ? 10 : 0,
      }),
    },
    nodeId: NODE,
    keyFile: { load: async () => [newOwnKey(1, 51_821)], save: async () => undefined },
    underlayMtu: () => 1500,
    onDescription: () => undefined,
  });
  const running = tunnels.run(stop.signal);
  await env.advance(0);
  assert.equal(tunnels.description.tunnelKeys.length, 1);
  assert.match(tunnels.description.tunnelProblem, /no WireGuard.*wireguard-go/);
  assert.equal(tunnels.problem, "");
  stop.abort();
  await running;
});
