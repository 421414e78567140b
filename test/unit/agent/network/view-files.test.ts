import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { NetworkView } from "../../../../agent/network/view.ts";
import { createViewFiles, decodeView, encodeView } from "../../../../agent/network/view-files.ts";
import {
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newOverlayNetwork,
} from "../../../../proto/gen/network.ts";
import { createSimEnv, seededRandom } from "../../../../shared/env/sim-env.ts";
import { silentLog } from "../../../../shared/log.ts";
import { type NetworkId, type NodeId, newId, type ServiceId, type TaskId } from "../../../../shared/model/ids.ts";

const random = seededRandom(5);
const dirs: string[] = [];
after(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});
const newDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), "skep-views-"));
  dirs.push(dir);
  return join(dir, "networks");
};

function view(version: number, networkId = newId<NetworkId>(random)): NetworkView {
  const [nodeId, serviceId, taskId] = [newId<NodeId>(random), newId<ServiceId>(random), newId<TaskId>(random)];
  return {
    version,
    network: newOverlayNetwork({ networkId, name: "web", vni: 4097, mtu: 1450 }),
    nodes: new Map([[nodeId, newNetworkNode({ nodeId, underlayAddresses: ["10.1.0.1"] })]]),
    services: new Map([[serviceId, newNetworkService({ serviceId, name: "web", vips: ["10.0.1.2"] })]]),
    endpoints: new Map([[taskId, newNetworkEndpoint({ taskId, serviceId, addresses: ["10.0.1.3"], state: "ready" })]]),
  };
}
const mapOf = (...views: readonly NetworkView[]) => new Map(views.map((each) => [each.network.networkId, each]));

test("what was saved is loaded; what went is gone; what is damaged is dropped", async () => {
  const dir = newDir();
  const env = createSimEnv(1);
  const files = createViewFiles({ env, log: silentLog, dir });
  assert.deepEqual(await files.load(), new Map());
  const [one, two, three] = [view(1), view(2), view(3)];
  await files.save(mapOf(one, two, three));
  const later = { ...one, version: 9 };
  await files.save(mapOf(later, two));
  writeFileSync(join(dir, two.network.networkId), encodeView(two).subarray(0, 40));
  writeFileSync(join(dir, "stray"), "x");
  const again = createViewFiles({ env, log: silentLog, dir });
  assert.deepEqual(await again.load(), mapOf(later));
  assert.deepEqual(readdirSync(dir), [one.network.networkId]);
  await again.clear();
  assert.deepEqual(readdirSync(dir), []);
});

test("a flipped bit anywhere is seen", () => {
  const bytes = Buffer.from(encodeView(view(7)));
  assert.notEqual(decodeView(bytes), undefined);
  for (let at = 0; at < bytes.length; at += 7) {
    const broken = Buffer.from(bytes);
    broken[at] = (broken[at] ?? 0) ^ 4;
    assert.equal(decodeView(broken), undefined, `byte ${at}`);
  }
  assert.equal(decodeView(Buffer.alloc(3)), undefined);
});

test("an unchanged network is not written again", async () => {
  const dir = newDir();
  const files = createViewFiles({ env: createSimEnv(1), log: silentLog, dir });
  await files.load();
  const one = view(1);
  await files.save(mapOf(one));
  const path = join(dir, one.network.networkId);
  writeFileSync(path, "touched");
  await files.save(mapOf(one));
  assert.equal(readFileSync(path, "utf8"), "touched");
});

test("a slow write is followed by a pause, after which the last state is written", async () => {
  const dir = newDir();
  const sim = createSimEnv(1);
  let extraMs = 0;
  let slow = true;
  const nowMs = (): number => {
    if (slow) extraMs += 10;
    return sim.nowMs() + extraMs;
  };
  const files = createViewFiles({ env: { timer: sim.timer, nowMs }, log: silentLog, dir });
  await files.load();
  const first = view(1);
  await files.save(mapOf(first));
  slow = false;
  for (const version of [2, 3]) await files.save(mapOf({ ...first, version }));
  const onDisk = () => decodeView(readFileSync(join(dir, first.network.networkId)))?.version;
  assert.equal(onDisk(), 1, "put off");
  await sim.advance(10_000);
  while (onDisk() !== 3) await setImmediate();
  assert.equal(sim.pendingTimers(), 0);
});

test("a folder that cannot be written is no failure of the network", async () => {
  const dir = newDir();
  const files = createViewFiles({ env: createSimEnv(1), log: silentLog, dir });
  await files.load();
  rmSync(dir, { recursive: true });
  writeFileSync(dir, "not a folder");
  await files.save(mapOf(view(1)));
});
