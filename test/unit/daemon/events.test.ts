// Watchers across a restart of every manager: events are made anew from the log, so a watcher goes on after the last one it
// saw; and is told where a snapshot has swallowed what it missed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Event, newEventsRequest, newUpdateNodeRequest } from "../../../proto/gen/control.ts";
import { newInitRequest } from "../../../proto/gen/local.ts";
import { newClusterSpec, newNodeSpec, newRaftConfig } from "../../../proto/gen/objects.ts";
import { isCode } from "../../../shared/errors.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const CHANGES = 40;

let daemon: TestDaemon;
before(async () => {
  daemon = await testDaemon();
});
after(() => daemon.remove());

/** `count` committed changes of the only node. */
async function change(count: number): Promise<void> {
  const { control } = daemon.node();
  for (let changed = 0; changed < count; ) {
    const [node] = (await control.listNodes({ filters: [] }, LOCAL)).nodes;
    assert.ok(node !== undefined);
    const spec = newNodeSpec({ ...node.spec, labels: { changed: String(changed) } });
    try {
      await control.updateNode(newUpdateNodeRequest({ id: node.id, version: node.meta?.version ?? 0, spec }), LOCAL);
      changed++;
    } catch (error) {
      if (!isCode(error, "conflict") && !isCode(error, "unavailable")) throw error; // its agent just reported something
    }
  }
}

/** Those after `last` that come until there are `count`, or until now. */
async function eventsAfter(last: Pick<Event, "version" | "index">, count = Number.POSITIVE_INFINITY): Promise<Event[]> {
  const events: Event[] = [];
  const request = newEventsRequest({
    afterVersion: last.version,
    afterIndex: last.index,
    ...(Number.isFinite(count) ? {} : { untilMs: Date.now() }),
  });
  for await (const event of daemon.node().control.events(request, LOCAL)) {
    // Who leads is news of the moment, not a committed change.
    if (event.version !== 0) events.push(event);
    if (events.length >= count) break;
  }
  return events;
}

const place = ({ version, index, id, action }: Event): string => `${version}.${index} ${action} ${id}`;
const isBack = (): Promise<void> =>
  eventually("the manager leads", () =>
    daemon
      .node()
      .control.listNodes({ filters: [] }, LOCAL)
      .then(
        () => true,
        () => false,
      ),
  );

test("a watcher goes on after a restart of all managers, with neither a gap nor a repeat", async () => {
  await daemon.init();
  await isBack();
  await change(CHANGES);
  const told = await eventsAfter({ version: 1, index: 0 });
  assert.ok(told.length >= CHANGES);
  await daemon.restart();
  await isBack();
  for (const seen of [0, 1, CHANGES / 2, told.length - 2]) {
    const last = told[seen];
    assert.ok(last !== undefined);
    const again = await eventsAfter(last, told.length - seen - 1);
    assert.deepEqual(again.map(place), told.slice(seen + 1).map(place));
  }
  // From before the restart into what comes after it.
  const last = told.at(-1);
  assert.ok(last !== undefined);
  const coming = eventsAfter(last, 3);
  await change(3);
  const versions = (await coming).map(({ version }) => version);
  assert.deepEqual(
    versions,
    [1, 2, 3].map((step) => last.version + step),
    "one version after the other",
  );
});

test("where a snapshot holds what was missed, the watcher is told so", async () => {
  await daemon.leave(true);
  const spec = newClusterSpec({ raft: newRaftConfig({ snapshotInterval: 10 }) });
  await daemon.node().local.init(newInitRequest({ spec }), LOCAL);
  await isBack();
  await change(CHANGES);
  await eventsAfter({ version: 1, index: 0 }); // without a restart nothing is missed
  await daemon.restart();
  await isBack();
  await assert.rejects(eventsAfter({ version: 1, index: 0 }), (error) => {
    assert.ok(isCode(error, "failed_precondition"));
    assert.match(`${error}`, /does not keep all events after version 1, only those after \d+: .*list again/);
    return true;
  });
});
