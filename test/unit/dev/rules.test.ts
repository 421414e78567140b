import assert from "node:assert/strict";
import { test } from "node:test";
import { planCluster } from "../../../deploy/dev/model.ts";
import { cutRules, wayOutRules } from "../../../deploy/dev/rules.ts";

const cluster = planCluster("dev", 3, { managers: 3, workers: 2 }, 0);

test("cutRules: nodes cut together reach one another and nobody else", () => {
  const text = cutRules(cluster, ["node4", "node5"]);
  const accept = text.indexOf('iifname { "skep3n4", "skep3n5" } oifname { "skep3n4", "skep3n5" } accept');
  assert.ok(accept > 0 && accept < text.indexOf('iifname { "skep3n4", "skep3n5" } drop'));
  assert.match(text, /hook input[^}]*\n.*iifname .* drop/);
  assert.match(text, /hook output[^}]*\n.*oifname .* drop/);
});

test("cutRules: a table is replaced as a whole, also when there is none yet", () => {
  assert.match(
    cutRules(cluster, ["node1"]),
    /^table bridge skep-cut-3 \{\}\ndelete table bridge skep-cut-3\ntable bridge/,
  );
});

test("cutRules: an unknown node is refused before any rule is made", () => {
  assert.throws(() => cutRules(cluster, ["node1", "nodeX"]), /no node "nodeX"/);
});

test("wayOutRules: only what leaves the bridge is masqueraded", () => {
  assert.match(wayOutRules(3), /ip saddr 10\.213\.3\.0\/24 oifname != "skep3" masquerade/);
});
