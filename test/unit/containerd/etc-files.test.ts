import assert from "node:assert/strict";
import { test } from "node:test";
import { etcFiles } from "../../../agent/runtime/containerd/spec/etc-files.ts";
import { config } from "./fixtures.ts";

const NODE = {
  hosts: "127.0.0.1 localhost\n10.0.0.1 node1\n",
  resolvConf:
    "# made by hand\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nsearch a.example b.example\noptions edns0 trust-ad\n",
};

test("etc: the usual hosts, the container's own name, and what the service adds", () => {
  const { hosts, hostname } = etcFiles(config({ extraHosts: ["10.1.1.1 db db2", "  ", "10.1.1.2"] }), "web", NODE);
  const lines = hosts.trimEnd().split("\n");
  assert.equal(lines[0], "127.0.0.1\tlocalhost");
  assert.deepEqual(lines.slice(-2), ["127.0.0.1\tweb", "10.1.1.1\tdb db2"]);
  assert.equal(hostname, "web\n");
});

test("etc: on the node's network, the node's hosts", () => {
  const { hosts } = etcFiles(config({ network: { kind: "host" }, extraHosts: ["1.2.3.4 x"] }), "node1", NODE);
  assert.equal(hosts, "127.0.0.1 localhost\n10.0.0.1 node1\n1.2.3.4\tx\n");
});

const own = { kind: "path", path: "/n", addresses: ["10.0.9.3", "fd00::3"], resolvers: ["127.0.0.11"] } as const;

test("etc: in a namespace made for it, its name is at its first address", () => {
  const { hosts } = etcFiles(config({ network: own }), "web", NODE);
  assert.equal(hosts.trimEnd().split("\n").at(-1), "10.0.9.3\tweb");
});

const dns = { nameservers: [], search: [], options: [] };
const cases: readonly (readonly [name: string, init: Parameters<typeof config>[0], want: string])[] = [
  [
    "the node's, without resolvers on its loopback",
    {},
    "nameserver 10.0.0.2\nsearch a.example b.example\noptions edns0 trust-ad\n",
  ],
  [
    "on the node's network, all of the node's",
    { network: { kind: "host" } },
    "nameserver 127.0.0.53\nnameserver 10.0.0.2\nsearch a.example b.example\noptions edns0 trust-ad\n",
  ],
  [
    "each part of the service replaces the node's",
    { dns: { ...dns, nameservers: ["9.9.9.9", "127.0.0.1"], options: ["ndots:1"] } },
    "nameserver 9.9.9.9\nnameserver 127.0.0.1\nsearch a.example b.example\noptions ndots:1\n",
  ],
  [
    "a name server of its own is asked first of all, and names without a dot as they are",
    { network: own, dns: { ...dns, nameservers: ["9.9.9.9"], search: ["x.example"] } },
    "nameserver 127.0.0.11\nsearch x.example\noptions edns0 trust-ad ndots:0\n",
  ],
  [
    "unless the service says otherwise of dots",
    { network: own, dns: { ...dns, options: ["ndots:2"] } },
    "nameserver 127.0.0.11\nsearch a.example b.example\noptions ndots:2\n",
  ],
  [
    "a single dot is no search at all",
    { dns: { ...dns, search: ["."] } },
    "nameserver 10.0.0.2\noptions edns0 trust-ad\n",
  ],
];
for (const [name, init, want] of cases) {
  test(`etc: resolv.conf: ${name}`, () => assert.equal(etcFiles(config(init), "h", NODE).resolvConf, want));
}

test("etc: a node without these files", () => {
  assert.equal(etcFiles(config({}), "h", { hosts: "", resolvConf: "" }).resolvConf, "");
});
