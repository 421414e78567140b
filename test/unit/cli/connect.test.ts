import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { chooseTarget, unreachable } from "../../../cli/connect.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { type LocalNodeState, newInfoResponse } from "../../../proto/gen/local.ts";
import { SkepError } from "../../../shared/errors.ts";
import { VERSION } from "../../../shared/version.ts";
import { skep, startDaemon } from "./harness.ts";

for (const [host, variable, want] of [
  [undefined, undefined, { kind: "default" }],
  [undefined, "", { kind: "default" }],
  [undefined, "unix:///a.sock", { kind: "socket", path: "/a.sock", source: "SKEP_HOST" }],
  ["/b.sock", "unix:///a.sock", { kind: "socket", path: "/b.sock", source: "--host" }],
  [undefined, "dev:dev/node2", { kind: "dev", target: "dev/node2", source: "SKEP_HOST" }],
] as const) {
  test(`target of --host ${host} and SKEP_HOST ${variable}`, () =>
    assert.deepEqual(chooseTarget(host, { SKEP_HOST: variable }), want));
}
for (const [value, complaint] of [
  ["tcp://1.2.3.4:7377", /is not an address: write unix:/],
  ["dev:dev", /written dev:NAME\/nodeN/],
  ["relative.sock", /is not an address/],
] as const) {
  test(`SKEP_HOST=${value} is refused`, () =>
    assert.throws(() => chooseTarget(undefined, { SKEP_HOST: value }), { name: "UsageError", message: complaint }));
}

test("not root is told to be root; root is not", () => {
  assert.match(unreachable("/s", "EACCES", false, "").message, /permission denied .* at \/s: run this as root/);
  assert.doesNotMatch(unreachable("/s", "EACCES", true, "").message, /root/);
});

const dir = mkdtempSync(join(tmpdir(), "skep-cli-"));
after(() => rmSync(dir, { recursive: true }));

test("no daemon: how to start one, status 1; skep status says 2", async () => {
  const socket = join(dir, "none.sock");
  const { status, err } = await skep(["node", "ls"], { socket });
  assert.equal(status, 1);
  assert.match(
    err,
    /cannot connect to the skep daemon at .*none\.sock \(SKEP_HOST names it\)\. Is the daemon running\? Start it with `skep daemon` .* `skep dev up`/,
  );
  assert.equal((await skep(["status"], { socket })).status, 2);
  assert.equal((await skep(["version"], { socket })).status, 1);
});

test("something that is no daemon's socket", async () => {
  const path = join(dir, "file");
  writeFileSync(path, "");
  assert.match((await skep(["node", "ls"], { socket: path })).err, /cannot connect to the skep daemon/);
});

test("a host of a dev cluster is found by its name", async () => {
  const daemon = await startDaemon({ control: { listNodes: async () => ({ nodes: [] }) } });
  const asked: (string | undefined)[] = [];
  const devSocket = (target?: string): string | undefined => {
    asked.push(target);
    return target === "dev/node9" ? undefined : daemon.socket;
  };
  try {
    assert.equal((await skep(["-H", "dev:dev/node2", "node", "ls"], { devSocket })).status, 0);
    assert.equal((await skep(["node", "ls", "-q"], { devSocket, vars: { SKEP_HOST: "dev:dev/node1" } })).status, 0);
    assert.match(
      (await skep(["-H", "dev:dev/node9", "node", "ls"], { devSocket })).err,
      /no dev cluster's host dev\/node9 that runs: see `skep dev ls`/,
    );
    assert.deepEqual(asked, ["dev/node2", "dev/node1", "dev/node9"]);
  } finally {
    daemon.close();
  }
});

test("without a name, the first manager of the dev cluster that answers is taken", async (t) => {
  const daemon = await startDaemon({ control: { listNodes: async () => ({ nodes: [] }) } });
  t.after(() => daemon.close());
  const booting = [join(dir, "no-such.sock"), join(dir, "nobody.sock")];
  writeFileSync(booting[1] ?? "", "");
  const served = await skep(["node", "ls", "-q"], { devSocket: () => [...booting, daemon.socket] });
  assert.deepEqual([served.status, served.err], [0, ""]);
  const nobody = await skep(["node", "ls", "-q"], { devSocket: () => booting });
  assert.match(
    nobody.err,
    /daemon at \S+no-such.sock \(none of 2 managers answers; this one is the first of the dev cluster/,
  );
});

for (const [state, managers, complaint] of [
  ["inactive", [], /This node is not a swarm manager\. Use "skep swarm init" or "skep swarm join"/],
  [
    "active",
    ["10.0.0.1:7377"],
    /Worker nodes can't be used to view or modify cluster state\..* Managers: 10\.0\.0\.1:7377\./,
  ],
  ["pending", [], /about to join or start its swarm: disk is slow: try again/],
] as const satisfies readonly (readonly [LocalNodeState, readonly string[], RegExp])[]) {
  test(`a node that is ${state} and no manager says so, for unary calls and streams`, async () => {
    const daemon = await startDaemon({
      local: {
        info: async () =>
          newInfoResponse({
            localNodeState: state,
            managers,
            controlAvailable: false,
            error: state === "pending" ? "disk is slow" : "",
          }),
      },
    });
    try {
      for (const argv of [["service", "ls"], ["events"]]) {
        const { status, err } = await skep(argv, { socket: daemon.socket });
        assert.match(err, complaint);
        assert.equal(status, 1);
      }
    } finally {
      daemon.close();
    }
  });
}

test("a manager's own refusal keeps its words", async () => {
  const daemon = await startDaemon({
    control: {
      listServices: async () => {
        throw new SkepError("unavailable", "the swarm does not have a leader: 1 of 3 managers can be reached");
      },
    },
  });
  try {
    assert.deepEqual(await skep(["service", "ls"], { socket: daemon.socket }), {
      status: 1,
      out: "",
      err: "error: the swarm does not have a leader: 1 of 3 managers can be reached\n",
    });
  } finally {
    daemon.close();
  }
});

test("the program's version is the package's", () => assert.equal(VERSION, packageJson.version));
