// Steps of a plan in a real kernel, where what they are about is not there, or not as usual. All names have netsteps in them.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { namespaceOf, switchboardOf } from "../../agent/network/plan/names.ts";
import type { Step } from "../../agent/network/plan/steps.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import type { NodeId, TaskId } from "../../shared/model/ids.ts";

const signal = AbortSignal.timeout(60_000);
const task = (name: string): string => namespaceOf(`netsteps${name}`.padEnd(25, "0") as TaskId);
const BOARD = switchboardOf("netstepsboard000000000000" as NodeId);
const [ONE, GONE] = [task("one"), task("gone")];
const kernel = new KernelProcess({ env: realEnv });

const add = (namespace: string): Step => ({ kind: "addNamespace", namespace });
const remove = (namespace: string): Step => ({ kind: "removeNamespace", namespace });
const cleanUp = () => kernel.execute([remove(ONE), remove(GONE), remove(BOARD)], signal);

describe("steps of a plan", () => {
  before(cleanUp);
  after(cleanUp);

  test("what is queued for a namespace that vanished fails for its task, not for the next one", async () => {
    const up: Step = {
      kind: "setLink",
      namespace: GONE,
      name: "lo",
      link: { make: { kind: "loopback" }, mtu: 0, up: true },
    };
    const { failed } = await kernel.execute([up, add(ONE)], signal);
    assert.deepEqual([...failed.keys()], [GONE]);
    assert.match(failed.get(GONE) ?? "", /ENOENT/);
    assert.deepEqual(
      [...(await kernel.observeNamespaces(new Map([ONE, GONE].map((name) => [name, []])), signal)).keys()],
      [ONE],
    );
  });

  test("what is to be taken out of it is gone already", async () => {
    const steps: Step[] = [
      { kind: "removeLink", namespace: GONE, name: "eth0" },
      { kind: "removeFact", namespace: GONE, fact: "address", key: "10.9.8.7/24 dev eth0", value: "" },
    ];
    assert.equal((await kernel.execute(steps, signal)).failed.size, 0);
    await kernel.endFlows(
      [{ net: "0a090800/24", ready: new Set(), known: new Set(), namespaces: [GONE] }],
      true,
      signal,
    );
  });

  test("an IPv6 address that the kernel refuses is told, and all else of the task is done", async (t) => {
    const make = { kind: "veth", peerNamespace: ONE, peerName: "eth0" } as const;
    const veth = { namespace: BOARD, name: "svnetsteps1", link: { make, mtu: 1200, up: true } };
    const peer = { namespace: ONE, name: "eth0", link: { make: { kind: "peer" }, mtu: 1200, up: true } } as const;
    const put = (fact: "address" | "route", key: string, value = ""): Step => ({
      kind: "putFact",
      namespace: ONE,
      fact,
      key,
      value,
    });
    await cleanUp();
    t.after(cleanUp);
    const { failed, without } = await kernel.execute(
      [
        ...[add(ONE), add(BOARD)],
        { kind: "addLink", ...veth },
        { kind: "setLink", ...veth },
        { kind: "setLink", ...peer },
        put("address", "fd00:9::7/64 dev eth0"),
        put("address", "10.9.8.7/24 dev eth0"),
        put("route", "::/0 table 254", "via fd00:9::1 dev eth0"),
        put("route", "0.0.0.0/0 table 254", "via 10.9.8.1 dev eth0"),
      ],
      signal,
    );
    assert.deepEqual([...failed], []);
    assert.match(without[0] ?? "", /fd00:9::7.*\(EINVAL\)/);
    const seen = (await kernel.observeNamespaces(new Map([[ONE, []]]), signal)).get(ONE);
    assert.deepEqual([...(seen?.facts.address.keys() ?? [])], ["10.9.8.7/24 dev eth0"]);
    assert.deepEqual([...(seen?.facts.route.keys() ?? [])], ["0.0.0.0/0 table 254"]);
  });

  test("a link too narrow for IPv6 is made all the same, and made anew under its name", async () => {
    const make = { kind: "veth", peerNamespace: ONE, peerName: "eth0" } as const;
    const veth = { namespace: BOARD, name: "svnetsteps1", link: { make, mtu: 1200, up: true } };
    const peer = { namespace: ONE, name: "eth0", link: { make: { kind: "peer" }, mtu: 1200, up: true } } as const;
    const make1: Step[] = [add(ONE), add(BOARD), { kind: "addLink", ...veth }, { kind: "setLink", ...veth }];
    const make2: Step[] = [
      { kind: "setLink", ...peer },
      { kind: "putFact", namespace: ONE, fact: "address", key: "10.9.8.7/24 dev eth0", value: "" },
    ];
    const once = [...make1, ...make2];
    assert.equal((await kernel.execute([...once, remove(ONE), remove(BOARD), ...once], signal)).failed.size, 0);
    const seen = (await kernel.observeNamespaces(new Map([[ONE, []]]), signal)).get(ONE);
    assert.equal(seen?.links.get("eth0")?.mtu, 1200);
    assert.deepEqual([...(seen?.facts.address.keys() ?? [])], ["10.9.8.7/24 dev eth0"]);
  });
});
