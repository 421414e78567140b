import assert from "node:assert/strict";
import { test } from "node:test";
import type { ImageConfig } from "../../../agent/runtime/runtime.ts";
import { containerConfig, mergeEnv, stopGraceMs, stopSignal } from "../../../agent/task/container-config.ts";
import { type ContainerSpec, newMount, newResourceRequirements, newResources } from "../../../proto/gen/objects.ts";
import { nodeId, type TaskInit, task } from "./fixtures.ts";

const image: ImageConfig = {
  digest: "sha256:1",
  entrypoint: ["/entry"],
  cmd: ["serve"],
  env: ["PATH=/image/bin", "A=image", "B=image"],
  workingDir: "/srv",
  user: "web",
  stopSignal: "SIGQUIT",
  exposedPorts: [],
};
const node = { id: nodeId, hostname: "node1", os: "linux", architecture: "x86_64" };
const NONE = { kind: "none" } as const;
const config = (init: TaskInit, from: Partial<ImageConfig> = {}) =>
  containerConfig(task(init), { ...image, ...from }, node, NONE);

const commands: readonly (readonly [name: string, spec: Partial<ContainerSpec>, want: readonly string[]])[] = [
  ["the image's own", {}, ["/entry", "serve"]],
  ["args replace CMD", { args: ["x", "y"] }, ["/entry", "x", "y"]],
  ["command replaces ENTRYPOINT and drops CMD", { command: ["/bin/sh"] }, ["/bin/sh"]],
  ["both", { command: ["/bin/sh"], args: ["-c", "true"] }, ["/bin/sh", "-c", "true"]],
];
for (const [name, container, want] of commands) {
  test(`command: ${name}`, () => assert.deepEqual(config({ container }).args, want));
}
test("command: none at all is refused", () => {
  assert.throws(() => config({}, { entrypoint: [], cmd: [] }), /no command specified/);
});

test("env: the service over the image over the defaults; a bare name takes away", () => {
  const { env } = config({ container: { hostname: "h", tty: true, env: ["A=service", "B", "C=a=b"] } });
  assert.deepEqual(env, ["PATH=/image/bin", "HOSTNAME=h", "TERM=xterm", "A=service", "C=a=b"]);
  assert.deepEqual(mergeEnv(["A=1"], ["A"], ["A=2"]), ["A=2"]);
});

test("user, working directory and hostname fall back to the image and the task", () => {
  const init = task();
  const plain = containerConfig(init, image, node, NONE);
  assert.equal(plain.user, "web");
  assert.equal(plain.workingDir, "/srv");
  assert.equal(plain.hostname, init.id.slice(0, 12));
  const own = config({
    container: { user: "1:1", dir: "/tmp", hostname: "{{.Service.Name}}-{{.Task.Slot}}" },
    slot: 3,
  });
  assert.deepEqual([own.user, own.workingDir, own.hostname], ["1:1", "/tmp", "web-3"]);
  assert.equal(config({}, { workingDir: "" }).workingDir, "/");
});

test("network: as it was prepared; on the host's it takes the host's name", () => {
  const made = { kind: "path", path: "/run/netns/x", addresses: ["10.0.9.3"], resolvers: ["127.0.0.11"] } as const;
  assert.deepEqual(containerConfig(task(), image, node, made).network, made);
  assert.equal(containerConfig(task(), image, node, { kind: "host" }).hostname, "node1");
});

test("labels: the system's cannot be forged", () => {
  const init = task({ container: { labels: { mine: "1", "com.docker.swarm.service.name": "forged" } }, slot: 2 });
  assert.deepEqual(containerConfig(init, image, node, NONE).labels, {
    mine: "1",
    "com.docker.swarm.node.id": nodeId,
    "com.docker.swarm.service.id": init.serviceId,
    "com.docker.swarm.service.name": "web",
    "com.docker.swarm.task": "",
    "com.docker.swarm.task.id": init.id,
    "com.docker.swarm.task.name": `web.2.${init.id}`,
  });
});

test("a task of a global service: its slot is the node", () => {
  const init = task({ slot: 0, container: { env: ["N={{.Task.Slot}}", "NAME={{.Task.Name}}"] } });
  const { env } = containerConfig(init, image, node, NONE);
  assert.deepEqual(env.slice(-2), [`N=${nodeId}`, `NAME=web.${nodeId}.${init.id}`]);
});

test("mounts and limits", () => {
  const mounts = [
    newMount({ type: "bind", source: "/data/{{.Task.Slot}}", target: "/d", readOnly: true }),
    newMount({ type: "tmpfs", target: "/t", tmpfsOptions: { sizeBytes: 1024, mode: 0o700 } }),
  ];
  const limits = newResources({ memoryBytes: 1 << 26 });
  const made = config({ container: { mounts }, spec: { resources: newResourceRequirements({ limits }) } });
  assert.equal(made.mounts[0]?.source, "/data/1");
  assert.deepEqual([made.mounts[1]?.sizeBytes, made.mounts[1]?.mode], [1024, 0o700]);
  assert.equal(made.limits.memoryBytes, 1 << 26);
  assert.throws(() => config({ container: { mounts: [newMount({ type: "volume", target: "/v" })] } }), /no volumes/);
});

test("stop signal and grace: the task's, else the image's, else Docker's", () => {
  assert.equal(stopSignal(task({ container: { stopSignal: "SIGINT" } }), "SIGQUIT"), "SIGINT");
  assert.equal(stopSignal(task(), "SIGQUIT"), "SIGQUIT");
  assert.equal(stopSignal(task(), ""), "SIGTERM");
  assert.equal(stopSignal(task(), "SIGTREM"), "SIGTERM");
  assert.equal(stopGraceMs(task()), 10_000);
  assert.equal(stopGraceMs(task({ container: { stopGracePeriodMs: 0 } })), 0);
});
