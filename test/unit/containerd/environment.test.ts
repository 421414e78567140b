import assert from "node:assert/strict";
import { test } from "node:test";
import { environment } from "../../../agent/runtime/containerd/spec/environment.ts";

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const base = { hostname: "h", home: "/root", tty: false };

const cases: readonly (readonly [name: string, env: string[], tty: boolean, want: string[]])[] = [
  ["the defaults", [], false, [PATH, "HOSTNAME=h", "HOME=/root"]],
  ["a terminal has a type", [], true, [PATH, "HOSTNAME=h", "TERM=xterm", "HOME=/root"]],
  ["later wins, in place", ["A=1", "PATH=/p", "A=2=3"], false, ["PATH=/p", "HOSTNAME=h", "A=2=3", "HOME=/root"]],
  ["HOME of the service", ["HOME=/h"], false, [PATH, "HOSTNAME=h", "HOME=/h"]],
  [
    "an empty value stays, a name alone and a value alone do not",
    ["E=", "X", "=v"],
    false,
    [PATH, "HOSTNAME=h", "E=", "HOME=/root"],
  ],
];

for (const [name, env, tty, want] of cases) {
  test(`environment: ${name}`, () => assert.deepEqual(environment(env, { ...base, tty }), want));
}
