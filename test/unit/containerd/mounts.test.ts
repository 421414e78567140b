import assert from "node:assert/strict";
import { test } from "node:test";
import { containerMounts } from "../../../agent/runtime/containerd/spec/mounts.ts";
import type { OciMount } from "../../../agent/runtime/containerd/spec/oci.ts";
import type { ContainerMount } from "../../../agent/runtime/runtime.ts";
import { mount } from "./fixtures.ts";

const FILES = { hostname: "/f/hostname", hosts: "/f/hosts", resolvConf: "/f/resolv.conf" };
const mounts = (...wanted: ContainerMount[]): OciMount[] => containerMounts(wanted, FILES, false);
const places = (list: readonly OciMount[]): string[] => list.map(({ destination }) => destination);
const at = (list: readonly OciMount[], destination: string): OciMount | undefined =>
  list.find((candidate) => candidate.destination === destination);

const USUAL = ["/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/dev/shm"];
const MADE = ["/etc/resolv.conf", "/etc/hostname", "/etc/hosts"];

test("mounts: the usual ones, then the files made for the container", () => {
  assert.deepEqual(places(mounts()), [...USUAL, ...MADE]);
  assert.ok(at(mounts(), "/dev/shm")?.options.includes(`size=${64 * 1024 * 1024}`));
  assert.ok(at(mounts(), "/sys")?.options.includes("ro"));
});

test("mounts: a bind is recursive and private unless told otherwise", () => {
  assert.deepEqual(at(mounts(mount({})), "/target"), {
    destination: "/target",
    type: "bind",
    source: "/source",
    options: ["rbind", "rprivate"],
  });
  const shared = mounts(mount({ propagation: "rslave", readOnly: true }));
  assert.deepEqual(at(shared, "/target")?.options, ["rbind", "rslave", "ro"]);
});

test("mounts: a tmpfs with size and mode, and nothing to execute on it", () => {
  const options = at(mounts(mount({ type: "tmpfs", sizeBytes: 4096, mode: 0o1770 })), "/target")?.options;
  assert.deepEqual(options, ["noexec", "nosuid", "nodev", "size=4096", "mode=1770"]);
  assert.deepEqual(at(mounts(mount({ type: "tmpfs", readOnly: true })), "/target")?.options, [
    "noexec",
    "nosuid",
    "nodev",
    "ro",
  ]);
});

test("mounts: a parent comes before what lies under it, also before our files", () => {
  const list = mounts(mount({ target: "/a/b/c" }), mount({ target: "/a" }), mount({ target: "/etc" }));
  assert.deepEqual(places(list).slice(USUAL.length), ["/a", "/etc", ...MADE, "/a/b/c"]);
});

test("mounts: one of the service replaces ours", () => {
  const list = mounts(mount({ target: "/etc/hosts/" }), mount({ target: "/dev/shm", type: "tmpfs" }));
  assert.equal(at(list, "/etc/hosts")?.source, "/source");
  assert.deepEqual(at(list, "/dev/shm")?.options, ["noexec", "nosuid", "nodev"]);
  assert.equal(places(list).filter((place) => place === "/dev/shm").length, 1);
  assert.ok(!places(mounts(mount({ target: "/dev" }))).includes("/dev/pts"), "with /dev, what is under it");
});

test("mounts: our files are read-only in a read-only root, the init always", () => {
  assert.deepEqual(at(containerMounts([], FILES, true), "/etc/hosts")?.options, ["rbind", "rprivate", "ro"]);
  const withInit = containerMounts([], { ...FILES, init: "/usr/bin/tini-static" }, false);
  assert.deepEqual(at(withInit, "/sbin/docker-init")?.options, ["bind", "rprivate", "ro"]);
});

const wrong: readonly (readonly [name: string, wanted: ContainerMount[], message: RegExp])[] = [
  ["a relative target", [mount({ target: "data" })], /invalid mount path: 'data' mount path must be absolute/],
  ["a relative source", [mount({ source: "data" })], /invalid mount config for type "bind": .*'data'/],
  ["the root", [mount({ target: "/" })], /destination can't be '\/'/],
  ["the root, hidden", [mount({ target: "/a/.." })], /destination can't be '\/'/],
  ["a propagation there is not", [mount({ propagation: "sideways" })], /invalid propagation mode: sideways/],
  ["one place twice", [mount({}), mount({ target: "/target/" })], /duplicate mount point: \/target/],
];
for (const [name, wanted, message] of wrong) {
  test(`mounts: ${name} is refused`, () =>
    assert.throws(() => mounts(...wanted), { code: "invalid_argument", message }));
}
