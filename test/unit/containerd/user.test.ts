import assert from "node:assert/strict";
import { test } from "node:test";
import { resolveUser } from "../../../agent/runtime/containerd/spec/user.ts";

const PASSWD = [
  "root:x:0:0:root:/root:/bin/sh",
  "# a comment",
  "app:x:1000:1001:The app:/home/app:/bin/sh",
  "nohome:x:1002:1002:::",
  "4711:x:4000:4000:a name of digits:/n:",
  "broken:x:notanumber:0::/:",
  "huge:x:4294967296:0::/:",
  "",
].join("\n");
const GROUP = ["root:x:0:", "app:x:1001:", "wheel:x:10:root,app", "extra:x:2000:app", "empty:x:2001:", "bad"].join(
  "\n",
);

const cases: readonly (readonly [
  name: string,
  user: string,
  groups: string[],
  want: readonly [uid: number, gid: number, additional: number[], home: string],
])[] = [
  ["nobody named is root, with root's groups", "", [], [0, 0, [0, 10], "/root"]],
  ["by name, with the groups of the file", "app", [], [1000, 1001, [1001, 10, 2000], "/home/app"]],
  ["by id of a known user: the same", "1000", [], [1000, 1001, [1001, 10, 2000], "/home/app"]],
  ["an id that nobody has", "555", [], [555, 0, [0], "/"]],
  ["a group by name replaces the file's groups", "app:extra", [], [1000, 2000, [2000], "/home/app"]],
  ["a group by id", "app:77", [], [1000, 77, [77], "/home/app"]],
  ["only a group", ":extra", [], [0, 2000, [2000], "/root"]],
  ["ids that nobody has", "5:6", [], [5, 6, [6], "/"]],
  [
    "additional groups by name and id, each once",
    "app",
    ["empty", "3000", "extra"],
    [1000, 1001, [1001, 10, 2000, 2001, 3000], "/home/app"],
  ],
  ["a number is an id, not a name", "4711", [], [4711, 0, [0], "/"]],
  ["no home in the file", "nohome", [], [1002, 1002, [1002], "/"]],
];

for (const [name, user, groups, [uid, gid, additionalGids, home]] of cases) {
  test(`user: ${name}`, () =>
    assert.deepEqual(resolveUser(user, groups, PASSWD, GROUP), { uid, gid, additionalGids, home }));
}

test("user: an image without account files has root and numbers", () => {
  assert.deepEqual(resolveUser("", [], "", ""), { uid: 0, gid: 0, additionalGids: [0], home: "/root" });
  assert.deepEqual(resolveUser("9:8", [], "", ""), { uid: 9, gid: 8, additionalGids: [8], home: "/" });
});

const wrong: readonly (readonly [user: string, groups: string[], message: RegExp])[] = [
  ["bob", [], /unable to find user bob: no matching entries in passwd file/],
  ["broken", [], /unable to find user broken/],
  ["huge", [], /unable to find user huge/],
  ["app:nogroup", [], /unable to find group nogroup: no matching entries in group file/],
  ["app", ["nogroup"], /unable to find group nogroup/],
  ["99999999999", [], /unable to find user/],
  ["2147483648", [], /unable to find user/],
  ["-1", [], /unable to find user -1/],
];

for (const [user, groups, message] of wrong) {
  test(`user: ${user} with [${groups}] is refused`, () =>
    assert.throws(() => resolveUser(user, groups, PASSWD, GROUP), { code: "invalid_argument", message }));
}
