// The room's small functions: signals, versions, back-off, cgroup files, layers, exits on disk, one at a time per key.
import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { backoffMs } from "../../../agent/runtime/containerd/backoff.ts";
import { parseOomKills } from "../../../agent/runtime/containerd/cgroups.ts";
import { parseExit } from "../../../agent/runtime/containerd/container-files.ts";
import { createExclusive } from "../../../agent/runtime/containerd/exclusive.ts";
import { containerdConfig } from "../../../agent/runtime/containerd/private-containerd.ts";
import { layersOf } from "../../../agent/runtime/containerd/rootfs-view.ts";
import { timestampMs } from "../../../agent/runtime/containerd/timestamp.ts";
import { checkVersion } from "../../../agent/runtime/containerd/version.ts";
import { newMount } from "../../../proto/gen/containerd_types.ts";
import { signalNumber } from "../../../shared/model/signals.ts";

for (const [name, want] of [
  ["SIGTERM", 15],
  ["term", 15],
  [" 9 ", 9],
  ["HUP", 1],
  ["SIGUSR1", 10],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX-1", 63],
  ["64", 64],
] as const) {
  test(`signal ${name} is ${want}`, () => assert.equal(signalNumber(name), want));
}

test("signals are numbered as this machine numbers them", () => {
  for (const [name, number] of Object.entries(constants.signals)) assert.equal(signalNumber(name), number, name);
});

for (const name of ["", "0", "65", "SIGNONSENSE", "SIG", "RTMIN-1", "RTMAX+1", "RTMIN+99", "-9", "9x"]) {
  test(`signal ${JSON.stringify(name)} is refused`, () =>
    assert.throws(() => signalNumber(name), { code: "invalid_argument" }));
}

for (const version of ["1.6.20~ds1", "v1.7.2", "2.0.0-rc.1", "1.10", "my own build"]) {
  test(`containerd ${version} is new enough`, () => checkVersion(version));
}
for (const version of ["1.5.9", "v1.4.13~ds1", "0.2.5"]) {
  test(`containerd ${version} is too old`, () =>
    assert.throws(() => checkVersion(version), { code: "failed_precondition", message: /too old: 1\.6 or later/ }));
}

test("back-off doubles from 100 ms up to 10 s", () => {
  assert.deepEqual([0, 1, 2, 3, 7, 8, 1000].map(backoffMs), [100, 100, 200, 400, 6_400, 10_000, 10_000]);
});

test("memory kills are read from both kinds of cgroup", () => {
  assert.equal(parseOomKills("oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"), 3);
  assert.equal(parseOomKills("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n"), 1);
  assert.equal(parseOomKills(""), 0);
});

test("time stamps: Go's zero time is none", () => {
  assert.equal(timestampMs({ seconds: 1_700_000_000, nanos: 999_999_999 }), 1_700_000_000_999);
  assert.equal(timestampMs({ seconds: -62_135_596_800, nanos: 0 }), 0);
  assert.equal(timestampMs(undefined), 0);
});

test("an exit on disk that is damaged is none", () => {
  const exit = { exitCode: 3, exitedAtMs: 5, oomKilled: false };
  assert.deepEqual(parseExit(JSON.stringify(exit)), exit);
  const lost = { ...exit, unseen: "vanished" as const };
  assert.deepEqual(parseExit(JSON.stringify(lost)), lost);
  assert.deepEqual(parseExit(JSON.stringify({ ...exit, unseen: "else" })), exit);
  for (const text of ["", "{", "null", "7", '{"exitCode":"3","exitedAtMs":5,"oomKilled":false}', '{"exitCode":3}']) {
    assert.equal(parseExit(text), undefined, text);
  }
});

test("layers: of a bind, of an overlay without its writable one, of nothing", () => {
  assert.deepEqual(layersOf([newMount({ type: "bind", source: "/a" })]), ["/a"]);
  const options = ["index=off", "workdir=/w", "upperdir=/u", "lowerdir=/l2:/l1"];
  assert.deepEqual(layersOf([newMount({ type: "overlay", options })]), ["/l2", "/l1"]);
  assert.deepEqual(layersOf([]), []);
});

test("containerd's configuration quotes its paths", () => {
  const text = containerdConfig("/var/lib/x y", '/run/"q"', "/run/sock");
  assert.match(text, /^root = "\/var\/lib\/x y"$/m);
  assert.match(text, /^state = "\/run\/\\"q\\""$/m);
  assert.match(text, /"io\.containerd\.grpc\.v1\.cri"/);
});

test("exclusive: one at a time per key, in order, whatever fails; other keys do not wait", async () => {
  const exclusive = createExclusive<string>();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = exclusive("a", async () => {
    await gate.promise;
    seen.push("a1");
    throw new Error("first fails");
  });
  const second = exclusive("a", async () => seen.push("a2"));
  await exclusive("b", async () => seen.push("b"));
  gate.resolve();
  await assert.rejects(first, /first fails/);
  await second;
  assert.deepEqual(seen, ["b", "a1", "a2"]);
});
