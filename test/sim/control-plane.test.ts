import assert from "node:assert/strict";
import { test } from "node:test";
import { createControlPlane, service, withReplicas } from "../support/control-plane.ts";

test("a service of 5 replicas runs, spread over the nodes", async () => {
  const sim = await createControlPlane({ nodes: 3 });
  const web = await sim.createService(service("web", 5));
  await sim.until("5 run", () => sim.running(web) === 5, 2_000);
  assert.deepEqual(sim.agents.map((agent) => agent.running().length).sort(), [1, 2, 2]);
  await sim.updateService(web, withReplicas(8));
  await sim.until("8 run", () => sim.running(web) === 8, 2_000);
  await sim.updateService(web, withReplicas(3));
  await sim.until("3 run", () => sim.running(web) === 3 && sim.tasks(web).length === 3, 2_000);
  assert.deepEqual(
    sim.agents.map((agent) => agent.running().length),
    [1, 1, 1],
  );
  await sim.removeService(web);
  await sim.until("all gone", () => sim.tasks(web).length === 0, 2_000);
  await sim.close();
});
