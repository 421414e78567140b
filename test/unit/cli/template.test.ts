import assert from "node:assert/strict";
import { test } from "node:test";
import { compile } from "../../../cli/template/template.ts";

const DATA = {
  ID: "abc",
  Name: "web",
  Count: 3,
  Big: 12_000_000_000,
  On: true,
  Off: false,
  Nothing: null,
  List: ["a", "b"],
  Empty: [],
  Labels: { tier: "front", "com.x/y": "z" },
  Spec: { Name: "inner", Mode: { Replicated: { Replicas: 5 } } },
};

for (const [source, want] of [
  ["plain", "plain"],
  ["{{.Name}}", "web"],
  ["{{ .Name }}/{{.ID}}", "web/abc"],
  ["{{.ID}}\\t{{.Name}}\\n", "abc\tweb\n"],
  ["{{.Spec.Mode.Replicated.Replicas}}", "5"],
  ["{{json .Spec.Mode}}", '{"Replicated":{"Replicas":5}}'],
  ["{{json .List}}", '["a","b"]'],
  ["{{.Big}}", "12000000000"],
  ["{{.On}} {{.Nothing}}", "true <nil>"],
  ["{{.List}} {{.Labels}}", "[a b] map[com.x/y:z tier:front]"],
  ['{{index .Labels "com.x/y"}}', "z"],
  ['{{index .Labels "absent"}}.', "."],
  ["{{index .List 1}}", "b"],
  ["{{range .List}}<{{.}}>{{end}}", "<a><b>"],
  ["{{range $i, $x := .List}}{{$i}}={{$x}};{{end}}", "0=a;1=b;"],
  ["{{range $k, $v := .Labels}}{{$k}}:{{$v}} {{end}}", "com.x/y:z tier:front "],
  ["{{range .Empty}}x{{else}}none{{end}}", "none"],
  ["{{range .List}}{{$.Name}}{{.}} {{end}}", "weba webb "],
  ["{{if .On}}yes{{else}}no{{end}}", "yes"],
  ["{{if .Off}}a{{else if eq .Count 3}}b{{else}}c{{end}}", "b"],
  ["{{if and .On (gt .Count 2)}}both{{end}}", "both"],
  ["{{if or .Off .Empty}}x{{else}}neither{{end}}", "neither"],
  ["{{if not .Off}}not{{end}}", "not"],
  ["{{with .Spec}}{{.Name}}{{end}}", "inner"],
  ["{{with .Empty}}x{{else}}empty{{end}}", "empty"],
  ['{{join .List ", "}}', "a, b"],
  ['{{.Name | upper | printf "%s!"}}', "WEB!"],
  ["{{upper .Name}} {{title .Name}} {{len .List}} {{len .Name}}", "WEB Web 2 3"],
  ['{{range split "x,y" ","}}[{{.}}]{{end}}', "[x][y]"],
  ['{{printf "%-5s|%5d|%05d|%q|%%" .Name .Count .Count .ID}}', 'web  |    3|00003|"abc"|%'],
  ["{{slice .Name 0 2}}{{truncate .Name 1}}", "wew"],
  ["{{pad .Name 1 2}}|", " web  |"],
  ["a {{- .Name -}} b", "awebb"],
  ["a{{/* a comment }} */}}b", "ab"],
  ['{{"}}"}}', "}}"],
  ["{{`raw \\`}}", "raw \\"],
  ["{{$x := .Count}}{{$x}}{{$x = 4}}{{$x}}", "34"],
  ["{{(index .List 0) | upper}}", "A"],
  ["{{$.Spec.Name}} {{(.Spec).Name}}", "inner inner"],
  ['{{eq .Name "a" "web"}} {{ne 1 2}} {{le 2 2}} {{lt "a" "b"}}', "true true true true"],
  ["{{println .Name 1}}", "web 1\n"],
] as const) {
  test(`template ${source}`, () => assert.equal(compile(source)(DATA), want));
}

for (const [source, complaint] of [
  ["{{.Name", /not closed/],
  ["{{if .On}}x", /\{\{end\}\} is missing/],
  ["{{end}}", /no block/],
  ["{{else}}", /no block/],
  ["{{if .On}}a{{else}}b{{else}}c{{end}}", /two/],
  ["{{nosuch .Name}}", /function "nosuch" is not defined; there are json, join/],
  ["{{.Name .ID}}", /cannot read/],
  ["{{#}}", /cannot read/],
  ["{{(.Name}}", /cannot read/],
  ["{{}}", /cannot read/],
] as const) {
  test(`template ${source} is refused before it runs`, () =>
    assert.throws(() => compile(source), { name: "UsageError", message: complaint }));
}

for (const [source, complaint] of [
  ["{{.name}}", /there is no \.name; did you mean \.Name\?/],
  ["{{.Foo}}", /there is no \.Foo; there are \.ID, \.Name/],
  ["{{.Name.Sub}}", /cannot take \.Sub of web/],
  ["{{range .Name}}{{end}}", /cannot range over web/],
  ["{{index .List 5}}", /out of range/],
  ["{{$y}}", /\$y is not declared/],
  ["{{.Name | .ID}}", /after \| comes the name of a function/],
  ["{{lt .Name 1}}", /cannot compare/],
] as const) {
  test(`template ${source} fails when it runs`, () => {
    const template = compile(source);
    assert.throws(() => template(DATA), { name: "UsageError", message: complaint });
  });
}

test("in an inspected object what is not set has no value; a slip of case is told", () => {
  const lenient = { absent: "no value" } as const;
  assert.equal(compile("{{.UpdateStatus.State}}", lenient)(DATA), "<no value>");
  assert.equal(compile("{{if .UpdateStatus}}x{{else}}none{{end}}", lenient)(DATA), "none");
  assert.throws(() => compile("{{.spec}}", lenient)(DATA), { message: /did you mean \.Spec/ });
});
