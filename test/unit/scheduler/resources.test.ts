import assert from "node:assert/strict";
import { test } from "node:test";
import { addUse, amountsOf, fits, nothingUsed } from "../../../manager/scheduler/resources.ts";
import { newGenericResource, newResources } from "../../../proto/gen/objects.ts";

const gpus = (...values: string[]) => values.map((value) => newGenericResource({ kind: "gpu", amount: 1, value }));

test("named resources count one each, discrete ones their amount", () => {
  const amounts = amountsOf(
    newResources({ genericResources: [...gpus("uuid1", "uuid2"), newGenericResource({ kind: "ssd", amount: 3 })] }),
  );
  assert.deepEqual(
    [...amounts.generic],
    [
      ["gpu", 2],
      ["ssd", 3],
    ],
  );
});

test("use adds up until it no longer fits, and comes back", () => {
  const capacity = amountsOf(newResources({ nanoCpus: 2e9, memoryBytes: 100, genericResources: gpus("a", "b") }));
  const wanted = amountsOf(
    newResources({
      nanoCpus: 1e9,
      memoryBytes: 30,
      genericResources: [newGenericResource({ kind: "gpu", amount: 1 })],
    }),
  );
  const used = nothingUsed();
  let times = 0;
  while (fits(capacity, used, wanted)) {
    addUse(used, wanted, 1);
    times++;
  }
  assert.equal(times, 2);
  addUse(used, wanted, -1);
  assert.equal(fits(capacity, used, wanted), true);
});

test("each kind of resource refuses alone", () => {
  const capacity = amountsOf(newResources({ nanoCpus: 1, memoryBytes: 1 }));
  const refused = [
    newResources({ nanoCpus: 2 }),
    newResources({ memoryBytes: 2 }),
    newResources({ genericResources: [newGenericResource({ kind: "gpu", amount: 1 })] }),
  ];
  for (const resources of refused) assert.equal(fits(capacity, nothingUsed(), amountsOf(resources)), false);
});

test("who asks for nothing fits on an overbooked node, and on one that said nothing of itself", () => {
  const used = nothingUsed();
  addUse(used, amountsOf(newResources({ nanoCpus: 5 })), 1);
  assert.equal(fits(amountsOf(newResources({ nanoCpus: 1 })), used, amountsOf(undefined)), true);
  assert.equal(fits(amountsOf(undefined), nothingUsed(), amountsOf(newResources({ nanoCpus: 1 }))), false);
});
