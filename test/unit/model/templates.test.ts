import assert from "node:assert/strict";
import { test } from "node:test";
import { newContainerSpec, newMount } from "../../../proto/gen/objects.ts";
import { isCode } from "../../../shared/errors.ts";
import { expandContainerSpec, expandTemplate, type TemplateContext } from "../../../shared/model/templates.ts";

const context: TemplateContext = {
  service: { id: "s1", name: "web", labels: { tier: "front", "com.example.team": "blue" } },
  node: { id: "n1", hostname: "node1", os: "linux", architecture: "x86_64" },
  task: { id: "t1", name: "web.2.t1", slot: "2" },
};

const cases: readonly (readonly [text: string, want: string])[] = [
  ["", ""],
  ["plain } text {", "plain } text {"],
  ["{{.Service.Name}}-{{.Task.Slot}}", "web-2"],
  ["{{ .Service.ID }}/{{ .Node.ID }}/{{ .Task.ID }}", "s1/n1/t1"],
  ["{{.Node.Hostname}} {{.Node.Platform.OS}} {{.Node.Platform.Architecture}}", "node1 linux x86_64"],
  ["{{.Task.Name}}", "web.2.t1"],
  ["{{.Service.Labels.tier}}", "front"],
  ["{{.Service.Labels.com.example.team}}", "blue"],
  ['{{index .Service.Labels "com.example.team"}}', "blue"],
  ['{{"{{"}} is kept', "{{ is kept"],
  ['{{"}}"}}', "}}"],
  ["{{`raw`}}", "raw"],
];
for (const [text, want] of cases) {
  test(`expand ${JSON.stringify(text)}`, () => assert.equal(expandTemplate(text, context), want));
}

const refused: readonly (readonly [text: string, why: RegExp])[] = [
  ["{{.Task.Slot", /without its "}}"/],
  ["{{.Node.Labels.zone}}", /unknown placeholder {{\.Node\.Labels\.zone}}/],
  ["{{constructor}}", /unknown placeholder/],
  ["{{.Service.Labels.toString}}", /no label "toString"/],
  ["{{}}", /unknown placeholder/],
];
for (const [text, why] of refused) {
  test(`refuse ${JSON.stringify(text)}`, () =>
    assert.throws(
      () => expandTemplate(text, context),
      (error) => isCode(error, "invalid_argument") && error instanceof Error && why.test(error.message),
    ));
}

test("a container spec: hostname, env values and mounts, and nothing else", () => {
  const spec = newContainerSpec({
    image: "{{.Service.Name}}",
    hostname: "{{.Service.Name}}-{{.Task.Slot}}",
    env: ["SLOT={{.Task.Slot}}", "{{.Task.Slot}}=x", "{{BARE"],
    mounts: [newMount({ source: "/data/{{.Task.Slot}}", target: "/{{.Service.Name}}" })],
  });
  const expanded = expandContainerSpec(spec, context);
  assert.equal(expanded.image, "{{.Service.Name}}");
  assert.equal(expanded.hostname, "web-2");
  assert.deepEqual(expanded.env, ["SLOT=2", "{{.Task.Slot}}=x", "{{BARE"]);
  assert.deepEqual(expanded.mounts, [newMount({ source: "/data/2", target: "/web" })]);
});
