import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ToolCall, ToolRunner } from "../../../../agent/network/apply/run.ts";
import { FIRST_PORT, parseArrivals, planProbe } from "../../../../agent/network/probe/plan.ts";
import { NetworkProbe } from "../../../../agent/network/probe/probe.ts";
import { type Datagram, realTransport } from "../../../../agent/network/probe/transport.ts";
import {
  newProbeCommand,
  newProbePrepare,
  newProbeTarget,
  type ProbeAnswer,
  type ProbeCommand,
} from "../../../../proto/gen/agent.ts";
import { createSimEnv } from "../../../../shared/env/sim-env.ts";
import { silentLog } from "../../../../shared/log.ts";
import type { NodeId } from "../../../../shared/model/ids.ts";
import { probeAddressOf, tunnelAddressOf } from "../../../../shared/network/tunnel-address.ts";

const id = (name: string): NodeId => name.padEnd(25, "0") as NodeId;
const SIZES = [1450, 120];
const target = (name: string, ...underlayAddresses: readonly string[]) =>
  newProbeTarget({ nodeId: id(name), addr: `${underlayAddresses[0]}:7377`, underlayAddresses });
const prepare = (targets = [target("b", "192.0.2.2")]) =>
  newProbePrepare({
    underlayAddresses: ["192.0.2.1"],
    targets,
    dataPathPort: 4789,
    sizes: SIZES,
    tunnelSizes: [1440, 120],
  });
const arrivals = (elements: readonly (readonly [string, number])[]) => ({
  nftables: [
    { metainfo: {} },
    {
      set: {
        name: "vxlan",
        elem: elements.map((concat) => ({ elem: { val: { concat: [...concat] }, expires: 299 } })),
      },
    },
  ],
});

describe("a node's part in a test of the network", () => {
  test("others at addresses of its own family, and not itself", () => {
    const targets = [target("a", "192.0.2.1"), target("b", "2001:db8::2", "192.0.2.2"), target("c", "2001:db8::3")];
    const plan = planProbe(id("a"), ["192.0.2.1", "2001:db8::1"], targets, 4789, SIZES);
    assert.deepEqual(plan?.peers, [{ nodeId: id("b"), underlay: "192.0.2.2" }]);
    assert.equal(plan?.mtu, 1450);
    assert.equal(planProbe(id("a"), [], targets, 4789, SIZES), undefined);
  });

  test("arrivals: sizes by ports; what fits nothing is left out", () => {
    const json = arrivals([
      ["fd73::b", FIRST_PORT + 1],
      ["fd73::b", FIRST_PORT],
      ["fd73::c", FIRST_PORT],
      ["fd73::c", FIRST_PORT + 7],
      ["fd73::d", 53],
    ]);
    assert.deepEqual(parseArrivals(json, SIZES), [
      { address: "fd73::b", sizes: [120, 1450] },
      { address: "fd73::c", sizes: [1450] },
    ]);
    assert.deepEqual(parseArrivals({ nftables: [{ set: { name: "vxlan" } }] }, SIZES), []);
    assert.deepEqual(parseArrivals("nonsense", SIZES), []);
  });

  function machine(answer: (call: ToolCall) => string = () => "") {
    const env = createSimEnv(1);
    const calls: string[] = [];
    const sent: (readonly [source: string, datagrams: readonly Datagram[]])[] = [];
    const runner: ToolRunner = {
      run: async (call) => {
        calls.push(
          call.command === "sh" ? ((call.args[1] ?? "").includes("link add") ? "set up" : "take down") : call.command,
        );
        return { code: 0, stdout: answer(call), stderr: "" };
      },
    };
    const probe = new NetworkProbe({
      env,
      log: silentLog,
      nodeId: id("a"),
      runner,
      transport: {
        send: async (source, datagrams) => void sent.push([source, datagrams]),
        connect: async (addr) => (addr.startsWith("192.0.2.3") ? "connection refused" : ""),
      },
    });
    const run = async (
      ...commands: readonly NonNullable<ProbeCommand["command"]>[]
    ): Promise<readonly ProbeAnswer[]> => {
      async function* input(): AsyncGenerator<ProbeCommand> {
        for (const command of commands) yield newProbeCommand({ command });
      }
      const answers: ProbeAnswer[] = [];
      const reading = (async () => {
        for await (const each of probe.run(input(), new AbortController().signal)) answers.push(each);
      })();
      reading.catch(() => undefined);
      await env.advance(10_000);
      await reading;
      return answers;
    };
    return { calls, sent, run, probe, env };
  }

  test("set up, send, tell, take down", async () => {
    const routes = [{ dst: tunnelAddressOf(id("c")), dev: "skwg0", protocol: "static" }];
    const { calls, sent, run, env } = machine(({ command, args }) => {
      if (command === "ip" && args.includes("route")) return JSON.stringify(routes);
      if (command !== "nft") return "";
      return JSON.stringify(arrivals(args.at(-1) === "vxlan" ? [[probeAddressOf(id("b")), FIRST_PORT]] : []));
    });
    const targets = [target("b", "192.0.2.2"), target("c", "192.0.2.3")];
    const startedMs = env.wallMs();
    const [ready, out, arrived] = await run(
      { kind: "prepare", ...prepare(targets) },
      { kind: "send" },
      { kind: "collect" },
    );
    assert.deepEqual(ready?.answer, { kind: "ready", nowMs: startedMs, problem: "" });
    assert.deepEqual(out?.answer, {
      kind: "sent",
      connections: [
        { nodeId: id("b"), error: "" },
        { nodeId: id("c"), error: "connection refused" },
      ],
      tunnelNodeIds: [id("c")],
    });
    assert.deepEqual(arrived?.answer, {
      kind: "arrived",
      vxlan: [{ address: probeAddressOf(id("b")), sizes: [1450] }],
      tunnels: [],
      blocks: [],
    });
    const [plain, tunnelled] = sent;
    assert.equal(plain?.[0], probeAddressOf(id("a")));
    assert.deepEqual(
      plain?.[1].map(({ bytes, port }) => [bytes, port]),
      [
        [1402, FIRST_PORT],
        [72, FIRST_PORT + 1],
        [1402, FIRST_PORT],
        [72, FIRST_PORT + 1],
      ],
    );
    assert.deepEqual([tunnelled?.[0], tunnelled?.[1].length], [tunnelAddressOf(id("a")), 2]);
    assert.deepEqual(calls, ["set up", "ip", "bridge", "ip", "nft", "nft", "take down"]);
  });

  test("commands out of order or of bounds are refused, and whatever happens all is taken down", async () => {
    for (const commands of [
      [{ kind: "send" }],
      [{ kind: "prepare", ...prepare(Array.from({ length: 65 }, (_, i) => target(`t${i}`, "192.0.2.9"))) }],
      [{ kind: "prepare", ...prepare(), sizes: [9_001] }],
      [{ kind: "prepare", ...prepare(), sizes: [] }],
      [{ kind: "prepare", ...prepare(), dataPathPort: 0 }],
    ] as const) {
      const { run, calls } = machine();
      await assert.rejects(run(...commands), { code: "invalid_argument" });
      assert.deepEqual(calls, ["take down"]);
    }
  });

  test("a node without its tools says so, and still tells of connections", async () => {
    const { run } = machine(() => "");
    const bare = { ...prepare(), underlayAddresses: [] };
    const [ready, , arrived] = await run({ kind: "prepare", ...bare }, { kind: "send" }, { kind: "collect" });
    assert.equal(ready?.answer?.kind === "ready" && ready.answer.problem, "this node has no address for VXLAN packets");
    assert.deepEqual(arrived?.answer, { kind: "arrived", vxlan: [], tunnels: [], blocks: [] });
  });

  test("one test at a time", async () => {
    const { probe } = machine();
    async function* never(): AsyncGenerator<ProbeCommand> {
      await new Promise(() => undefined);
      yield newProbeCommand();
    }
    const first = probe.run(never(), new AbortController().signal);
    void first.next();
    await assert.rejects(probe.run(never(), new AbortController().signal).next(), { code: "unavailable" });
  });
});

test("an address that is none is a word in the answer, and no failure", async () => {
  const signal = new AbortController().signal;
  assert.match(await realTransport(createSimEnv(1)).connect("node-b:7377:1", 2_000, signal), /not a host and port/);
});
