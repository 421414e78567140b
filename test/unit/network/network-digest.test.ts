import assert from "node:assert/strict";
import { test } from "node:test";
import {
  newNetworkEndpoint,
  newNetworkNode,
  newNetworkService,
  newOverlayNetwork,
} from "../../../proto/gen/network.ts";
import type { NodeId, ServiceId, TaskId } from "../../../shared/model/ids.ts";
import { type NetworkContent, networkDigest } from "../../../shared/network/network-digest.ts";

const hex = (content: NetworkContent): string => Buffer.from(networkDigest(content)).toString("hex");
const endpoint = (id: string, address: string) => newNetworkEndpoint({ taskId: id as TaskId, addresses: [address] });

const content: NetworkContent = {
  network: newOverlayNetwork({ name: "web", vni: 4097 }),
  nodes: new Map([["n1", newNetworkNode({ nodeId: "n1" as NodeId })]]),
  services: new Map([["s1", newNetworkService({ serviceId: "s1" as ServiceId, vips: ["10.0.0.9"] })]]),
  endpoints: new Map([
    ["a", endpoint("a", "10.0.0.2")],
    ["b", endpoint("b", "10.0.0.3")],
  ]),
};

test("the same content has one digest, in whatever order it became known", () => {
  const endpoints = new Map([...content.endpoints].reverse());
  assert.equal(hex({ ...content, endpoints }), hex(content));
});

test("whatever differs, the digest does", () => {
  const [node] = content.nodes.values();
  const others: readonly NetworkContent[] = [
    content,
    { ...content, network: newOverlayNetwork({ name: "web", vni: 4098 }) },
    { ...content, nodes: new Map() },
    { ...content, nodes: new Map([...content.nodes, ["n2", newNetworkNode({ ...node, nodeId: "n2" as NodeId })]]) },
    { ...content, services: new Map() },
    { ...content, endpoints: new Map([...content.endpoints].slice(0, 1)) },
    { ...content, endpoints: new Map([...content.endpoints, ["b", endpoint("b", "10.0.0.4")]]) },
    { ...content, endpoints: new Map([...content.endpoints, ["c", endpoint("c", "10.0.0.4")]]) },
  ];
  assert.equal(new Set(others.map(hex)).size, others.length);
});
