import assert from "node:assert/strict";
import { test } from "node:test";
import { sysctls } from "../../../agent/runtime/containerd/spec/sysctls.ts";

const DEFAULTS = { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" };

test("sysctls: a network of its own has Docker's defaults, the node's network has none", () => {
  assert.deepEqual(sysctls({}, "none"), DEFAULTS);
  assert.deepEqual(sysctls({}, "path"), DEFAULTS);
  assert.deepEqual(sysctls({}, "host"), {});
});

test("sysctls: what is namespaced is taken, in both spellings, and replaces a default", () => {
  const wanted = {
    "net.core.somaxconn": "1024",
    "kernel.shmmax": "1",
    "fs.mqueue.msg_max": "5",
    "net/ipv4/ip_unprivileged_port_start": "80",
  };
  assert.deepEqual(sysctls(wanted, "none"), {
    ...DEFAULTS,
    "net.core.somaxconn": "1024",
    "kernel.shmmax": "1",
    "fs.mqueue.msg_max": "5",
    "net.ipv4.ip_unprivileged_port_start": "80",
  });
});

for (const [name, network] of [
  ["vm.swappiness", "none"],
  ["kernel.hostname", "none"],
  ["kernel.panic", "none"],
  ["net.core.somaxconn", "host"],
  ["vm.swappiness", "path"],
] as const) {
  test(`sysctls: ${name} on network ${network} is refused`, () =>
    assert.throws(() => sysctls({ [name]: "1" }, network), { code: "invalid_argument", message: new RegExp(name) }));
}
