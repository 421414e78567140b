// Completion and the manual page, made from the commands as they are. The bash script is run by bash itself, with a `skep` that
// answers what it is asked for names.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, test } from "node:test";
import { skep } from "./harness.ts";

const scripts = new Map<string, string>();
before(async () => {
  for (const words of ["completion bash", "completion zsh", "completion fish", "man"]) {
    const { status, out } = await skep(words.split(" "));
    assert.equal(status, 0, words);
    scripts.set(words, out);
  }
});

/** What TAB offers after these words, the last of which is under way. */
function complete(...words: readonly string[]): string[] {
  const { stdout, stderr, status } = spawnSync(
    "bash",
    [
      "--norc",
      "-c",
      `${scripts.get("completion bash")}
      skep() { echo "$1-a"; echo "$1-b"; }
      COMP_WORDS=(skep "$@"); COMP_CWORD=$#; _skep; printf '%s\\n' "\${COMPREPLY[@]}"`,
      "bash",
      ...words,
    ],
    { encoding: "utf8", cwd: import.meta.dirname },
  );
  assert.equal(status, 0, stderr);
  assert.equal(stderr, "");
  return stdout.split("\n").filter((line) => line !== "");
}

const offers: readonly (readonly [words: readonly string[], wanted: readonly string[]])[] = [
  [["serv"], ["service"]],
  [["service", "sc"], ["scale"]],
  [
    ["service", "l"],
    ["logs", "ls", "list"],
  ],
  [["service", "create", "--replicas-m"], ["--replicas-max-per-node"]],
  [["-H", "/some.sock", "swarm", "join-"], ["join-token"]],
  [
    ["service", "ps", ""],
    ["service-a", "service-b"],
  ],
  [
    ["service", "update", "--replicas", "3", ""],
    ["service-a", "service-b"],
  ],
  [["service", "list", "--form"], ["--format"]],
  [["node", "update", "--availability", "drain", "node-b"], ["node-b"]],
  [
    ["network", "rm", "network-a", "netw"],
    ["network-a", "network-b"],
  ],
  [["network", "create", "net"], []],
  [["service", "create", "--env-file", "reference."], ["reference.test.ts"]],
  [["swarm", "backup", "reference."], ["reference.test.ts"]],
  [["dev", "ki"], ["kill"]],
  [["comp"], ["completion"]],
];
for (const [words, wanted] of offers) {
  test(`bash offers after "skep ${words.join(" ")}": ${wanted.join(", ") || "nothing"}`, () => {
    assert.deepEqual(complete(...words).sort(), [...wanted].sort());
  });
}

test("every shell's script knows every command and option that bash's does", () => {
  const words = new Set(scripts.get("completion bash")?.match(/(?<=[ "])--[a-z][a-z-]+(?=[ "])/g));
  assert.ok(words.size > 100, `${words.size} options`);
  for (const word of words) {
    assert.ok(scripts.get("completion zsh")?.includes(word), `zsh does not know ${word}`);
    assert.ok(scripts.get("completion fish")?.includes(`-l ${word.slice(2)}`), `fish does not know ${word}`);
  }
});

test("the manual page has every option of every command, and no line that roff takes for its own", () => {
  const page = scripts.get("man") ?? "";
  for (const flag of ["--replicas-max-per-node", "--force-new-cluster", "--tail"]) {
    assert.ok(page.includes(flag.replaceAll("-", "\\-")), flag);
  }
  const macros = new Set(page.match(/^[.'].\w*/gm));
  assert.deepEqual([...macros].sort(), [".B", ".I", ".SH", ".SS", ".TH", ".TP"]);
});

test("another shell is refused by name", async () => {
  const { status, err } = await skep(["completion", "tcsh"]);
  assert.equal(status, 2);
  assert.match(err, /tcsh.*bash, zsh, fish/s);
});
