import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  desiredTunnels,
  inEffect,
  type Peer,
  type PublicKey,
  planTunnels,
  type TunnelInput,
} from "../../../../../agent/network/encryption/plan.ts";
import { hasMoved, keysFor } from "../../../../../agent/network/encryption/retire.ts";
import {
  type DeviceName,
  deviceOf,
  NO_TUNNELS,
  type ObservedDevice,
  type ObservedTunnels,
} from "../../../../../agent/network/encryption/state.ts";
import type { NodeId } from "../../../../../shared/model/ids.ts";

const key = (owner: string, epoch: number): PublicKey => ({
  epoch,
  publicKey: `${owner}-key-${epoch}`,
  port: 51_820 + (epoch % 2),
});
const id = (name: string): NodeId => name.padEnd(25, "0") as NodeId;
const peer = (name: string, ...epochs: readonly number[]): [NodeId, Peer] => [
  id(name),
  {
    address: `fd73::${name}`,
    underlay: `192.0.2.${name.charCodeAt(0)}`,
    keys: epochs.map((epoch) => key(name, epoch)),
  },
];
const input = (
  epochs: readonly number[],
  peers: readonly [NodeId, Peer][],
  rest: Partial<TunnelInput> = {},
): TunnelInput => ({
  isNeeded: true,
  epoch: Math.max(...epochs),
  keys: epochs.map((epoch) => key("own", epoch)),
  peers: new Map(peers),
  mtu: 1440,
  ...rest,
});

/** What the kernel has after the steps. */
function after(wish: TunnelInput, observed: ObservedTunnels): ObservedTunnels {
  const devices = new Map<DeviceName, ObservedDevice>(observed.devices);
  const routes = new Map(observed.routes);
  let { isFenced } = observed;
  const blank = {
    publicKey: "",
    port: 0,
    mtu: 0,
    peers: new Map(),
    isSet: false,
    proven: new Set<string>(),
    silent: new Set<string>(),
  };
  const at = (name: DeviceName): ObservedDevice => {
    const device = devices.get(name);
    assert.ok(device, `${name} is there`);
    return device;
  };
  for (const step of planTunnels(desiredTunnels(wish, observed), observed)) {
    switch (step.kind) {
      case "fence":
      case "unfence":
        isFenced = step.kind === "fence";
        break;
      case "addDevice":
        devices.set(step.name, blank);
        break;
      case "removeDevice":
        devices.delete(step.name);
        for (const [address, name] of routes) if (name === step.name) routes.delete(address);
        break;
      case "setDevice":
        devices.set(step.name, { ...at(step.name), isSet: true, mtu: step.mtu });
        break;
      case "syncDevice": {
        const { proven } = at(step.name);
        const kept = new Set([...proven].filter((known) => step.device.peers.has(known)));
        devices.set(step.name, { ...at(step.name), ...step.device, proven: kept });
        break;
      }
      case "putRoute":
        at(step.device);
        routes.set(step.address, step.device);
        break;
      case "removeRoute":
        routes.delete(step.address);
        break;
    }
  }
  const next = { devices, routes, isFenced, dead: new Set<DeviceName>() };
  assert.deepEqual(planTunnels(desiredTunnels(wish, next), next), [], "nothing is left to do");
  return next;
}

const proven = (observed: ObservedTunnels, ...keys: readonly string[]): ObservedTunnels => ({
  ...observed,
  devices: new Map(
    [...observed.devices].map(([name, device]) => [
      name,
      { ...device, proven: new Set([...device.proven, ...keys.filter((each) => device.peers.has(each))]) },
    ]),
  ),
});

describe("tunnels", () => {
  test("where nothing is encrypted there is nothing; what was there goes", () => {
    const none = input([1], [peer("b", 1)], { isNeeded: false });
    assert.deepEqual(planTunnels(desiredTunnels(none, NO_TUNNELS), NO_TUNNELS), []);
    const made = after(input([1], [peer("b", 1)]), NO_TUNNELS);
    assert.deepEqual(after(none, made), { ...NO_TUNNELS });
  });

  test("the first: fence, device, keys, route, in this order", () => {
    const steps = planTunnels(desiredTunnels(input([1], [peer("b", 1)]), NO_TUNNELS), NO_TUNNELS);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["fence", "addDevice", "setDevice", "syncDevice", "putRoute"],
    );
  });

  test("alone on the network: the device is there all the same, it has the node's address", () => {
    assert.deepEqual([...after(input([1], []), NO_TUNNELS).devices.keys()], ["skwg1"]);
  });

  test("keys are replaced: the route moves once the other end has shown that it knows the new key, never before", () => {
    const one = after(input([1], [peer("b", 1)]), NO_TUNNELS);
    assert.equal(one.routes.get("fd73::b"), "skwg1");
    const wish = input([1, 2], [peer("b", 1)]);
    const two = after(wish, one);
    assert.equal(two.routes.get("fd73::b"), "skwg1", "the other has no new key yet");
    const both = input([1, 2], [peer("b", 1, 2)]);
    const three = after(both, two);
    assert.equal(three.routes.get("fd73::b"), "skwg1", "nobody knows whether it knows ours");
    assert.equal(hasMoved(both, three), false);
    const four = after(both, proven(three, "b-key-2"));
    assert.equal(four.routes.get("fd73::b"), "skwg0");
    assert.equal(hasMoved(both, four), true);
    assert.deepEqual([...four.devices.keys()].sort(), ["skwg0", "skwg1"], "what is under way arrives");
    const five = after(input([2], [peer("b", 2)]), four);
    assert.deepEqual([...five.devices.keys()], ["skwg0"]);
    assert.equal(five.routes.get("fd73::b"), "skwg0");
  });

  test("one peer is behind: the others move, it keeps its old tunnel", () => {
    const wish = input([1, 2], [peer("b", 1), peer("c", 1, 2)]);
    const start = after(input([1], [peer("b", 1), peer("c", 1)]), NO_TUNNELS);
    const moved = after(wish, proven(after(wish, start), "c-key-2", "b-key-1"));
    assert.deepEqual([...moved.routes].sort(), [
      ["fd73::b", "skwg1"],
      ["fd73::c", "skwg0"],
    ]);
    assert.equal(hasMoved(wish, moved), false);
  });

  test("a node that comes back in the middle goes on by the old keys, which both ends know", () => {
    assert.equal(after(input([1, 2], [peer("b", 1, 2)]), NO_TUNNELS).routes.get("fd73::b"), "skwg1");
  });

  test("a node without a key of ours epochs has no tunnel, and costs the others nothing", () => {
    const made = after(input([3], [peer("b", 1), peer("c", 3)]), NO_TUNNELS);
    assert.deepEqual([...made.routes], [["fd73::c", "skwg1"]]);
  });

  test("a process that died: its link goes and comes anew", () => {
    const wish = input([1], [peer("b", 1)]);
    const made = after(wish, NO_TUNNELS);
    const dead: ObservedTunnels = { ...made, devices: new Map(), dead: new Set(["skwg1"]), routes: new Map() };
    const steps = planTunnels(desiredTunnels(wish, dead), dead);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["removeDevice", "addDevice", "setDevice", "syncDevice", "putRoute"],
    );
  });

  test("another address of a peer counts once it is silent: one that is heard is where its packets come from", () => {
    const made = proven(after(input([1], [peer("b", 1)]), NO_TUNNELS), "b-key-1");
    const [, b] = peer("b", 1);
    const moved = input([1], [[id("b"), { ...b, underlay: "192.0.2.200" }]]);
    assert.deepEqual(planTunnels(desiredTunnels(moved, made), made), []);
    const device = made.devices.get("skwg1");
    assert.ok(device);
    const silent = { ...made, devices: new Map([["skwg1" as const, { ...device, silent: new Set(["b-key-1"]) }]]) };
    const steps = planTunnels(desiredTunnels(moved, silent), silent);
    assert.deepEqual(
      steps.map(({ kind }) => kind),
      ["syncDevice"],
    );
  });

  test("a node that calls another's key its own gets nothing of it", () => {
    const thief: [NodeId, Peer] = [id("a"), { address: "fd73::a", underlay: "192.0.2.66", keys: [key("b", 1)] }];
    const made = after(input([1], [peer("b", 1)]), NO_TUNNELS);
    const wish = input([1], [thief, peer("b", 1)]);
    const next = after(wish, made);
    assert.equal(next.devices.get("skwg1")?.peers.get("b-key-1")?.address, "fd73::b");
    assert.deepEqual([...next.routes], [["fd73::b", "skwg1"]]);
  });
});

describe("a node's own keys", () => {
  const make = (epoch: number): PublicKey => key("own", epoch);
  const cases: readonly (readonly [
    what: string,
    have: readonly number[],
    epoch: number,
    old: boolean,
    want: readonly number[],
  ])[] = [
    ["the first", [], 1, true, [1]],
    ["nothing changes", [1], 1, true, [1]],
    ["a new epoch, the old one in use", [1], 2, true, [1, 2]],
    ["the old one is retired", [1, 2], 2, false, [2]],
    ["two epochs missed: the same device, so the old key goes at once", [1], 3, true, [3]],
    ["three missed: the other device keeps it", [1], 4, true, [1, 4]],
    ["back to an older epoch, as from a backup", [7], 4, true, [4, 7]],
  ];
  for (const [what, have, epoch, old, want] of cases) {
    test(what, () => {
      const keys = have.map(make);
      const next = keysFor(keys, epoch, old, make);
      assert.deepEqual(
        next.map((each) => each.epoch),
        want,
      );
      if (want.join() === have.join()) assert.equal(next, keys);
    });
  }

  test("of each device one is in effect, and the wanted one first", () => {
    assert.deepEqual(
      inEffect([1, 2, 3, 4].map(make), 2).map(({ epoch }) => epoch),
      [2, 3],
    );
  });
});

// A pair of nodes that learn of one another at their own pace. What one sends must find at the other the device, the key and
// the address that it was sealed for: at every moment, through any number of epochs.
describe("replacing keys loses nothing", () => {
  interface Side {
    readonly name: string;
    keys: readonly PublicKey[];
    epoch: number;
    /** As managers told it last. */
    told: readonly PublicKey[];
    observed: ObservedTunnels;
  }

  const wishOf = (side: Side, other: Side): TunnelInput => ({
    isNeeded: true,
    epoch: side.epoch,
    keys: side.keys,
    peers: new Map([[id(other.name), { address: `fd73::${other.name}`, underlay: "192.0.2.1", keys: side.told }]]),
    mtu: 1440,
  });

  /** Both have one another's key: a handshake succeeds. */
  function shake(a: Side, b: Side): void {
    for (const name of ["skwg0", "skwg1"] as const) {
      const [at, bt] = [a.observed.devices.get(name), b.observed.devices.get(name)];
      if (at === undefined || bt === undefined) continue;
      if (at.peers.has(bt.publicKey) && bt.peers.has(at.publicKey)) {
        a.observed = proven(a.observed, bt.publicKey);
        b.observed = proven(b.observed, at.publicKey);
      }
    }
  }

  function arrives(from: Side, to: Side): boolean {
    const name = from.observed.routes.get(`fd73::${to.name}`);
    const sender = name && from.observed.devices.get(name);
    const target = sender && [...sender.peers].find(([, { address }]) => address === `fd73::${to.name}`)?.[0];
    const receiver = [...to.observed.devices.values()].find(({ publicKey }) => publicKey === target);
    return receiver?.peers.get(sender?.publicKey ?? "")?.address === `fd73::${from.name}`;
  }

  type Move = "look-a" | "look-b" | "tell-a" | "tell-b" | "shake" | "retire-a" | "retire-b";
  const moves = fc.array(
    fc.constantFrom<Move>("look-a", "look-b", "tell-a", "tell-b", "shake", "retire-a", "retire-b"),
    { maxLength: 30 },
  );

  test("at every step of every order in which two nodes can hear and act", () => {
    fc.assert(
      fc.property(fc.array(moves, { minLength: 1, maxLength: 4 }), (epochs) => {
        const side = (name: string): Side => ({ name, keys: [key(name, 1)], epoch: 1, told: [], observed: NO_TUNNELS });
        const [a, b] = [side("a"), side("b")];
        const look = (one: Side, other: Side): void => {
          one.keys = keysFor(one.keys, one.epoch, true, (epoch) => key(one.name, epoch));
          one.observed = after(wishOf(one, other), one.observed);
        };
        // The time of retire.ts has passed: the other has looked since, and everything that is proven has moved.
        const retire = (one: Side, other: Side): void => {
          if (!hasMoved(wishOf(one, other), one.observed)) return;
          shake(one, other);
          look(other, one);
          one.keys = keysFor(one.keys, one.epoch, false, (epoch) => key(one.name, epoch));
          look(one, other);
        };
        const act: Readonly<Record<Move, () => void>> = {
          "look-a": () => look(a, b),
          "look-b": () => look(b, a),
          "tell-a": () => {
            a.told = b.keys;
          },
          "tell-b": () => {
            b.told = a.keys;
          },
          shake: () => shake(a, b),
          "retire-a": () => retire(a, b),
          "retire-b": () => retire(b, a),
        };
        const settle: readonly Move[] = [
          "look-a",
          "look-b",
          "tell-a",
          "tell-b",
          "look-a",
          "look-b",
          "shake",
          "look-a",
          "look-b",
        ];
        for (const move of settle) act[move]();
        for (const [at, list] of epochs.entries()) {
          const epoch = at + 2;
          a.epoch = epoch;
          b.epoch = epoch;
          for (const move of list) {
            act[move]();
            assert.ok(arrives(a, b) && arrives(b, a), `epoch ${epoch}, after ${move}`);
          }
          for (const move of [...settle, "retire-a", "retire-b", ...settle] as const) {
            act[move]();
            assert.ok(arrives(a, b) && arrives(b, a), `epoch ${epoch}, at the end, after ${move}`);
          }
          assert.deepEqual([...a.observed.devices.keys()], [deviceOf(epoch)]);
          assert.equal(a.observed.devices.get(deviceOf(epoch))?.publicKey, `a-key-${epoch}`);
        }
      }),
      { numRuns: 300 },
    );
  });
});
