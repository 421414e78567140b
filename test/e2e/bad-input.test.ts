// Wrong input and broken things: each gets a clear error at the command or in the task's status, no daemon dies of it, and
// nothing else is disturbed.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { busybox, devRegistry } from "./images.ts";
import {
  eventually,
  everyNodeReady,
  removeServices,
  runCommand,
  skep,
  skepAt,
  skepFails,
  tasksOf,
  useCluster,
} from "./support.ts";

const SKEP = join(import.meta.dirname, "..", "..", "bin", "skep");
let image = "";
before(async () => {
  await useCluster();
  image = await busybox();
});
after(() => removeServices("bad", "taken"));

// Refused at the command, before anything is made.
const refused: readonly (readonly [what: string, args: readonly string[], says: RegExp])[] = [
  ["a bad image reference", ["service", "create", "--name", "bad", "UPPER/Case:tag"], /UPPER\/Case/],
  ["a bad service name", ["service", "create", "--name", "-bad-", "IMAGE"], /name/],
  ["a negative replica count", ["service", "create", "--name", "bad", "--replicas", "-1", "IMAGE"], /replicas/],
  ["a word for a number", ["service", "create", "--name", "bad", "--replicas", "many", "IMAGE"], /many/],
  ["a bad duration", ["service", "create", "--name", "bad", "--restart-delay", "5 apples", "IMAGE"], /5 apples/],
  ["a bad size", ["service", "create", "--name", "bad", "--limit-memory", "64q", "IMAGE"], /64q/],
  ["a memory limit below 4 MiB", ["service", "create", "--name", "bad", "--limit-memory", "1m", "IMAGE"], /4 ?MiB/i],
  [
    "a malformed constraint",
    ["service", "create", "--name", "bad", "--constraint", "node.labels", "IMAGE"],
    /node\.labels/,
  ],
  [
    "a relative mount target",
    ["service", "create", "--name", "bad", "--mount", "type=bind,source=/etc,target=etc", "IMAGE"],
    /etc/,
  ],
  [
    "a host name that becomes too long",
    ["service", "create", "--name", "bad", "--hostname", `${"a".repeat(62)}{{.Task.Slot}}`, "IMAGE"],
    /hostname: .*64 at most/,
  ],
  [
    "a parameter of the node's network",
    ["service", "create", "--name", "bad", "--network", "host", "--sysctl", "net.core.somaxconn=1", "IMAGE"],
    /would change the node/,
  ],
  [
    "two targets of one published port",
    ["service", "create", "--name", "bad", "-p", "6060:80", "-p", "6060:81", "IMAGE"],
    /duplicate published ports provided: 6060\/tcp/,
  ],
  [
    "a generic resource",
    ["service", "create", "--name", "bad", "--generic-resource", "gpu=1", "IMAGE"],
    /no node can offer generic resources/,
  ],
  ["an env file that is not there", ["service", "create", "--env-file", "/nope", "IMAGE"], /--env-file \/nope/],
  ["an unknown flag", ["service", "create", "--replica", "2", "IMAGE"], /--replicas/],
  ["an unknown command", ["service", "crate"], /create/],
  ["an unknown filter", ["service", "ls", "--filter", "colour=red"], /colour/],
  ["a broken template", ["service", "ls", "--format", "{{.Name"], /template/i],
  ["a service that is not there", ["service", "scale", "nothere=2"], /nothere/],
  ["a node that is not there", ["node", "update", "--availability", "drain", "nothere"], /nothere/],
  ["an availability that is none", ["node", "update", "--availability", "asleep", "node4"], /asleep/],
  ["a manager that leaves without --force", ["swarm", "leave"], /--force/],
  ["init on a member", ["swarm", "init"], /already part of a swarm/],
  ["the removal of a ready node", ["node", "rm", "node4"], /--force/],
];
for (const [what, args, says] of refused) {
  test(`refused: ${what}`, async () => {
    const said = await skepFails(...args.map((arg) => (arg === "IMAGE" ? image : arg)));
    assert.match(said, says);
    assert.doesNotMatch(said, /at .*\.ts:\d+|Error:.*Error:/, "no stack trace");
  });
}

// Accepted, and told by the task.
const told: readonly (readonly [
  what: string,
  flags: readonly string[],
  image: () => string,
  args: readonly string[],
  says: RegExp,
])[] = [
  ["an unknown image", [], () => `${devRegistry()}/nothere:1`, [], /nothere/],
  ["an unreachable registry", [], () => "127.0.0.1:9/some/image:1", [], /127\.0\.0\.1:9/],
  ["a missing binary", [], () => image, ["/no/such/binary"], /no\/such\/binary.*(no such file|not found)/],
  [
    "a bind source that is not there",
    ["--mount", "type=bind,source=/no/such/dir,target=/data"],
    () => image,
    ["true"],
    /bind source path does not exist: \/no\/such\/dir/,
  ],
  ["a user that the image does not have", ["--user", "nobodyknows"], () => image, ["true"], /nobodyknows/],
  ["a container that exits at once", [], () => image, ["sh", "-c", "exit 7"], /non-zero exit \(7\)/],
];
for (const [what, flags, ref, args, says] of told) {
  test(`told by the task: ${what}`, async () => {
    const base = ["service", "create", "-d", "--name", "bad", "--restart-condition", "none", ...flags];
    assert.equal((await skepAt("node1", [...base, ref(), ...args])).code, 0);
    await eventually("the task tells", async () => {
      const tasks = await tasksOf("bad");
      assert.ok(
        tasks.some((task) => says.test(task.error)),
        JSON.stringify(tasks),
      );
    });
    await skep("service", "rm", "bad");
  });
}

test("create of a service that cannot run fails within its wait and says why", async () => {
  const args = ["service", "create", "--name", "bad", "--restart-condition", "none", image, "sh", "-c", "exit 7"];
  const result = await skepAt("node1", args);
  assert.equal(result.code, 1);
  assert.match(result.stdout + result.stderr, /non-zero exit \(7\)/);
  await skep("service", "rm", "bad");
});

test("a name is taken once, though two managers are asked at the same time", async () => {
  const create = (node: string): Promise<{ code: number; stderr: string }> =>
    skepAt(node, ["service", "create", "-d", "--name", "taken", "--replicas", "0", image]);
  const results = await Promise.all([create("node1"), create("node2"), create("node3")]);
  assert.deepEqual(results.map(({ code }) => code).sort(), [0, 1, 1]);
  assert.ok(results.filter(({ code }) => code === 1).every(({ stderr }) => /taken/.test(stderr)));
  await skep("service", "rm", "taken");
});

test("updates of different fields at one time all succeed", async () => {
  await skep("service", "create", "-d", "--name", "taken", "--replicas", "0", image);
  const labels = Array.from({ length: 8 }, (_, i) => `l${i}=x`);
  const results = await Promise.all(
    labels.map((label) => skepAt("node2", ["service", "update", "-d", "--label-add", label, "taken"])),
  );
  const kept = JSON.parse(await skep("service", "inspect", "taken", "--format", "{{json .Spec.Labels}}")) as Record<
    string,
    string
  >;
  results.forEach(({ code }, i) => {
    assert.equal(code, 0, `update l${i}: each reads again what the others wrote`);
    assert.equal(kept[`l${i}`], "x", `update l${i} said it worked`);
  });
  await skep("service", "rm", "taken");
});

test("no daemon: the command says how to start one", async () => {
  const { code, stderr } = await runCommand(SKEP, ["node", "ls"], { env: { SKEP_HOST: "unix:///nowhere/skep.sock" } });
  assert.equal(code, 1);
  assert.match(stderr, /\/nowhere\/skep\.sock/);
  assert.match(stderr, /skep daemon/);
});

test("not root: the daemon says so", async () => {
  const { code, stderr } = await runCommand("setpriv", ["--reuid=65534", "--clear-groups", SKEP, "daemon"]);
  assert.notEqual(code, 0);
  assert.match(stderr, /root/);
});

test("a port that is taken: the daemon says which", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const dir = mkdtempSync(join(tmpdir(), "skep-port-"));
  const args = [
    "daemon",
    "--runtime",
    "hollow",
    "--data-dir",
    join(dir, "lib"),
    "--run-dir",
    join(dir, "run"),
    "--listen-addr",
    `127.0.0.1:${address.port}`,
  ];
  const daemon = spawn(SKEP, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  daemon.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  try {
    const socket = `unix://${join(dir, "run", "skep.sock")}`;
    await eventually("the port's number is named", async () => {
      const init = await runCommand(SKEP, ["swarm", "init", "--advertise-addr", `127.0.0.1:${address.port}`], {
        env: { SKEP_HOST: socket },
      });
      assert.match(said + init.stderr, new RegExp(`${address.port}.*(in use|taken)|(in use|taken).*${address.port}`));
    });
  } finally {
    daemon.kill("SIGKILL");
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

test("after all of this the cluster is healthy", async () => {
  await everyNodeReady();
  assert.equal((await skepAt("node1", ["status"])).code, 0);
});
