// Services as a user runs them, with real containers on a cluster of five hosts.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { busybox } from "./images.ts";
import {
  eventually,
  eventuallyRunning,
  okAt,
  processesOn,
  removeServices,
  running,
  skep,
  skepAt,
  skepFails,
  tasksOf,
  useCluster,
} from "./support.ts";

let image = "";
const SERVICES = ["web", "small", "every", "pinned", "hog", "crash", "once", "loud", "fork", "who"];

before(async () => {
  await useCluster();
  image = await busybox();
  await removeServices(...SERVICES);
});
after(() => removeServices(...SERVICES));

const forever = ["sh", "-c", "echo started; trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done"];

test("create waits until all replicas run, spread over the nodes", async () => {
  const result = await skepAt("node1", ["service", "create", "--name", "web", "--replicas", "5", image, ...forever]);
  assert.equal(result.code, 0, result.stderr);
  const tasks = running(await tasksOf("web"));
  assert.equal(tasks.length, 5);
  assert.equal(new Set(tasks.map((task) => task.node)).size, 5);
  assert.match(await skep("service", "ls", "--filter", "name=web"), /web\s+replicated\s+5\/5/);
});

test("scale up fills slots, scale down takes the tasks away with their containers", async () => {
  await skep("service", "scale", "web=8");
  const names = (await eventuallyRunning("web", 8)).map((task) => task.name).sort();
  assert.deepEqual(names, ["web.1", "web.2", "web.3", "web.4", "web.5", "web.6", "web.7", "web.8"]);
  await skep("service", "scale", "web=3");
  await eventuallyRunning("web", 3);
  await eventually("the stopped tasks are gone", async () => assert.equal((await tasksOf("web")).length, 3));
});

test("a change of the template replaces the tasks one at a time", async () => {
  await skep("service", "update", "--env-add", "COLOUR=green", "web");
  await eventuallyRunning("web", 3);
  const history = await tasksOf("web");
  assert.equal(history.filter((task) => task.state === "Shutdown" || task.state === "Complete").length, 3);
  assert.match(
    await skep("service", "inspect", "web", "--format", "{{json .Spec.TaskTemplate.ContainerSpec.Env}}"),
    /COLOUR=green/,
  );
});

test("logs reach any manager, from all tasks, with tail", async () => {
  const all = (await okAt("node3", "service", "logs", "web")).trim().split("\n");
  assert.ok(all.length >= 3);
  assert.ok(
    all.every((line) => /web\.\d+.*started$/.test(line)),
    all.join("\n"),
  );
  const raw = await okAt("node2", "service", "logs", "--raw", "--tail", "1", "web");
  assert.ok(raw.split("\n").includes("started"));
});

test("rm takes the service, its tasks and its containers away", async () => {
  await skep("service", "rm", "web");
  await skepFails("service", "inspect", "web");
  for (const node of ["node1", "node2", "node3", "node4", "node5"]) {
    await eventually(`no container of web on ${node}`, () => assert.deepEqual(processesOn(node, /echo started/), []));
  }
});

test("a global service runs once on every node that fits", async () => {
  await skep("service", "create", "--name", "every", "--mode", "global", image, ...forever);
  const nodes = (await eventuallyRunning("every", 5)).map((task) => task.node).sort();
  assert.deepEqual(nodes, ["node1", "node2", "node3", "node4", "node5"]);
  await skep("service", "rm", "every");
});

test("constraints choose the nodes; the impossible one says why", async () => {
  await skep("node", "update", "--label-add", "disk=ssd", "node4");
  await skep(
    "service",
    "create",
    "--name",
    "pinned",
    "--replicas",
    "3",
    "--constraint",
    "node.labels.disk==ssd",
    image,
    ...forever,
  );
  const tasks = await eventuallyRunning("pinned", 3);
  assert.ok(tasks.every((task) => task.node === "node4"));
  await skep("service", "update", "--detach", "--constraint-add", "node.hostname==nowhere", "pinned");
  await eventually("a task says why it is pending", async () => {
    const pending = (await tasksOf("pinned")).find((task) => task.state === "Pending");
    assert.match(pending?.error ?? "", /no suitable node \(scheduling constraints not satisfied on 5 nodes\)/);
  });
  await skep("service", "rm", "pinned");
  await skep("node", "update", "--label-rm", "disk", "node4");
});

test("create fails when it cannot converge, and tells why", async () => {
  const result = await skepAt("node1", [
    "service",
    "create",
    "--name",
    "pinned",
    "--reserve-memory",
    "900g",
    image,
    ...forever,
  ]);
  assert.equal(result.code, 1);
  assert.match(result.stdout + result.stderr, /insufficient resources on 5 nodes/);
  await skep("service", "rm", "pinned");
});

test("the kernel enforces the memory limit, and the task says so", async () => {
  const eat = ["sh", "-c", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo $x | wc -c"];
  await skep(
    "service",
    "create",
    "-d",
    "--name",
    "hog",
    "--limit-memory",
    "32m",
    "--restart-condition",
    "none",
    image,
    ...eat,
  );
  await eventually("the task was killed", async () => {
    const [task] = await tasksOf("hog");
    assert.equal(task?.state, "Failed");
    assert.match(task?.error ?? "", /out of memory/);
  });
  await skep("service", "rm", "hog");
});

test("the kernel enforces the pids limit", async () => {
  const bomb = ["sh", "-c", "exec 2>&1; i=0; while [ $i -lt 50 ]; do sleep 100 & i=$((i+1)); done; wait"];
  await skep(
    "service",
    "create",
    "-d",
    "--name",
    "fork",
    "--limit-pids",
    "10",
    "--restart-condition",
    "none",
    image,
    ...bomb,
  );
  await eventually("fork fails inside", async () => {
    assert.match(await skep("service", "logs", "--raw", "fork"), /can't fork/);
  });
  await skep("service", "rm", "fork");
});

test("restart policy: on-failure with a limit stops after its attempts, exit 0 stays complete", async () => {
  const policy = ["--restart-condition", "on-failure", "--restart-delay", "100ms", "--restart-max-attempts", "2"];
  await skep("service", "create", "-d", "--name", "crash", ...policy, image, "sh", "-c", "echo dying; exit 3");
  await eventually("three attempts failed", async () => {
    const tasks = await tasksOf("crash");
    assert.equal(tasks.filter((task) => task.state === "Failed").length, 3);
    assert.ok(tasks.every((task) => /non-zero exit \(3\)/.test(task.error)));
  });
  await skep("service", "create", "-d", "--name", "once", "--restart-condition", "on-failure", image, "true");
  await eventually("the task is complete", async () => assert.equal((await tasksOf("once"))[0]?.state, "Complete"));
  assert.match(await skep("service", "logs", "crash"), /dying/);
});

test("user, environment, hostname, mounts and templates reach the container", async () => {
  const script = 'id -u; id -g; hostname; echo "$SLOT $PLAIN"; mount | grep -c " /scratch "; cat /etc/hosts';
  const flags = [
    ...["--user", "nobody", "--hostname", "box-{{.Task.Slot}}", "-e", "SLOT={{.Task.Slot}}", "-e", "PLAIN=yes"],
    ...["--mount", "type=tmpfs,target=/scratch,tmpfs-size=1m", "--host", "db:10.9.8.7", "--restart-condition", "none"],
  ];
  await skep("service", "create", "-d", "--name", "who", ...flags, image, "sh", "-c", script);
  await eventually("it ran", async () => assert.equal((await tasksOf("who"))[0]?.state, "Complete"));
  const lines = (await skep("service", "logs", "--raw", "who")).split("\n");
  assert.deepEqual(lines.slice(0, 5), ["65534", "65534", "box-1", "1 yes", "1"]);
  assert.ok(
    lines.some((line) => /^10\.9\.8\.7\s+db$/.test(line)),
    lines.join("\n"),
  );
});

test("no line of a loud service is lost", async () => {
  await skep("service", "create", "-d", "--name", "loud", "--restart-condition", "none", image, "seq", "1", "20000");
  await eventually("it ran", async () => assert.equal((await tasksOf("loud"))[0]?.state, "Complete"));
  const lines = (await skep("service", "logs", "--raw", "loud")).trim().split("\n");
  assert.deepEqual([lines.length, lines[0], lines.at(-1)], [20000, "1", "20000"]);
});
