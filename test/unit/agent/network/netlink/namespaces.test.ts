import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createWorker } from "../../../../../agent/network/apply/worker.ts";
import { Namespaces } from "../../../../../agent/network/netlink/namespaces.ts";
import { NODE } from "../../../../../agent/network/plan/names.ts";

/** Nobody goes anywhere: from the `failing`th time on it fails. */
function open(failing: number) {
  let entered = 0;
  return new Namespaces(undefined, () => {
    if (++entered >= failing) throw Object.assign(new Error("setns: no memory"), { code: "ENOENT" });
  });
}

const NOTHING = { id: 7, job: { kind: "observeNamespaces", ask: { sysctls: new Map() } } } as const;
const LOOK = { id: 8, job: { kind: "observeNamespaces", ask: { sysctls: new Map([[NODE, []]]) } } } as const;

describe("a thread that cannot leave a namespace", () => {
  test("is no more of use", () => {
    const namespaces = open(2);
    assert.throws(() => namespaces.within(NODE, () => 1), /cannot leave/);
    assert.equal(namespaces.isLost, true);
    namespaces.closeAll();
    for (const call of [() => namespaces.within(NODE, () => 1), () => namespaces.fileOf(NODE)]) {
      assert.throws(call, /cannot leave/, "nothing is opened from there");
    }
    assert.throws(() => namespaces.has(NODE), /cannot leave/, "it does not pass for a name that is not there");
  });

  test("ends with its job", () => {
    const work = createWorker({ nodeNamespacePath: undefined }, open(2));
    assert.equal(work(NOTHING).kind, "done");
    assert.throws(() => work(LOOK), /cannot leave/);
  });

  test("one that did not get in at all is where it was", () => {
    const namespaces = open(1);
    assert.throws(() => namespaces.within(NODE, () => 1), /no memory/);
    assert.equal(namespaces.isLost, false);
    assert.equal(namespaces.has(NODE), false);
    namespaces.closeAll();
  });
});
