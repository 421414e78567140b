import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDaemonOptions } from "../../../bin/daemon/options.ts";

test("defaults", () => {
  assert.deepEqual(parseDaemonOptions([]), {
    kind: "run",
    options: {
      dataDir: "/var/lib/skep",
      runDir: "/run/skep",
      socket: "/run/skep/skep.sock",
      listen: { host: "0.0.0.0", port: 7377 },
      runtime: "containerd",
      containerdSocket: undefined,
      logLevel: "info",
      insecureRegistries: [],
      labels: {},
      cgroupParent: undefined,
      nodeNetworks: [],
      tunnelPort: 51_820,
      advertise: undefined,
      managers: [],
    },
  });
});

test("every flag", () => {
  const line =
    "--data-dir /d --run-dir /r --listen-addr 127.0.0.1:80 --runtime hollow --containerd /c.sock --log-level debug " +
    "--insecure-registry a:5000 --insecure-registry b --label zone=z1 --label gpu --cgroup-parent /peer";
  const command = parseDaemonOptions(line.split(" "));
  assert.ok(command.kind === "run");
  assert.equal(command.options.socket, "/r/skep.sock");
  assert.deepEqual(command.options.listen, { host: "127.0.0.1", port: 80 });
  assert.deepEqual(command.options.insecureRegistries, ["a:5000", "b"]);
  assert.deepEqual(command.options.labels, { zone: "z1", gpu: "" });
  assert.equal(command.options.cgroupParent, "/peer");
});

for (const [line, words] of [
  ["--nope", /--nope/],
  ["extra", /extra/],
  ["--data-dir here", /--data-dir "here".*whole path/],
  ["--runtime docker", /containerd or hollow/],
  ["--log-level loud", /--log-level/],
  ["--listen-addr 1.2.3.4:x", /--listen-addr/],
  ["--label =x", /KEY=VALUE/],
  ["--node-network 10.1.0.0", /node-local network "10.1.0.0"/],
  ["--node-network 10.1.0.0/31", /node-local network/],
  ["--node-network 10.1.0.0/16 --node-network 10.2.0.0/16", /one of each family/],
] as const) {
  test(`wrong: ${line}`, () => {
    assert.throws(() => parseDaemonOptions(line.split(" ")), words);
  });
}

test("the node has the first address of its node-local network", () => {
  const command = parseDaemonOptions(["--node-network", "10.1.2.3/16", "--node-network", "fd00:1::/64"]);
  assert.ok(command.kind === "run");
  assert.deepEqual(command.options.nodeNetworks, [
    { subnet: "10.1.0.0/16", gateway: "10.1.0.1" },
    { subnet: "fd00:1::/64", gateway: "fd00:1::1" },
  ]);
});

test("help wins over what is missing", () => assert.equal(parseDaemonOptions(["-h"]).kind, "help"));
