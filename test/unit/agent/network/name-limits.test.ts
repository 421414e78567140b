// What bounds a task's questions stands in the switchboard, before anything lets them through.
import assert from "node:assert/strict";
import { test } from "node:test";
import { localSubnet } from "../../../../agent/network/local-subnets.ts";
import { readAddresses } from "../../../../agent/network/plan/addresses.ts";
import type { NodeInput } from "../../../../agent/network/plan/input.ts";
import { meshRules } from "../../../../agent/network/plan/mesh-rules.ts";
import type { NodeId } from "../../../../shared/model/ids.ts";

test("questions are counted by sender before they are let through, also those of tasks without a way out", () => {
  const input: NodeInput = {
    nodeId: "n1" as NodeId,
    views: new Map(),
    tasks: new Map(),
    localSubnets: [localSubnet("172.29.0.0/16")],
    localMtu: 1_500,
    dnsPort: 7_353,
  };
  const shut = readAddresses(["172.29.0.9"]);
  const rules = meshRules({ input, made: [], ingress: [], published: [], shut, ports: [] });
  const forward = [...rules.chains].find(([name]) => name.startsWith("fwd-"))?.[1].rules ?? [];
  const at = (words: RegExp): number => forward.findIndex((rule) => words.test(rule));
  const each = at(
    /ip daddr 172\.29\.0\.1 .*dport 7353 update @asking4 \{ ip saddr limit rate over 2000\/second .* drop$/,
  );
  const busy = at(
    /ip daddr 172\.29\.0\.1 .*dport 7353 update @busy4 \{ ip saddr limit rate over 200\/second .* limit rate over 6000/,
  );
  const known = at(/ip saddr != 172\.29\.0\.0\/16 drop/);
  const accepted = at(/@shut4 .*dport 7353 accept/);
  assert.ok(0 <= known && known < each && each < busy && busy < accepted, forward.join("\n"));
  for (const set of ["asking4", "busy4"])
    assert.match(rules.maps.get(set)?.type ?? "", /^ipv4_addr; flags timeout,dynamic/);
});
