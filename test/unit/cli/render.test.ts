import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { booleanOption, normalizeBooleans } from "../../../cli/options.ts";
import { operands } from "../../../cli/program.ts";
import { renderLines } from "../../../cli/render/lines.ts";
import { renderList } from "../../../cli/render/list.ts";
import { replicasText } from "../../../cli/render/services.ts";
import { renderColumns } from "../../../cli/render/table.ts";
import { sortTasks } from "../../../cli/render/tasks.ts";
import { memory } from "../../../cli/render/units.ts";
import { mayColour, processTerminal } from "../../../cli/terminal.ts";
import { newPlacement, newTaskSpec } from "../../../proto/gen/objects.ts";
import { service, task } from "./objects.ts";

test("columns: ten wide at least, three apart, no trailing space, no control characters", () =>
  assert.equal(
    renderColumns([
      ["ID", "NAME", "X"],
      ["1", "a-rather-long-name", ""],
      ["2", "b\u001b[31m\nc", "y"],
    ]),
    "ID        NAME                 X\n1         a-rather-long-name\n2         b\\u001b[31m c        y\n",
  ));

const view = { headers: { ID: "ID", Name: "NAME" }, columns: ["Name", "ID"], rows: [{ ID: "1", Name: "a" }] };
for (const [format, quiet, want] of [
  [undefined, false, "NAME      ID\na         1\n"],
  [undefined, true, "1\n"],
  ["table", true, "1\n"],
  ["table {{.ID}}", false, "ID\n1\n"],
  ["table {{.ID}}\\t{{upper .Name}}", false, "ID        NAME\n1         A\n"],
  ["{{.Name}}", true, "a\n"],
  ["json", false, '{"ID":"1","Name":"a"}\n'],
  ["{{json .}}", false, '{"ID":"1","Name":"a"}\n'],
] as const) {
  test(`list as ${format}${quiet ? " -q" : ""}`, () => assert.equal(renderList(view, { format, quiet }), want));
}
test("list as raw: a line per column, as docker has it", () => {
  const raw = renderList(
    { headers: {}, columns: ["ID", "DesiredState"], rows: [{ ID: "a", DesiredState: "Running" }, { ID: "b" }] },
    { format: "raw" },
  );
  assert.equal(raw, "id: a\ndesired_state: Running\n\nid: b\ndesired_state: \n\n");
});

test("an empty list is its header, no ids, no JSON", () => {
  const empty = { ...view, rows: [] };
  assert.equal(renderList(empty), "NAME      ID\n");
  assert.equal(renderList(empty, { quiet: true }), "");
  assert.equal(renderList(empty, { format: "json" }), "");
});

test("lines: what is empty is left out, and its heading with it", () =>
  assert.equal(
    renderLines([
      [0, "A", "1"],
      [0, "B"],
      [1, "C", ""],
      [0, "D"],
      [1, "E"],
      [2, "F", "2"],
      [1, "G"],
      [2, "H", ""],
    ]),
    "A:\t1\nD:\n E:\n  F:\t2\n",
  ));

test("replicas tell the limit per node", () => {
  const limited = service(1, "web", { taskTemplate: newTaskSpec({ placement: newPlacement({ maxReplicas: 2 }) }) });
  assert.equal(
    replicasText({
      service: limited,
      status: { runningTasks: 1, desiredTasks: 4, completedTasks: 0, unknownTasks: 0 },
    }),
    "1/4 (max 2 per node)",
  );
});

test("tasks in the order people count, the newest of a slot first", () => {
  const web = service(1, "web");
  const sorted = sortTasks([
    task({ n: 1, of: web, slot: 10, state: "running" }),
    task({ n: 2, of: web, slot: 2, state: "failed", agoMs: 9_000 }),
    task({ n: 3, of: web, slot: 2, state: "running", agoMs: 1_000 }),
  ]);
  assert.deepEqual(
    sorted.map((one) => `${one.slot}:${one.status?.state}`),
    ["2:running", "2:failed", "10:running"],
  );
});

for (const [bytes, want] of [
  [0, "0B"],
  [1_023, "1023B"],
  [1_024, "1KiB"],
  [2_087_354_105, "1.944GiB"],
] as const) {
  test(`${bytes} bytes are ${want}`, () => assert.equal(memory(bytes), want));
}

for (const [columns, want] of [
  [0, 80],
  [3, 80],
  [20, 20],
  [200, 200],
  [undefined, 120],
] as const) {
  test(`a terminal that says it has ${columns} columns`, () => {
    const stream = { write: () => true, isTTY: true, rows: 0, ...(columns === undefined ? {} : { columns }) };
    const terminal = processTerminal(stream, stream, {});
    assert.deepEqual([terminal.columns(), terminal.rows()], [want, 24]);
  });
}

for (const [isTty, vars, want] of [
  [true, {}, true],
  [false, {}, false],
  [true, { NO_COLOR: "1" }, false],
  [true, { NO_COLOR: "" }, true],
  [true, { TERM: "dumb" }, false],
] as const) {
  test(`colour with terminal ${isTty} and ${JSON.stringify(vars)}`, () => assert.equal(mayColour(isTty, vars), want));
}

for (const [argv, want] of [
  [
    ["-H", "x", "service", "ls"],
    ["service", "ls"],
  ],
  [
    ["--host=x", "service", "--foo", "ls"],
    ["service", "ls"],
  ],
  [
    ["dev", "exec", "node1", "--", "service"],
    ["dev", "exec", "node1"],
  ],
  [["--help"], []],
] as const) {
  test(`operands of ${argv.join(" ")}`, () => assert.deepEqual(operands(argv), want));
}

test("switches take =true and =false; values and a container's own words are left alone", () => {
  const program = new Command("skep").enablePositionalOptions();
  const create = program
    .command("service")
    .command("create")
    .option("--name <n>")
    .option("-e, --env <e>")
    .passThroughOptions();
  booleanOption(create, "-d, --detach", "");
  booleanOption(create, "--no-trunc", "");
  const spelt = (...argv: string[]): readonly string[] =>
    normalizeBooleans(["service", "create", ...argv], create).slice(2);
  assert.deepEqual(spelt("--detach=false", "--no-trunc=true", "-d=1"), ["--no-detach", "--no-trunc", "--detach"]);
  assert.deepEqual(spelt("--no-trunc=false"), ["--trunc"]);
  assert.deepEqual(spelt("--name", "--detach=false", "-e", "a=true", "--name=x=true"), [
    "--name",
    "--detach=false",
    "-e",
    "a=true",
    "--name=x=true",
  ]);
  assert.deepEqual(spelt("--", "--detach=false"), ["--", "--detach=false"]);
  assert.throws(() => spelt("--detach=maybe"), { message: /--detach is a switch/ });
});
