// Services on overlay networks as a user has them: names, virtual addresses, published ports, and what is refused.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bridgeAddrOf } from "../../deploy/dev/model.ts";
import { pageImage } from "./images.ts";
import {
  addrOf,
  e2eCluster,
  eventually,
  eventuallyRunning,
  inHost,
  inTask,
  okAt,
  removeNetworks,
  removeServices,
  runCommand,
  skep,
  skepFails,
  useCluster,
} from "./support.ts";

const NODES = ["node1", "node2", "node3", "node4", "node5"];
const SERVICES = ["page", "probe", "other", "rr", "pub", "pub2", "crowd", "onhost"];
const NETWORKS = ["net-front", "net-back", "net-tiny", "net-over"];
let image = "";

before(async () => {
  await useCluster();
  image = await pageImage();
  await removeServices(...SERVICES);
  await removeNetworks(...NETWORKS);
});
after(async () => {
  await removeServices(...SERVICES);
  await removeNetworks(...NETWORKS);
});

/** Asks from inside the probe's task on a node. */
const ask = (node: string, script: string) => inTask(node, /sleep-of-probe/, "/bin/sh", "-c", script);

const nameOf = (answer: string): string => /hello from (\S+)/.exec(answer)?.[1] ?? "";

test("services on one network find each other by name, from every node, and share the load", async () => {
  await skep("network", "create", "net-front");
  await skep(
    "service",
    "create",
    "--name",
    "page",
    "--replicas",
    "3",
    "--network",
    "name=net-front,alias=www",
    "--publish", // so that a task gets connections once it listens, and not before: who rolls below fails none
    "8085:8080",
    image,
    "page",
  );
  await skep(
    "service",
    "create",
    "--name",
    "probe",
    "--mode",
    "global",
    "--network",
    "net-front",
    image,
    "sh",
    "-c",
    "trap 'exit 0' TERM; : sleep-of-probe; while :; do sleep 1 & wait $!; done",
  );
  for (const node of NODES) {
    await eventually(`page answers on ${node}`, async () => {
      const { stdout, stderr } = await ask(node, "ask page 8080");
      assert.match(stdout, /hello from/, stderr);
    });
  }
  const { stdout } = await ask("node5", "for i in $(seq 30); do ask www 8080; done");
  const counts = Object.groupBy(stdout.trim().split("\n"), nameOf);
  assert.equal(Object.keys(counts).length, 3, stdout);
});

test("names: tasks.<service>, <slot>.<service>, reverse; a network more is a name more, and only there", async () => {
  const addresses = async (name: string): Promise<readonly string[]> => {
    const { stdout } = await ask("node4", `nslookup ${name} 127.0.0.11`);
    return [...stdout.matchAll(/^Address(?: \d+)?:\s*([0-9.]+)$/gm)].map((match) => match[1] ?? "").sort();
  };
  const tasks = await addresses("tasks.page");
  assert.equal(new Set(tasks).size, 3);
  const [first] = await addresses("1.page");
  assert.ok(first !== undefined && tasks.includes(first));
  const vip = await addresses("page");
  assert.equal(vip.length, 1);
  assert.ok(!tasks.includes(vip[0] ?? ""));
  await skep("network", "create", "--internal", "net-back");
  await skep("service", "create", "--name", "other", "--network", "net-back", image, "page");
  assert.deepEqual(await addresses("other"), []);
  await skep("service", "update", "--network-add", "net-front", "other");
  await eventually("other has a name on net-front", async () => assert.equal((await addresses("other")).length, 1));
});

test("endpoint mode dnsrr answers with the tasks themselves", async () => {
  await skep(
    "service",
    "create",
    "--name",
    "rr",
    "--replicas",
    "2",
    "--endpoint-mode",
    "dnsrr",
    "--network",
    "net-front",
    image,
    "page",
  );
  await eventually("both tasks have the name", async () => {
    const { stdout } = await ask("node1", "nslookup rr 127.0.0.11; nslookup tasks.rr 127.0.0.11");
    assert.equal(new Set(stdout.match(/^Address(?: \d+)?:\s*[0-9.]+$/gm)).size, 2, stdout);
  });
});

test("a published port answers on every node, and the task sees who asks", async () => {
  await skep("service", "create", "--name", "pub", "--replicas", "2", "--publish", "8081:8080", image, "page");
  assert.match(await skep("service", "ls", "--filter", "name=pub"), /\*:8081->8080\/tcp/);
  const client = bridgeAddrOf(e2eCluster().number);
  for (const node of NODES) {
    const url = `http://${addrOf(node)}:8081/`;
    await eventually(`${url} answers`, async () => {
      const { stdout, stderr } = await runCommand("curl", ["-sS", "--max-time", "5", url]);
      assert.match(stdout, new RegExp(`hello from \\S+ to ${client.replaceAll(".", "\\.")}\n`), stderr);
    });
    for (const own of ["127.0.0.1", "[::1]"]) {
      const local = await inHost(node, "curl", "-gsS", "--max-time", "5", `http://${own}:8081/`);
      assert.match(local.stdout, /hello from/, `${node} at ${own}: ${local.stderr}`);
    }
  }
});

test("a rolling update under load from inside and outside fails no request", async () => {
  // What a request that failed has said, and how long it took, tells why.
  const count = `ok=0; bad=0; while [ ! -e /tmp/stop ]; do
      from=$(cut -d" " -f1 /proc/uptime); said=$(ask page 8080 2>&1)
      case $said in *hello*) ok=$((ok+1)) ;; *) bad=$((bad+1)); echo "from $from to $(cut -d" " -f1 /proc/uptime): <$said>" ;; esac
    done; rm /tmp/stop; echo ok=$ok bad=$bad`;
  const inside = ask("node4", count);
  const stop = { now: false };
  const outside = (async () => {
    const url = `http://${addrOf("node5")}:8081/`;
    let [ok, bad] = [0, ""];
    while (!stop.now) {
      const { code, stderr } = await runCommand("curl", ["-sS", "--max-time", "5", "-o", "/dev/null", url]);
      if (code === 0) ok += 1;
      else bad += stderr;
    }
    return { ok, bad };
  })();
  await skep("service", "update", "--force", "page");
  await skep("service", "update", "--force", "pub");
  stop.now = true;
  await ask("node4", "touch /tmp/stop");
  const [{ stdout }, mesh] = await Promise.all([inside, outside]);
  assert.match(stdout, /ok=[1-9]\d* bad=0/);
  assert.equal(mesh.bad, "");
  assert.ok(mesh.ok > 0);
});

test("what cannot be is refused, with the reason and the owner", async () => {
  assert.match(await skepFails("service", "create", "--name", "pub2", "--publish", "8081:80", image), /8081.*pub/);
  assert.match(await skepFails("service", "create", "--name", "pub2", "--network", "nowhere", image), /nowhere/);
  assert.match(await skepFails("network", "rm", "net-front"), /net-front.*(page|other|rr|probe)/);
  assert.match(await skepFails("network", "create", "net-front"), /"net-front" is taken/);
  assert.match(
    await skepFails("network", "create", "--subnet", "10.0.0.0/16", "net-over"),
    /10\.0\.\d+\.0\/24|overlap/,
  );
  assert.match(await skepFails("network", "create", "--subnet", "10.300.0.0/16", "net-over"), /not a subnet/);
  assert.match(await skepFails("network", "rm", "ingress"), /ingress/);
});

test("a full network says so on the task, and goes on when there is room", async () => {
  await skep("network", "create", "--subnet", "10.99.0.0/29", "net-tiny");
  await skep("service", "create", "-d", "--name", "crowd", "--replicas", "8", "--network", "net-tiny", image, "page");
  await eventually("the tasks that have no address say why", async () => {
    assert.match(await skep("service", "ps", "--no-trunc", "crowd"), /network net-tiny is full: \d+ of \d+ in use/);
  });
  await skep("service", "scale", "crowd=2");
  await eventuallyRunning("crowd", 2);
});

test("network inspect shows who is where, and prune takes what nobody uses", async () => {
  const text = await okAt("node3", "network", "inspect", "--verbose", "--pretty", "net-front");
  assert.match(text, /page\.1\s+10\.\d+\.\d+\.\d+\s+node\d\s+ready/);
  await removeServices("other", "crowd");
  await eventually("unused networks are pruned", async () => {
    await skep("network", "prune", "--force");
    const names = (await skep("network", "ls", "--format", "{{.Name}}")).trim().split("\n");
    assert.ok(!names.includes("net-back") && !names.includes("net-tiny") && names.includes("net-front"));
  });
});
