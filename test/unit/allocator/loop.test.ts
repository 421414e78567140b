// The allocator's loop among the others, in simulated time: tasks that wait for an address, and nodes for their place.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allocateNetwork, networkScope, newestNetwork } from "../../../manager/allocator/network.ts";
import {
  type NetworkSpec,
  newEndpointSpec,
  newIPAMConfig,
  newNetwork,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newPortConfig,
  type ServiceSpec,
} from "../../../proto/gen/objects.ts";
import { type NetworkId, newId } from "../../../shared/model/ids.ts";
import {
  type ControlPlane,
  type ControlPlaneOptions,
  createControlPlane,
  service,
  withImage,
  withReplicas,
} from "../../support/control-plane.ts";
import { networkFaults } from "../../support/network-truth.ts";

function story(what: string, options: ControlPlaneOptions, run: (sim: ControlPlane) => Promise<void>): void {
  test(what, async () => {
    const sim = await createControlPlane(options);
    try {
      await run(sim);
      for (const manager of sim.managers) assert.deepEqual(manager.store.view(networkFaults), []);
    } finally {
      await sim.close();
    }
  });
}

async function network(sim: ControlPlane, name: string, more: Partial<NetworkSpec> = {}): Promise<NetworkId> {
  const id = newId<NetworkId>(sim.env.random);
  const spec = newNetworkSpec({ name, ...more });
  await sim.leader().store.update((tx) => {
    const scope = networkScope(tx);
    tx.put("network", newNetwork({ id, spec, ...allocateNetwork(scope, spec, newestNetwork(scope)) }));
  });
  return id;
}

const small = { ipam: [newIPAMConfig({ subnet: "10.99.0.0/29" })] }; // five addresses: a virtual IP and four tasks
const on = (name: string, replicas: number, target: NetworkId): ServiceSpec =>
  service(name, replicas, { networks: [newNetworkAttachmentConfig({ target })] });
const errors = (sim: ControlPlane, id: Parameters<ControlPlane["tasks"]>[0]): string[] =>
  sim.tasks(id).flatMap(({ status }) => (status?.state === "new" ? [status.err] : []));

describe("tasks", () => {
  story("those beyond the network's room are new, say so, and follow when there is room", { seed: 3 }, async (sim) => {
    const web = await sim.createService(on("web", 7, await network(sim, "front", small)));
    await sim.until("four run", () => sim.running(web) === 4);
    assert.deepEqual(errors(sim, web), Array(3).fill("network front is full: 5 of 5 in use"));
    await sim.updateService(web, withReplicas(6));
    await sim.until("one less waits", () => sim.tasks(web).length === 6);
    assert.equal(sim.running(web), 4);
    await sim.updateService(web, withReplicas(2));
    await sim.until("two run", () => sim.running(web) === 2 && sim.tasks(web).length === 2);
    await sim.updateService(web, withReplicas(4));
    await sim.until("four run again", () => sim.running(web) === 4);
  });

  story("a service that goes makes room for another's tasks", { seed: 4 }, async (sim) => {
    const front = await network(sim, "front", small);
    const first = await sim.createService(on("first", 2, front));
    const second = await sim.createService(on("second", 4, front));
    await sim.until("it is full", () => sim.running(first) + sim.running(second) === 3);
    await sim.removeService(first);
    await sim.until("all of the second run", () => sim.running(second) === 4);
  });

  story("a new leader goes on with those that wait", { seed: 5, managers: 3 }, async (sim) => {
    const front = await network(sim, "front", small);
    const web = await sim.createService(on("web", 6, front));
    await sim.until("four run", () => sim.running(web) === 4);
    await sim.elect(1);
    await sim.until("the others wait", () => errors(sim, web).length === 2);
    const other = await sim.createService(service("plain", 2));
    await sim.until("who needs no address does not wait", () => sim.running(other) === 2);
    await sim.updateService(web, withReplicas(4));
    await sim.until("nobody waits", () => errors(sim, web).length === 0 && sim.running(web) === 4);
  });

  story("an update on a full network takes each old task's address for its successor", { seed: 6 }, async (sim) => {
    const web = await sim.createService(on("web", 4, await network(sim, "front", small)));
    await sim.until("four run", () => sim.running(web) === 4);
    await sim.updateService(web, withImage("web:2"));
    await sim.until(
      "all run the new image",
      () => sim.running(web) === 4 && sim.live(web).every(({ spec }) => spec?.containerSpec?.image === "web:2"),
      600_000,
    );
  });

  story("a network more recreates tasks, a port of the mesh more does not", { seed: 7 }, async (sim) => {
    await network(sim, "ingress", { ingress: true });
    const [front, back] = [await network(sim, "front"), await network(sim, "back")];
    const ports = (...published: readonly number[]) =>
      newEndpointSpec({ ports: published.map((publishedPort) => newPortConfig({ targetPort: 80, publishedPort })) });
    const web = await sim.createService({ ...on("web", 2, front), endpointSpec: ports(8080) });
    await sim.until("two run", () => sim.running(web) === 2);
    const first = sim.live(web).map(({ id }) => id);
    assert.ok(
      sim.live(web).every(({ attachments }) => attachments.length === 2 && attachments[0]?.networkId === front),
    );
    await sim.updateService(web, (spec) => ({ ...spec, endpointSpec: ports(8080, 8081) }));
    await sim.env.advance(20_000);
    assert.deepEqual(
      sim.live(web).map(({ id }) => id),
      first,
    );
    await sim.updateService(web, (spec) => ({ ...spec, taskTemplate: on("web", 2, back).taskTemplate }));
    await sim.until(
      "all are on the other network",
      () => sim.running(web) === 2 && sim.live(web).every(({ attachments }) => attachments[0]?.networkId === back),
      600_000,
    );
  });
});

describe("nodes", () => {
  story(
    "each gets its place when the ingress network is there, and loses it with it",
    { seed: 8, nodes: 4 },
    async (sim) => {
      const places = (): number => sim.agents.filter(({ id }) => sim.node(id).attachments.length === 1).length;
      assert.equal(places(), 0);
      const ingress = await network(sim, "ingress", { ingress: true });
      await sim.until("all have one", () => places() === 4);
      await sim.leader().store.update((tx) => tx.remove("network", ingress));
      await sim.until("none has one", () => places() === 0);
    },
  );

  story("one that found it full gets the place of one that goes", { seed: 9, nodes: 3 }, async (sim) => {
    const places = (): number => [...sim.agents].filter(({ id }) => nodeOf(sim, id)?.attachments.length === 1).length;
    await network(sim, "ingress", { ingress: true, ipam: [newIPAMConfig({ subnet: "10.99.0.0/30" })] });
    await sim.until("one has it", () => places() === 1);
    const owner = sim.agents.find(({ id }) => sim.node(id).attachments.length === 1);
    assert.ok(owner !== undefined);
    await sim.removeNode(owner.id);
    await sim.until("another has it", () => places() === 1);
  });
});

const nodeOf = (sim: ControlPlane, id: Parameters<ControlPlane["node"]>[0]) =>
  sim.leader().store.view((view) => view.get("node", id));
