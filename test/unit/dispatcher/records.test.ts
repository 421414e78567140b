import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { changedNode, reportedTask } from "../../../manager/dispatcher/records.ts";
import {
  newNode,
  newNodeDescription,
  newNodeStatus,
  newPortConfig,
  newTask,
  newTaskStatus,
  type TaskState,
} from "../../../proto/gen/objects.ts";
import type { TaskId } from "../../../shared/model/ids.ts";

describe("a reported status", () => {
  const report = (from: TaskState, to: TaskState, err = "", timestampMs = 2) =>
    reportedTask(
      newTask({ status: newTaskStatus({ state: from, timestampMs: 1, message: "m" }) }),
      { taskId: "t" as TaskId, status: newTaskStatus({ state: to, timestampMs, message: "m", err }) },
      99,
    )?.status?.state;

  const cases: readonly (readonly [name: string, from: TaskState, to: TaskState, want: TaskState | undefined])[] = [
    ["goes forward", "assigned", "accepted", "accepted"],
    ["may skip", "assigned", "running", "running"],
    ["never goes back", "running", "starting", undefined],
    ["the same is no news", "running", "running", undefined],
    ["ends", "running", "failed", "failed"],
    ["ends once", "failed", "rejected", undefined],
    ["ends once, also for the enforcer's end", "rejected", "orphaned", undefined],
    ["is not what managers say: assigned", "pending", "assigned", undefined],
    ["is not what managers say: orphaned", "running", "orphaned", undefined],
    ["is not what managers say: remove", "running", "remove", undefined],
  ];
  for (const [name, from, to, want] of cases) test(name, () => assert.equal(report(from, to), want));

  test("with another error in the same state is news, an older one is not", () => {
    assert.equal(report("preparing", "preparing", "no route to registry"), "preparing");
    assert.equal(report("preparing", "preparing", "no route to registry", 0), undefined);
  });

  test("has bounded texts", () => {
    const status = newTaskStatus({
      state: "failed",
      timestampMs: 2,
      message: "m".repeat(1 << 20),
      err: "e".repeat(1 << 20),
    });
    const task = newTask({ status: newTaskStatus({ state: "running", timestampMs: 1 }) });
    const next = reportedTask(task, { taskId: "t" as TaskId, status }, 99);
    assert.match(next?.status?.err ?? "", /^e{4096}…$/);
    assert.match(next?.status?.message ?? "", /^m{4096}…$/);
    // The same once more, whole as the agent has it.
    assert.ok(next !== undefined);
    assert.equal(reportedTask(next, { taskId: "t" as TaskId, status }, 99), undefined);
  });

  test("has a bounded number of ports that it awaits, and of each only its numbers", () => {
    const port = newPortConfig({ targetPort: 80, publishedPort: 8080, name: "n".repeat(1 << 16) });
    const awaited = Array.from({ length: 10_000 }, () => port);
    const status = newTaskStatus({ state: "running", timestampMs: 2, portStatus: { awaited } });
    const task = newTask({ status: newTaskStatus({ state: "starting", timestampMs: 1 }) });
    const next = reportedTask(task, { taskId: "t" as TaskId, status }, 99);
    const kept = next?.status?.portStatus?.awaited ?? [];
    assert.equal(kept.length, 64);
    assert.deepEqual(kept[0], newPortConfig({ targetPort: 80, publishedPort: 8080 }));
  });

  test("keeps when the task first ran", () => {
    const running = { taskId: "t" as TaskId, status: newTaskStatus({ state: "running", timestampMs: 2 }) };
    const first = reportedTask(newTask({ status: newTaskStatus({ state: "starting" }) }), running, 99);
    assert.equal(first?.startedAtMs, 99);
    const failed = { taskId: "t" as TaskId, status: newTaskStatus({ state: "failed", timestampMs: 3 }) };
    assert.ok(first !== undefined);
    assert.equal(reportedTask(first, failed, 200)?.startedAtMs, 99);
  });
});

describe("a node's change", () => {
  const node = newNode({ addr: "10.0.0.1:7377", status: newNodeStatus({ state: "ready", changedAtMs: 5 }) });

  test("that changes nothing is none", () => {
    assert.equal(changedNode(node, { state: "ready" }, 99), undefined);
    assert.equal(changedNode(node, {}, 99), undefined);
  });

  test("of state tells when", () => {
    const down = changedNode(node, { state: "down", message: "heartbeat failure" }, 99);
    assert.deepEqual(
      [down?.status?.state, down?.status?.message, down?.status?.changedAtMs],
      ["down", "heartbeat failure", 99],
    );
    assert.ok(down !== undefined);
    const ready = changedNode(down, { state: "ready" }, 100);
    assert.deepEqual([ready?.status?.state, ready?.status?.message, ready?.status?.changedAtMs], ["ready", "", 100]);
  });

  test("of a session: what came from a backup is this cluster's from now on", () => {
    const restored = { ...node, onlyRestored: true };
    assert.equal(changedNode(restored, { state: "down" }, 99)?.onlyRestored, true);
    assert.equal(changedNode(restored, { state: "ready" }, 99)?.onlyRestored, false);
  });

  test("of description leaves the state as it is", () => {
    const description = newNodeDescription({ hostname: "h" });
    assert.deepEqual(changedNode(node, { description }, 99)?.status, node.status);
  });

  const addrs: readonly (readonly [addr: string, want: readonly string[]])[] = [
    ["10.0.0.9:7377", ["10.0.0.9"]],
    ["[fd00::9]:7377", ["fd00::9"]],
    ["host.example:7377", []],
  ];
  for (const [addr, want] of addrs) {
    test(`of address: ${addr}`, () => {
      const changed = changedNode(node, { addr }, 99);
      assert.equal(changed?.addr, addr);
      assert.deepEqual(changed?.status?.addrs, want);
    });
  }

  test("an empty address is none", () => assert.equal(changedNode(node, { addr: "" }, 99), undefined));
});
