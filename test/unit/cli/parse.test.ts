import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, parseDuration } from "../../../cli/parse/duration.ts";
import { parseMount } from "../../../cli/parse/mount.ts";
import { groupFilters, parseCsv, parseEnv, parseEnvFile, parseFilter, parseLabel } from "../../../cli/parse/pairs.ts";
import { parseBytes, parseCpus, parseInteger, parseRatio, parseWhole } from "../../../cli/parse/quantity.ts";
import {
  parseCapability,
  parseGenericResource,
  parseHost,
  parseNetwork,
  parsePlacementPref,
  parseUlimit,
} from "../../../cli/parse/service-values.ts";
import { splitWords } from "../../../cli/parse/words.ts";

type Row = readonly [raw: string, want: unknown];

function table(
  name: string,
  parse: (raw: string) => unknown,
  good: readonly Row[],
  bad: readonly string[],
  complaint = /[Ww]rite/,
): void {
  for (const [raw, want] of good) test(`${name} ${JSON.stringify(raw)}`, () => assert.deepEqual(parse(raw), want));
  for (const raw of bad) {
    test(`${name} refuses ${JSON.stringify(raw)} with an example`, () =>
      assert.throws(() => parse(raw), { code: "invalid_argument", message: complaint }));
  }
}

table(
  "duration",
  parseDuration,
  [
    ["0", 0],
    ["10s", 10_000],
    ["1h30m", 5_400_000],
    ["500ms", 500],
    ["1.5s", 1_500],
    ["2m0.5s", 120_500],
    ["1500us", 2],
    [".5s", 500],
    ["2160h", 7_776_000_000],
  ],
  ["", "10", "s", "-5s", "1d", "5 s", "1h30", "99999999999999h"],
);

table(
  "bytes",
  parseBytes,
  [
    ["64m", 67_108_864],
    ["1.5GiB", 1_610_612_736],
    ["512k", 524_288],
    ["100", 100],
    ["100b", 100],
    ["1G", 1_073_741_824],
    ["2 MB", 2_097_152],
    ["0", 0],
  ],
  ["", "m", "-1m", "1x", "1e3", "12mm", "99999p"],
);

table(
  "cpus",
  parseCpus,
  [
    ["0.5", 500_000_000],
    ["2", 2_000_000_000],
    [".001", 1_000_000],
    ["0", 0],
  ],
  ["", "half", "-1", "1/2", "1e1"],
);
table(
  "whole",
  parseWhole,
  [
    ["0", 0],
    ["150", 150],
  ],
  ["", "-1", "1.5", "five", "9".repeat(20)],
);
table(
  "integer",
  parseInteger(-1000, 1000, 100),
  [
    ["-1000", -1000],
    ["7", 7],
  ],
  ["1001", "-1001", "x", "1.0"],
);
table(
  "ratio",
  parseRatio,
  [
    ["0", 0],
    ["0.25", 0.25],
    ["1", 1],
  ],
  ["1.1", "-0.1", "", "50%"],
);

table(
  "words",
  splitWords,
  [
    ["sh -c 'echo  hi'", ["sh", "-c", "echo  hi"]],
    ["", []],
    ['a "b c" d\\ e', ["a", "b c", "d e"]],
    ['"say \\"hi\\"" "back\\slash"', ['say "hi"', "back\\slash"]],
    ["x ''", ["x", ""]],
    ["a#b # comment", ["a#b"]],
    ["$HOME | cat", ["$HOME", "|", "cat"]],
  ],
  ["'open", 'also "open', "ends in \\"],
  /closed|backslash/,
);

table(
  "label",
  parseLabel,
  [
    ["a=b", { key: "a", value: "b" }],
    ["a", { key: "a", value: "" }],
    ["a=b=c", { key: "a", value: "b=c" }],
  ],
  ["", "=b", " =b"],
);
table(
  "env",
  parseEnv,
  [
    ["A=1", { name: "A", value: "1" }],
    ["A", { name: "A", value: undefined }],
    ["A=", { name: "A", value: "" }],
  ],
  ["", "=1"],
);
table(
  "filter",
  parseFilter,
  [
    ["name=web", { key: "name", value: "web" }],
    ["label=a=b", { key: "label", value: "a=b" }],
  ],
  ["name", "=web", ""],
);

test("filters of one key go together", () =>
  assert.deepEqual(
    groupFilters([
      { key: "a", value: "1" },
      { key: "b", value: "2" },
      { key: "a", value: "3" },
    ]),
    [
      { key: "a", values: ["1", "3"] },
      { key: "b", values: ["2"] },
    ],
  ));

test("csv keeps quoted commas and doubled quotes", () =>
  assert.deepEqual(parseCsv('type=bind,"source=/a,b","x=""y"""'), ["type=bind", "source=/a,b", 'x="y"']));

test("an env file has variables, comments, blank lines and a mark at its begin", () =>
  assert.deepEqual(parseEnvFile("\uFEFF# c\nA=1 2\r\n\n  B=x\nC\n", "f"), [
    { name: "A", value: "1 2" },
    { name: "B", value: "x" },
    { name: "C", value: undefined },
  ]));

test("an env file's error names file and line", () =>
  assert.throws(() => parseEnvFile("A=1\nB C=2\n", "my.env"), { message: /my\.env line 2.*"B C"/ }));

const mount = {
  type: "volume",
  source: "",
  target: "/t",
  readOnly: false,
  bindOptions: undefined,
  tmpfsOptions: undefined,
};
table(
  "mount",
  parseMount,
  [
    ["type=bind,source=/s,target=/t", { ...mount, type: "bind", source: "/s" }],
    ["type=bind,src=/s,dst=/t,ro", { ...mount, type: "bind", source: "/s", readOnly: true }],
    ["source=data,target=/t,readonly=false", { ...mount, source: "data" }],
    [
      "type=tmpfs,destination=/t,tmpfs-size=64m,tmpfs-mode=1770",
      { ...mount, type: "tmpfs", tmpfsOptions: { sizeBytes: 67_108_864, mode: 0o1770 } },
    ],
    [
      "type=bind,source=/s,target=/t,bind-propagation=rslave,bind-recursive=disabled",
      { ...mount, type: "bind", source: "/s", bindOptions: { propagation: "rslave", nonRecursive: true } },
    ],
  ],
  ["", "type=bind,source=/s", "type=bind,target=/t", "type=bind,target=/t,source=/s,color=red", "target"],
  /write it like type=bind/,
);
for (const [raw, complaint] of [
  ["type=nfs,target=/t", /Type "nfs" is not one of bind, volume, tmpfs/],
  ["type=bind,source=rel,target=/t", /absolute path, not "rel"/],
  ["type=tmpfs,source=x,target=/t", /tmpfs mount has no source/],
  ["type=volume,target=/t,tmpfs-size=1m", /for type=tmpfs/],
  ["type=tmpfs,target=/t,bind-propagation=shared", /for type=bind/],
  ["type=bind,source=/s,target=/t,readonly=perhaps", /readonly=perhaps is neither/],
  ["type=bind,source=/s,target=/t,bind-propagation=x", /one of private/],
] as const) {
  test(`mount refuses ${raw}`, () =>
    assert.throws(() => parseMount(raw), { code: "invalid_argument", message: complaint }));
}

table(
  "ulimit",
  parseUlimit,
  [
    ["nofile=1024:2048", { name: "nofile", soft: 1024, hard: 2048 }],
    ["nproc=-1", { name: "nproc", soft: -1, hard: -1 }],
  ],
  ["nofile", "nofile=x", "nofile=5:4", "nofile=-1:5"],
);
table(
  "placement preference",
  parsePlacementPref,
  [["spread=node.labels.zone", { spread: { spreadDescriptor: "node.labels.zone" } }]],
  ["node.labels.zone", "pack=x"],
);
table(
  "generic resource",
  parseGenericResource,
  [["gpu=2", { kind: "gpu", amount: 2, value: "" }]],
  ["gpu", "gpu=x", "gpu=0"],
);
table(
  "host",
  parseHost,
  [
    ["db:10.0.0.7", "10.0.0.7 db"],
    ["db:[fd00::1]", "fd00::1 db"],
    ["db:fd00::1", "fd00::1 db"],
  ],
  ["db", ":1.2.3.4", "db:name"],
);
table(
  "capability",
  parseCapability,
  [
    ["net_admin", "CAP_NET_ADMIN"],
    ["CAP_CHOWN", "CAP_CHOWN"],
    ["all", "ALL"],
  ],
  ["", "net admin"],
);
table(
  "network",
  parseNetwork,
  [
    ["host", { target: "host", aliases: [], driverOpts: {} }],
    ["name=web,alias=www,alias=w,driver-opt=a=b", { target: "web", aliases: ["www", "w"], driverOpts: { a: "b" } }],
  ],
  ["", "alias=www", "name=web,color=red"],
);

for (const [ms, want] of [
  [0, "0s"],
  [500, "500ms"],
  [1_500, "1.5s"],
  [65_000, "1m5s"],
  [5_400_000, "1h30m0s"],
] as const) {
  test(`duration ${ms} prints as ${want}`, () => assert.equal(formatDuration(ms), want));
}
