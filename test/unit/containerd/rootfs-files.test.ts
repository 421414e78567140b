import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readInRoot } from "../../../agent/runtime/containerd/rootfs-files.ts";

const dir = mkdtempSync(join(tmpdir(), "skep-rootfs-"));
after(() => rmSync(dir, { recursive: true, force: true }));

// The node's own file, which no image may reach.
mkdirSync(join(dir, "etc"));
writeFileSync(join(dir, "etc", "passwd"), "SECRET");

let made = 0;
function root(make: (path: string) => void): string {
  const path = join(dir, `root${made++}`);
  mkdirSync(join(path, "etc"), { recursive: true });
  make(path);
  return path;
}

const cases: readonly (readonly [name: string, make: (path: string) => void, want: string])[] = [
  ["a plain file", (r) => writeFileSync(join(r, "etc/passwd"), "plain"), "plain"],
  ["none", () => undefined, ""],
  [
    "a relative link inside",
    (r) => {
      mkdirSync(join(r, "usr"));
      writeFileSync(join(r, "usr/passwd"), "linked");
      symlinkSync("../usr/passwd", join(r, "etc/passwd"));
    },
    "linked",
  ],
  [
    "an absolute link means the image's root",
    (r) => {
      writeFileSync(join(r, "passwd"), "absolute");
      symlinkSync("/passwd", join(r, "etc/passwd"));
    },
    "absolute",
  ],
  [
    "a linked folder",
    (r) => {
      rmSync(join(r, "etc"), { recursive: true });
      mkdirSync(join(r, "config"));
      writeFileSync(join(r, "config/passwd"), "folder");
      symlinkSync("/config", join(r, "etc"));
    },
    "folder",
  ],
  ["a link out of the root stays inside", (r) => symlinkSync("../../../../etc/passwd", join(r, "etc/passwd")), ""],
  ["a link by the node's path finds nothing", (r) => symlinkSync(join(dir, "etc/passwd"), join(r, "etc/passwd")), ""],
  ["a link to itself", (r) => symlinkSync("passwd", join(r, "etc/passwd")), ""],
  ["a folder in its place", (r) => mkdirSync(join(r, "etc/passwd")), ""],
  [
    "a file where a folder should be",
    (r) => {
      rmSync(join(r, "etc"), { recursive: true });
      writeFileSync(join(r, "etc"), "file");
    },
    "",
  ],
];

for (const [name, make, want] of cases) {
  test(`account file: ${name}`, async () => assert.equal(await readInRoot(root(make), "/etc/passwd"), want));
}

test("account file: one of more than 4 MiB is refused", async () => {
  const path = root((r) => writeFileSync(join(r, "etc/passwd"), Buffer.alloc(4 * 1024 * 1024 + 1)));
  await assert.rejects(readInRoot(path, "/etc/passwd"), { code: "invalid_argument" });
});
