// Images: a registry with a password, one digest for all nodes, an archive loaded onto all nodes.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { busybox, busyboxArchiveFile, startPasswordRegistry } from "./images.ts";
import { dev, eventually, eventuallyRunning, removeServices, skep, skepAt, tasksOf, useCluster } from "./support.ts";

const dir = mkdtempSync(join(tmpdir(), "skep-images-"));
before(useCluster);
after(async () => {
  await removeServices("private", "loaded", "same");
  rmSync(dir, { recursive: true, force: true });
});

test("a manager resolves the digest once, and all tasks run that", async () => {
  const image = await busybox();
  await skep("service", "create", "--name", "same", "--replicas", "5", image, "sleep", "1000");
  const spec = await skep("service", "inspect", "same", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}");
  assert.match(spec, /@sha256:[0-9a-f]{64}/);
  assert.doesNotMatch(await skep("service", "ls"), /sha256/);
});

test("a registry with a password: refused in its own words without, works with", async () => {
  const registry = await startPasswordRegistry();
  try {
    await skep("service", "create", "-d", "--name", "private", registry.image, "sleep", "1000");
    await eventually("the task says what the registry said", async () => {
      const errors = (await tasksOf("private")).map((task) => task.error).join("\n");
      assert.match(errors, /authentication required|unauthorized/i);
    });
    await skep("service", "rm", "private");
    const login = (password: string): string => {
      const auth = Buffer.from(`user:${password}`).toString("base64");
      writeFileSync(join(dir, "config.json"), JSON.stringify({ auths: { [registry.host]: { auth } } }));
      return dir;
    };
    const create = (password: string, ...flags: string[]): ReturnType<typeof skepAt> =>
      skepAt(
        "node1",
        ["service", "create", ...flags, "--name", "private", "--with-registry-auth", registry.image, "sleep", "1000"],
        {
          env: { DOCKER_CONFIG: login(password) },
        },
      );
    assert.equal((await create("wrong", "-d")).code, 0);
    await eventually("wrong password is told", async () => {
      const errors = (await tasksOf("private")).map((task) => task.error).join("\n");
      assert.match(errors, /authentication required|unauthorized/i);
    });
    await skep("service", "rm", "private");
    const good = await create("secret");
    assert.equal(good.code, 0, good.stderr);
    await eventuallyRunning("private", 1);
    assert.doesNotMatch(await skep("service", "inspect", "private"), /secret|cGFzc3|RegistryAuth/i);
  } finally {
    await registry.stop();
  }
});

test("an archive loaded onto all nodes runs without a registry", async () => {
  const file = join(dir, "image.tar");
  await busyboxArchiveFile("loaded.example/box:1", file);
  assert.match(await dev("load", file), /Loaded image: .*box:1/);
  await skep(
    "service",
    "create",
    "--name",
    "loaded",
    "--replicas",
    "5",
    "--no-resolve-image",
    "loaded.example/box:1",
    "sleep",
    "1000",
  );
  assert.equal(new Set((await eventuallyRunning("loaded", 5)).map((task) => task.node)).size, 5);
});
