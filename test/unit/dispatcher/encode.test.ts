import assert from "node:assert/strict";
import { test } from "node:test";
import { ServedDispatcherService } from "../../../manager/dispatcher/encode.ts";
import { type DispatcherMessage, DispatcherService, newDispatcherMessage } from "../../../proto/gen/dispatcher.ts";
import { newNetworkGone } from "../../../proto/gen/network.ts";
import type { NetworkId } from "../../../shared/model/ids.ts";

const { responseSerialize } = ServedDispatcherService.session;
const gone = (): DispatcherMessage =>
  newDispatcherMessage({
    message: { kind: "network", update: { kind: "gone", ...newNetworkGone({ networkId: "n1" as NetworkId }) } },
  });

test("a network's words are made into bytes once", () => {
  const message = gone();
  assert.deepEqual(responseSerialize(message), DispatcherService.session.responseSerialize(message));
  assert.equal(responseSerialize(message), responseSerialize(message));
  assert.notEqual(responseSerialize(message), responseSerialize(gone()));
});

test("all else is made into bytes each time", () => {
  const message = newDispatcherMessage({ message: { kind: "stored", updates: [] } });
  assert.deepEqual(responseSerialize(message), DispatcherService.session.responseSerialize(message));
  assert.notEqual(responseSerialize(message), responseSerialize(message));
});
