// Services whose tasks are large: what changes all of them does not fit into one transaction.
import { test } from "node:test";
import { newContainerSpec, newEndpointSpec, newPortConfig } from "../../../proto/gen/objects.ts";
import { createControlPlane, service, withReplicas } from "../../support/control-plane.ts";

const REPLICAS = 42;

test("a service of large tasks is made, scaled and removed in pieces", async () => {
  const sim = await createControlPlane({ seed: 11, nodes: 2 });
  try {
    const containerSpec = newContainerSpec({ image: "web:1", env: [`A=${"x".repeat(80_000)}`] });
    const web = await sim.createService(service("web", REPLICAS, { containerSpec }));
    await sim.until("all run", () => sim.running(web) === REPLICAS);
    await sim.updateService(web, withReplicas(1));
    await sim.until("one is left", () => sim.tasks(web).length === 1);
    await sim.updateService(web, withReplicas(REPLICAS));
    await sim.until("all run again", () => sim.running(web) === REPLICAS);
    await sim.removeService(web);
    await sim.until("none is left", () => sim.tasks(web).length === 0);
  } finally {
    await sim.close();
  }
});

test("ports in mode host are in every task, and count", async () => {
  const sim = await createControlPlane({ seed: 12, nodes: 2 });
  try {
    const ports = Array.from({ length: 5_000 }, (_, i) =>
      newPortConfig({ targetPort: i + 1, publishedPort: i + 1, publishMode: "host" }),
    );
    const web = await sim.createService({ ...service("web", 60), endpointSpec: newEndpointSpec({ ports }) });
    await sim.until("all are made", () => sim.tasks(web).length === 60);
    await sim.until("one runs on each node", () => sim.running(web) === 2);
    await sim.removeService(web);
    await sim.until("none is left", () => sim.tasks(web).length === 0);
  } finally {
    await sim.close();
  }
});
