import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { changelog, control, copyright, md5sums } from "../../../deploy/package/control.ts";

test("control: what apt reads of a package", () => {
  const fields = new Map(
    control({ version: "1.2.3", arch: "amd64", installedKib: 7 })
      .split("\n")
      .filter((line) => /^\S/.test(line))
      .map((line): [string, string] => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
  );
  assert.deepEqual(
    ["Package", "Version", "Architecture", "Installed-Size"].map((name) => fields.get(name)),
    ["skep", "1.2.3", "amd64", "7"],
  );
  for (const needed of ["containerd", "runc", "nftables", "iproute2", "netbase"]) {
    assert.ok(fields.get("Depends")?.includes(needed), needed);
  }
});

test("copyright: licences stand in a field of their own; Apache's text is Debian's", () => {
  const text = copyright(
    "one\n\nMIT\n\ntwo\n\n TERMS AND CONDITIONS FOR USE, AND MORE\n  1.\n END OF TERMS AND CONDITIONS\nrest",
  );
  assert.match(text, /\n one\n \.\n MIT\n/);
  assert.ok(!text.includes("TERMS AND CONDITIONS"));
  assert.match(text, /rest/);
});

test("md5sums: of everything but what the host's owner edits", () => {
  const files = [
    ["usr/bin/x", new Uint8Array()],
    ["etc/default/skep", new Uint8Array()],
  ] as const;
  assert.equal(md5sums(files), "d41d8cd98f00b204e9800998ecf8427e  usr/bin/x\n");
});

test("changelog: in the form that Debian's tools read", () => {
  assert.match(changelog("1.2.3"), /^skep \(1\.2\.3\) unstable; urgency=medium\n\n {2}\* .*\n\n -- .* <.*> {2}\w{3}, /);
});

for (const script of ["postinst", "prerm", "postrm", "stop-everything"]) {
  test(`${script} is a shell script that any sh reads`, () => {
    const path = join(import.meta.dirname, "../../../deploy/package/debian", script);
    const { status, stderr } = spawnSync("sh", ["-n", path], { encoding: "utf8" });
    assert.equal(status, 0, stderr);
  });
}
