// The network of tasks through what happens to a node: its agent dies and comes back, with managers and without, somebody
// breaks what was made, the power goes, the tasks go, the node leaves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pageImage } from "./images.ts";
import {
  addrOf,
  dev,
  eventually,
  eventuallyRunning,
  everyNodeReady,
  inHost,
  inTask,
  killOn,
  okAt,
  processesOn,
  removeNetworks,
  removeServices,
  runCommand,
  skep,
  skepAt,
  useCluster,
} from "./support.ts";

const SERVICES = ["tpage", "tprobe"];
const NETWORK = "net-tasks";
const WORKERS = ["node4", "node5"];
const DAEMON = /skep.* daemon /;
let image = "";

before(async () => {
  await useCluster();
  image = await pageImage();
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
  await skep("network", "create", NETWORK);
  const page = ["--name", "tpage", "--mode", "global", "--constraint", "node.role==worker", "--network", NETWORK];
  await skep("service", "create", ...page, "--publish", "8082:8080", image, "page");
  const sleep = "trap 'exit 0' TERM; : sleep-of-tprobe; while :; do sleep 1 & wait $!; done";
  const probe = ["--name", "tprobe", "--mode", "global", "--constraint", "node.role==worker", "--network", NETWORK];
  await skep("service", "create", ...probe, image, "sh", "-c", sleep);
});
after(async () => {
  await dev("heal");
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
});

const ask = (node: string, script: string) => inTask(node, /sleep-of-tprobe/, "/bin/sh", "-c", script);

/** Names, virtual address and published port, both ways between the workers. */
async function everythingAnswers(): Promise<void> {
  for (const node of WORKERS) {
    await eventually(`the service answers on ${node}`, async () => {
      const tasks = await ask(node, "nslookup tasks.tpage 127.0.0.11");
      assert.equal(new Set(tasks.stdout.match(/^Address(?: \d+)?:\s*10\.[0-9.]+$/gm)).size, 2, tasks.stdout);
      const { stdout, stderr } = await ask(node, "for i in 1 2 3 4; do ask tpage 8080; done");
      assert.equal(new Set(stdout.match(/hello from \S+/g)).size, 2, `${stdout}${stderr}`);
      const mesh = await runCommand("curl", ["-sS", "--max-time", "2", `http://${addrOf(node)}:8082/`]);
      assert.match(mesh.stdout, /hello from/, mesh.stderr);
    });
  }
}

const EACH = 'for n in $(ls /run/netns 2>/dev/null); do echo "== $n"; nsenter --net=/run/netns/$n sh -c "$all"; done';
/** Every link with its number, every entry, route and rule with its handle, in all network namespaces of a node. */
async function everythingOn(node: string): Promise<string> {
  const all =
    "ip -o link | cut -d' ' -f1,2 ; ip -o addr | cut -d' ' -f1-7; ip route; bridge fdb | sort; nft -a list ruleset | grep -v expires";
  const { stdout } = await inHost(node, "sh", "-c", `all="${all}"; sh -c "$all"; ${EACH}`);
  assert.match(stdout, /chain/);
  return stdout;
}

/** What is in one and not in the other: short enough to be read. */
async function assertUntouched(node: string, before: string, except = /^$/): Promise<void> {
  const [was, is] = [before, await everythingOn(node)].map((text) =>
    text.split("\n").filter((line) => !except.test(line)),
  );
  const gone = was?.filter((line) => !is?.includes(line));
  const come = is?.filter((line) => !was?.includes(line));
  assert.deepEqual({ gone, come }, { gone: [], come: [] });
}

async function restartAgent(node: string): Promise<void> {
  const [before] = processesOn(node, DAEMON);
  killOn(node, DAEMON);
  await eventually("the daemon is back", async () => {
    const [now] = processesOn(node, DAEMON);
    assert.ok(now !== undefined && now !== before);
    const { code } = await skepAt(node, ["info"]);
    assert.equal(code, 0);
  });
}

/** The tasks can ask for names only once the agent has taken up everything again. */
async function namesAnswer(node: string): Promise<void> {
  await eventually(`names are answered on ${node}`, async () => {
    const { stdout } = await ask(node, "nslookup tpage 127.0.0.11");
    assert.match(stdout, /^Address(?: \d+)?:\s*10\./m, stdout);
  });
}

test("a task has the node's files, its name at its own address, and a way out", async () => {
  await eventuallyRunning("tprobe", 2);
  const { stdout } = await ask("node4", "cat /etc/resolv.conf; grep $(hostname) /etc/hosts; ip route");
  assert.match(stdout, /^nameserver 127\.0\.0\.11$/m);
  assert.match(stdout, /^options .*ndots:0$/m);
  assert.match(stdout, /^10\.\d+\.\d+\.\d+\s+\S+$/m);
  assert.match(stdout, /^default via 172\.29\./m);
  await everythingAnswers();
});

test("an agent that is killed and starts again touches nothing", async () => {
  const before = await everythingOn("node4");
  await restartAgent("node4");
  await namesAnswer("node4");
  await everyNodeReady();
  // To a node that was not heard for a while managers let nobody send: where connections go may have changed meanwhile.
  await assertUntouched("node4", before, /chain [vp]-|dnat ip|elements/);
});

test("nor does one that finds no manager when it starts", async () => {
  await dev("cut", "node4");
  const before = await everythingOn("node4");
  await restartAgent("node4");
  await namesAnswer("node4");
  await assertUntouched("node4", before);
  await dev("heal");
  await everyNodeReady();
  await everythingAnswers();
});

test("what was broken while no agent looked is mended when one starts", async () => {
  killOn("node5", DAEMON);
  const broken = await inHost(
    "node5",
    "sh",
    "-c",
    `n=$(ls /run/netns | grep ^skt- | head -1); ip -n $n link del eth0; nft flush ruleset; ip link del skep0; ls /run/netns`,
  );
  assert.match(broken.stdout, /skt-/, broken.stderr);
  await everyNodeReady();
  await everythingAnswers();
});

test("a node that lost power has its tasks and their network again, and nothing of before", async () => {
  await dev("kill", "node5");
  await dev("start", "node5");
  await everyNodeReady();
  await eventuallyRunning("tpage", 2);
  await eventuallyRunning("tprobe", 2);
  await everythingAnswers();
  const { stdout } = await inHost("node5", "sh", "-c", "ls /run/netns | grep -c ^skt-");
  assert.equal(stdout.trim(), "2");
});

test("with the tasks goes what was made for them", async () => {
  await removeServices(...SERVICES);
  await removeNetworks(NETWORK);
  for (const node of WORKERS) {
    await eventually(`no namespace of a task is left on ${node}`, async () => {
      const { stdout } = await inHost(
        node,
        "sh",
        "-c",
        "ls /run/netns | grep ^skt-; ip -o link | grep -E ' sv[0-9a-z]'",
      );
      assert.equal(stdout, "");
    });
  }
});

test("a node that leaves takes everything of ours away, and can join again", async () => {
  await skep("service", "create", "-q", "--name", "tprobe", "--mode", "global", image, "page");
  await eventuallyRunning("tprobe", 5);
  const [addr] = (await skep("info", "--format", "{{.Swarm.NodeAddr}}")).trim().split("\n");
  const token = (await skep("swarm", "join-token", "-q", "worker")).trim();
  const old = (await skep("node", "ls", "--filter", "name=node5", "-q")).trim();
  await okAt("node5", "swarm", "leave");
  const left = await inHost("node5", "sh", "-c", "ls /run/netns; ip -o link | grep -E ' (sk|sv)'; nft list ruleset");
  assert.equal(left.stdout, "");
  await okAt("node5", "swarm", "join", "--token", token, addr ?? "");
  await skep("node", "rm", "--force", old);
  await everyNodeReady();
  await eventuallyRunning("tprobe", 5);
});
