import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { mend, RootfsDirs, type WantedDir, wantedDirs } from "../../../agent/runtime/containerd/rootfs-dirs.ts";
import type { ContainerMount } from "../../../agent/runtime/runtime.ts";
import { config, mount } from "./fixtures.ts";

const ROOT = { uid: 0, gid: 0 };
const APP = { uid: 1000, gid: 1001 };
const tmpfs = (target: string, mode: number): ContainerMount => mount({ type: "tmpfs", source: "", target, mode });

const cases: readonly (readonly [string, Parameters<typeof wantedDirs>, readonly WantedDir[]])[] = [
  ["nothing is asked for", [config(), ROOT], []],
  ["a tmpfs without a mode keeps the directory's", [config({ mounts: [tmpfs("/t", 0)] }), ROOT], []],
  [
    "a tmpfs with a mode",
    [config({ mounts: [tmpfs("/t/../run/", 0o1777)] }), ROOT],
    [{ kind: "mode", path: "/run", mode: 0o1777 }],
  ],
  [
    "below another mount the directory is not the image's",
    [config({ mounts: [mount({ target: "/data" }), tmpfs("/data/t", 0o700), tmpfs("/database", 0o700)] }), ROOT],
    [{ kind: "mode", path: "/database", mode: 0o700 }],
  ],
  ["root's working directory is runc's to make", [config({ workingDir: "/w" }), ROOT], []],
  ["a user's", [config({ workingDir: "/w/x/" }), APP], [{ kind: "owned", path: "/w/x", ...APP }]],
  ["the root itself", [config({ workingDir: "/" }), APP], []],
  ["on a mount", [config({ workingDir: "/data/x", mounts: [mount({ target: "/data" })] }), APP], []],
];
for (const [name, [wanted, user], want] of cases) {
  test(`directories: ${name}`, () => assert.deepEqual(wantedDirs(wanted, user), want));
}

const dir = mkdtempSync(join(tmpdir(), "skep-rootfs-dirs-"));
after(() => rmSync(dir, { recursive: true, force: true }));
let made = 0;
function root(): string {
  const path = join(dir, `root${made++}`);
  mkdirSync(join(path, "there"), { recursive: true });
  return path;
}
const modeOf = (path: string): number => statSync(path).mode & 0o7777;
const owned = (path: string): WantedDir => ({ kind: "owned", path, ...APP });

test("a working directory is made for its user, on every level that was not there", async () => {
  const at = root();
  await mend(at, owned("/there/new/deep"));
  for (const path of ["there/new", "there/new/deep"]) {
    const { uid, gid } = statSync(join(at, path));
    assert.deepEqual([uid, gid, modeOf(join(at, path))], [1000, 1001, 0o755], path);
  }
  assert.equal(statSync(join(at, "there")).uid, 0, "what the image has stays its owner's");
});

test("links lead inside the root only", async () => {
  const at = root();
  const outside = join(dir, "outside");
  mkdirSync(outside);
  symlinkSync(outside, join(at, "link"));
  symlinkSync("../../..", join(at, "up"));
  await mend(at, owned("/link/new"));
  await mend(at, owned("/up/new"));
  await mend(at, { kind: "mode", path: "/link", mode: 0o777 });
  assert.ok(!existsSync(join(outside, "new")));
  assert.ok(existsSync(join(at, outside, "new")), "the link's target is made inside");
  assert.ok(existsSync(join(at, "new")));
  assert.notEqual(modeOf(outside), 0o777);
});

test("what is no directory is left as it is", async () => {
  const at = root();
  writeFileSync(join(at, "file"), "x");
  await mend(at, owned("/file/new"));
  await mend(at, { kind: "mode", path: "/file", mode: 0o777 });
  assert.equal(modeOf(join(at, "file")), 0o644);
});

test("an image whose directories are right is not written to; one that is wrong is, each time", async () => {
  const at = root();
  const rootfs = {
    snapshotter: "s",
    key: "k",
    chainId: "c",
    mounts: [{ type: "bind", source: at, target: "", options: [] }],
  };
  const dirs = new RootfsDirs();
  const wanted: WantedDir = { kind: "mode", path: "/there", mode: 0o1777 };
  await dirs.prepare(rootfs, [wanted]);
  assert.equal(modeOf(join(at, "there")), 0o1777);
  const again = root();
  await dirs.prepare({ ...rootfs, mounts: [{ type: "bind", source: again, target: "", options: [] }] }, [wanted]);
  assert.equal(modeOf(join(again, "there")), 0o1777, "another container of the same image");
  chmodSync(join(at, "there"), 0o700);
  await dirs.prepare({ ...rootfs, chainId: "d" }, [{ ...wanted, mode: 0o700 }, owned("/there")]);
  assert.equal(statSync(join(at, "there")).uid, 0);
});
