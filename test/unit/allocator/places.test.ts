// What of a service's endpoint is in its tasks, and what is only told to the nodes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { endpointOfTasks, hasEndpoint, networksOfService } from "../../../manager/allocator/places.ts";
import {
  newEndpointSpec,
  newNetwork,
  newNetworkAttachment,
  newNetworkAttachmentConfig,
  newPortConfig,
  newServiceSpec,
  newTask,
  newTaskSpec,
  type PortConfig,
  type ServiceSpec,
  type Task,
} from "../../../proto/gen/objects.ts";
import type { NetworkId } from "../../../shared/model/ids.ts";

const ingress = (publishedPort: number, more: Partial<PortConfig> = {}): PortConfig =>
  newPortConfig({ targetPort: 80, publishedPort, ...more });
const host = (publishedPort: number, more: Partial<PortConfig> = {}): PortConfig =>
  ingress(publishedPort, { publishMode: "host", ...more });
const template = (...targets: readonly string[]) =>
  newTaskSpec({ networks: targets.map((target) => newNetworkAttachmentConfig({ target })) });
const spec = (ports: readonly PortConfig[], ...targets: readonly string[]): ServiceSpec =>
  newServiceSpec({ taskTemplate: template(...targets), endpointSpec: newEndpointSpec({ ports }) });

test("the networks of a service: its own in their order, the routing mesh's last", () => {
  const mesh = newNetwork({ id: "mesh" as NetworkId });
  assert.deepEqual(networksOfService(spec([ingress(80)], "b", "a"), mesh), ["b", "a", "mesh"]);
  assert.deepEqual(networksOfService(spec([host(80)], "b"), mesh), ["b"]);
  assert.deepEqual(networksOfService(spec([ingress(80)], "bridge"), mesh), ["mesh"]);
  assert.deepEqual(networksOfService(spec([], "host"), mesh), []);
  assert.deepEqual(networksOfService(undefined, mesh), []);
});

const same: readonly (readonly [what: string, a: readonly PortConfig[], b: readonly PortConfig[], equal: boolean])[] = [
  ["another port of the mesh", [ingress(80)], [ingress(81), ingress(82)], true],
  ["the first port of the mesh", [], [ingress(80)], false],
  ["the order of ports", [host(80), host(81)], [host(81), host(80)], true],
  ["another port in mode host", [host(80)], [host(81)], false],
  ["another target in mode host", [host(80)], [host(80, { targetPort: 81 })], false],
];
for (const [what, a, b, equal] of same) {
  test(`what is in tasks: ${what}`, () => {
    const text = (ports: readonly PortConfig[]): string => endpointOfTasks(newEndpointSpec({ ports }));
    assert.equal(text(a) === text(b), equal);
  });
}

const task = (targets: readonly string[], on: readonly string[], ports: readonly PortConfig[] = []): Task =>
  newTask({
    spec: template(...targets),
    attachments: on.map((id) => newNetworkAttachment({ networkId: id as NetworkId })),
    ports,
  });

const fitting: readonly (readonly [what: string, task: Task, spec: ServiceSpec, fits: boolean])[] = [
  ["nothing asked, nothing there", task([], []), spec([]), true],
  ["on the mesh, as asked", task(["a"], ["a", "mesh"]), spec([ingress(80)], "a"), true],
  ["not on the mesh", task(["a"], ["a"]), spec([ingress(80)], "a"), false],
  ["on the mesh no longer asked for", task([], ["mesh"]), spec([]), false],
  ["its own port", task([], [], [host(80)]), spec([host(80)]), true],
  ["another one", task([], [], [host(80)]), spec([host(81)]), false],
  ["a port that was left open", task([], [], [host(40_000)]), spec([host(0)]), true],
  ["another target", task([], [], [host(40_000, { targetPort: 81 })]), spec([host(0)]), false],
  ["one port more", task([], [], [host(80)]), spec([host(80), host(81)]), false],
];
for (const [what, made, wanted, fits] of fitting) {
  test(`a task of the endpoint: ${what}`, () => assert.equal(hasEndpoint(made, wanted), fits));
}
