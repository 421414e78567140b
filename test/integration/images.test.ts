// Images with a real containerd and a real registry. Needs root, containerd, docker-registry and busybox-static.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type ContainerdClient, createContainerdClient } from "../../agent/runtime/containerd/client.ts";
import type { ImageStore } from "../../agent/runtime/containerd/image-store.ts";
import { createImages } from "../../agent/runtime/containerd/images/images.ts";
import { type PrivateContainerd, startPrivateContainerd } from "../../agent/runtime/containerd/private-containerd.ts";
import type { ImagePull } from "../../agent/runtime/runtime.ts";
import { pushTo } from "../../deploy/demo-image.ts";
import { ContentService } from "../../proto/gen/containerd_content.ts";
import { ImagesService } from "../../proto/gen/containerd_images.ts";
import { LeasesService } from "../../proto/gen/containerd_leases.ts";
import { SnapshotsService } from "../../proto/gen/containerd_snapshots.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { seededRandom } from "../../shared/env/sim-env.ts";
import { type Code, SkepError } from "../../shared/errors.ts";
import { type BuiltImage, buildImage, dockerArchive, ociArchive } from "../../shared/image/build.ts";
import { sha256 } from "../../shared/image/digest.ts";
import { createHttpTransport } from "../../shared/image/http.ts";
import { hostPlatform } from "../../shared/image/platform.ts";
import { pushImage } from "../../shared/image/push.ts";
import { RegistryClient } from "../../shared/image/registry.ts";
import { createImageResolver } from "../../shared/image/resolve.ts";
import { silentLog } from "../../shared/log.ts";
import { newId, type TaskId } from "../../shared/model/ids.ts";
import { busyboxImage, busyboxIndex, chunksOf } from "../support/busybox-image.ts";
import { startTestRegistry, type TestRegistry } from "../support/test-registry.ts";
import { startFakeRegistry } from "../unit/image/fake-registry.ts";

const LIMIT_MS = 120_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

describe("images in containerd", { timeout: LIMIT_MS }, () => {
  const root = mkdtempSync(join(tmpdir(), "skep-images-"));
  const transport = createHttpTransport({ env: realEnv });
  const signal = AbortSignal.timeout(LIMIT_MS);
  let containerd: PrivateContainerd;
  let client: ContainerdClient;
  let images: ImageStore;
  let registry: TestRegistry;
  let namespaces = 0;

  before(async () => {
    registry = await startTestRegistry();
    containerd = await startPrivateContainerd({
      env: realEnv,
      log: silentLog,
      root: join(root, "lib"),
      state: join(root, "run"),
      path: PATH,
    });
    client = createContainerdClient({ env: realEnv, socket: containerd.socket });
    images = createImages({ client, env: realEnv, log: silentLog, transport });
  });
  after(async () => {
    client?.close();
    transport.close();
    await containerd?.close();
    await registry?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  const pull = (image: string, init: Partial<ImagePull> = {}): ImagePull => ({
    image,
    insecureRegistries: [],
    ...init,
  });
  const push = (path: string, image: BuiltImage, tag = "v1"): Promise<void> =>
    pushTo(registry.host, path, tag, image, { env: realEnv, signal });
  const fails = (code: Code, words: RegExp) => (error: unknown) => {
    assert.ok(error instanceof SkepError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, words);
    return true;
  };
  // An image of its own per test: content is shared by digest.
  const unique = (name: string, layers = 1): Promise<BuiltImage> =>
    buildImage({
      platform: hostPlatform(),
      layers: Array.from({ length: layers }, (_, i) => [
        { kind: "file", path: `file${i}`, mode: 0o644, content: `${name} ${i}`.repeat(10_000) },
      ]),
    });
  const leases = async (): Promise<string[]> =>
    (await client.call(LeasesService.list, { filters: [] }, signal)).leases.map(({ id }) => id);
  const ingests = async (): Promise<string[]> =>
    (await client.call(ContentService.listStatuses, { filters: [] }, signal)).statuses.map(({ ref }) => ref);

  // Mounts what a container would get, reads a file and takes it down again.
  const withRootfs = async (image: string, read: (dir: string) => void): Promise<void> => {
    const id = newId<TaskId>(realEnv.random);
    const { mounts } = await images.prepareRootfs(id, image, signal);
    const again = await images.prepareRootfs(id, image, signal);
    assert.deepEqual(again.mounts, mounts);
    assert.deepEqual(await images.rootfsMounts(id, signal), mounts);
    const dir = join(root, "mnt");
    mkdirSync(dir, { recursive: true });
    const [mount] = mounts;
    assert.ok(mount !== undefined);
    execFileSync("mount", ["-t", mount.type, "-o", mount.options.join(","), mount.source, dir]);
    try {
      read(dir);
    } finally {
      execFileSync("umount", [dir]);
      await images.removeRootfs(id, signal);
      await images.removeRootfs(id, signal);
    }
    await assert.rejects(images.rootfsMounts(id, signal), fails("not_found", /./));
  };

  test("pull by digest as the manager resolves it, unpack, and run from it", async () => {
    const index = await busyboxIndex();
    await push("team/busybox", index);
    const resolve = createImageResolver({ env: realEnv, transport });
    const { image, platforms } = await resolve(`${registry.host}/team/busybox:v1`, undefined, [], signal);
    assert.equal(image, `${registry.host}/team/busybox:v1@${index.root.digest}`);
    assert.equal(platforms.length, 2);
    const config = await images.pull(pull(image), signal);
    assert.equal(config.digest, index.root.digest);
    assert.deepEqual(config.cmd, ["sh"]);
    await withRootfs(image, (dir) => {
      assert.match(readFileSync(join(dir, "etc/skep-test"), "utf8"), /second layer/);
      assert.match(execFileSync("chroot", [dir, "/bin/sh", "-c", "id -un"], { encoding: "utf8" }), /root/);
    });
    assert.deepEqual(
      (await leases()).filter((id) => id.startsWith("skep-pull")),
      [],
    );
    assert.deepEqual(await ingests(), []);
  });

  test("an image that is here needs no registry, also for a daemon that was started again", async () => {
    const image = await unique("offline");
    const temporary = await startTestRegistry();
    const path = `${temporary.host}/offline`;
    await pushTo(temporary.host, "offline", "v1", image, { env: realEnv, signal });
    await images.pull(pull(`${path}:v1`), signal);
    await temporary.stop();
    const restarted = createImages({ client, env: realEnv, log: silentLog, transport });
    for (const name of [`${path}@${image.root.digest}`, `${path}:v1@${image.root.digest}`, `${path}:v1`]) {
      assert.equal((await restarted.pull(pull(name), signal)).digest, image.root.digest);
    }
    await assert.rejects(restarted.pull(pull(`${path}:v2`), signal), fails("unavailable", /connection refused/));
  });

  test("a tag that has moved is followed", async () => {
    const [old, next] = [await unique("moving 1"), await unique("moving 2")];
    await push("moving", old);
    const name = `${registry.host}/moving:v1`;
    assert.equal((await images.pull(pull(name), signal)).digest, old.root.digest);
    await push("moving", next);
    assert.equal((await images.pull(pull(name), signal)).digest, next.root.digest);
    assert.equal((await images.pull(pull(`${name}@${old.root.digest}`), signal)).digest, old.root.digest);
  });

  test("what cannot be pulled says why", async () => {
    const host = registry.host;
    await assert.rejects(images.pull(pull(`${host}/nothere:1`), signal), fails("not_found", /nothere:1: .*unknown/));
    await assert.rejects(images.pull(pull("host/UPPER"), signal), fails("invalid_argument", /lower case/));
    await assert.rejects(
      images.pull(pull("127.0.0.1:1/x"), signal),
      fails("unavailable", /127\.0\.0\.1:1: connection refused/),
    );
    const foreign = await buildImage({
      platform: { os: "linux", architecture: "s390x", variant: "" },
      layers: [[{ kind: "file", path: "a", mode: 0o644, content: "a" }]],
    });
    await push("foreign", foreign);
    await assert.rejects(
      images.pull(pull(`${host}/foreign:v1`), signal),
      fails("invalid_argument", /it has: linux\/s390x/),
    );
    const id = newId<TaskId>(realEnv.random);
    await assert.rejects(images.prepareRootfs(id, "never/pulled", signal), fails("not_found", /not on this node/));
  });

  test("a registry with a password", async () => {
    const login = { username: "user", password: "secret" };
    const closed = await startTestRegistry(login);
    try {
      const image = await unique("private");
      const credentials = { ...login, identityToken: "" };
      const options = { env: realEnv, transport, host: closed.host, path: "private", insecureRegistries: [] };
      await pushImage(new RegistryClient({ ...options, credentials, access: "push" }), image, "v1", signal);
      const name = `${closed.host}/private:v1`;
      await assert.rejects(images.pull(pull(name), signal), fails("unauthenticated", /authentication required/));
      const wrong = { ...credentials, password: "guess" };
      await assert.rejects(
        images.pull(pull(name, { auth: wrong }), signal),
        fails("unauthenticated", /authentication required/),
      );
      assert.equal((await images.pull(pull(name, { auth: credentials }), signal)).digest, image.root.digest);
    } finally {
      await closed.stop();
    }
  });

  test("a broken stream is resumed where it ended", async () => {
    await using fake = await startFakeRegistry();
    const image = await buildImage({
      platform: hostPlatform(),
      compression: "none",
      layers: [[{ kind: "file", path: "big", mode: 0o644, content: "0123456789abcdef".repeat(131_072) }]],
    });
    const [, layer] = image.blobs;
    assert.ok(layer !== undefined);
    fake.add("big", "v1", image);
    // Cut when containerd has some of it.
    const cut = async (response: ServerResponse): Promise<void> => {
      for (;;) {
        const { statuses } = await client.call(ContentService.listStatuses, { filters: [] }, signal);
        if (statuses.some(({ ref, offset }) => ref.endsWith(layer.digest) && offset > 0)) break;
        await realEnv.sleep(5, signal);
      }
      response.destroy();
    };
    let isCut = false;
    fake.intercept = (request, response) => {
      if (!request.path.endsWith(layer.digest) || isCut) return false;
      isCut = true;
      response.writeHead(200, { "content-length": layer.size });
      response.write(layer.bytes.subarray(0, 700_000));
      void cut(response);
      return true;
    };
    await images.pull(pull(`${fake.host}/big:v1`), signal);
    const ranges = fake.requests.filter(({ path }) => path.endsWith(layer.digest)).map(({ range }) => range);
    assert.equal(ranges.length, 2);
    assert.match(ranges[1] ?? "", /^bytes=[1-9][0-9]+-$/);
  });

  test("a layer with other content than its digest says is refused and leaves nothing", async () => {
    await using fake = await startFakeRegistry();
    const image = await unique("damaged");
    const [, layer] = image.blobs;
    assert.ok(layer !== undefined);
    fake.add("damaged", "v1", image);
    fake.intercept = (request, response) => {
      if (!request.path.endsWith(layer.digest)) return false;
      response.end(Buffer.alloc(layer.size, 1));
      return true;
    };
    const name = `${fake.host}/damaged:v1`;
    await assert.rejects(images.pull(pull(name), signal), fails("invalid_argument", /not what was announced/));
    assert.deepEqual(await ingests(), []);
    assert.deepEqual(
      (await leases()).filter((id) => id.startsWith("skep-pull")),
      [],
    );
    fake.intercept = () => false;
    await images.pull(pull(name), signal);
  });

  test("a config that lies about its layers is refused", async () => {
    const honest = await unique("lies");
    const [config, layer] = honest.blobs;
    assert.ok(config !== undefined && layer !== undefined);
    const text = Buffer.from(config.bytes)
      .toString()
      .replace(/"diff_ids":\["sha256:[0-9a-f]{64}"/, `"diff_ids":["sha256:${"0".repeat(64)}"`);
    const lie = { ...config, bytes: Buffer.from(text), digest: sha256(Buffer.from(text)), size: text.length };
    const manifest = Buffer.from(
      Buffer.from(honest.root.bytes)
        .toString()
        .replace(config.digest, lie.digest)
        .replace(`"size":${config.size}`, `"size":${lie.size}`),
    );
    const rootBlob = { ...honest.root, bytes: manifest, digest: sha256(manifest), size: manifest.length };
    await push("lies", { root: rootBlob, manifests: [], blobs: [lie, layer] });
    await assert.rejects(
      images.pull(pull(`${registry.host}/lies:v1`), signal),
      fails("invalid_argument", /its config says/),
    );
  });

  test("many pulls of one image are one; images that share layers do not disturb one another", async () => {
    await using fake = await startFakeRegistry();
    const image = await unique("popular", 6);
    fake.add("popular", "v1", image);
    fake.add("other", "v1", image);
    const digest = image.root.digest;
    const names = [...Array(10).fill(`${fake.host}/popular:v1@${digest}`), `${fake.host}/other:v1@${digest}`];
    const configs = await Promise.all(names.map((name: string) => images.pull(pull(name), signal)));
    assert.equal(new Set(configs.map((config) => config.digest)).size, 1);
    for (const { digest: blob } of image.blobs.slice(1)) {
      assert.equal(fake.requests.filter(({ path }) => path.endsWith(blob)).length, 1, "each layer is fetched once");
    }
  });

  test("an aborted pull ends at once, and the next one succeeds", async () => {
    await using fake = await startFakeRegistry();
    const image = await unique("aborted");
    const [, layer] = image.blobs;
    assert.ok(layer !== undefined);
    fake.add("aborted", "v1", image);
    const asked = Promise.withResolvers<void>();
    fake.intercept = (request, response) => {
      if (!request.path.endsWith(layer.digest)) return false;
      response.writeHead(200, { "content-length": layer.size });
      response.write(layer.bytes.subarray(0, 10));
      asked.resolve();
      return true;
    };
    const abort = new AbortController();
    const name = `${fake.host}/aborted:v1`;
    const pulling = images.pull(pull(name), abort.signal);
    pulling.catch(() => undefined);
    await asked.promise;
    abort.abort(new Error("enough"));
    await assert.rejects(pulling, /enough/);
    fake.intercept = () => false;
    assert.equal((await images.pull(pull(name), signal)).digest, image.root.digest);
  });

  test("nothing of an image is collected as garbage, and all of it is when its records go", async () => {
    const image = await unique("garbage", 2);
    await push("garbage", image);
    const name = `${registry.host}/garbage`;
    await images.pull(pull(`${name}:v1`), signal);
    // A synchronous deletion of a lease runs the collector.
    const collect = async (): Promise<void> => {
      await client.call(LeasesService.create, { id: `gc-${namespaces++}`, labels: {} }, signal);
      await client.call(LeasesService.delete, { id: `gc-${namespaces - 1}`, sync: true }, signal);
    };
    await collect();
    for (const { digest } of [image.root, ...image.blobs]) {
      const { info } = await client.call(ContentService.info, { digest }, signal);
      assert.equal(info?.labels[`containerd.io/distribution.source.${registry.host}`], "garbage");
    }
    await withRootfs(`${name}:v1`, (dir) => assert.ok(existsSync(join(dir, "file1"))));
    for (const record of [`${name}:v1`, `${name}@${image.root.digest}`]) {
      await client.call(ImagesService.delete, { name: record, sync: true }, signal);
    }
    await collect();
    await assert.rejects(
      client.call(ContentService.info, { digest: image.root.digest }, signal),
      fails("not_found", /./),
    );
    // And it can be had again.
    await images.pull(pull(`${name}:v1`), signal);
    await withRootfs(`${name}:v1`, (dir) => assert.ok(existsSync(join(dir, "file1"))));
  });

  const archives: readonly (readonly [name: string, make: (name: string) => Promise<Uint8Array>])[] = [
    ["oci", async (name) => ociArchive(name, await busyboxImage())],
    ["oci-index", async (name) => ociArchive(name, await busyboxIndex())],
    ["oci-gzip", async (name) => gzipSync(await ociArchive(name, await busyboxImage()), { level: 1 })],
    ["docker", async (name) => dockerArchive(name, await busyboxImage([], "none"))],
  ];
  for (const [kind, make] of archives) {
    test(`load an archive: ${kind}`, async () => {
      const name = `127.0.0.1:9/loaded/${kind}:v1`;
      const bytes = await make(name);
      assert.deepEqual(await images.loadImage(chunksOf(bytes), signal), [name]);
      assert.deepEqual(await images.loadImage(chunksOf(bytes), signal), [name]);
      const config = await images.pull(pull(name), signal);
      assert.deepEqual(config.cmd, ["sh"]);
      await withRootfs(name, (dir) => assert.ok(existsSync(join(dir, "bin/busybox"))));
      assert.deepEqual(
        (await leases()).filter((id) => id.startsWith("skep-load")),
        [],
      );
      assert.deepEqual(await ingests(), []);
    });
  }

  test("a broken archive is refused and leaves nothing", async () => {
    const image = await unique("broken");
    const bytes = await ociArchive("broken:v1", image);
    const damaged = Buffer.from(bytes);
    const at = damaged.indexOf(image.blobs[1]?.bytes ?? "") + 100;
    damaged[at] = (damaged[at] ?? 0) ^ 0xff;
    await assert.rejects(
      images.loadImage(chunksOf(damaged), signal),
      fails("invalid_argument", /not what was announced/),
    );
    await assert.rejects(
      images.loadImage(chunksOf(bytes.subarray(0, 3000)), signal),
      fails("invalid_argument", /cannot be read/),
    );
    await assert.rejects(
      images.loadImage(chunksOf(Buffer.from("no archive at all")), signal),
      fails("invalid_argument", /./),
    );
    assert.deepEqual(await ingests(), []);
    assert.deepEqual(
      (await leases()).filter((id) => id.startsWith("skep-load")),
      [],
    );
  });

  test("a full disk is told as such, leaves nothing, and the next image still comes", async () => {
    const small = join(root, "small");
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", small]);
    const state = join(root, "small-run");
    const other = await startPrivateContainerd({ env: realEnv, log: silentLog, root: small, state, path: PATH });
    const narrow = createContainerdClient({ env: realEnv, socket: other.socket });
    try {
      const cramped = createImages({ client: narrow, env: realEnv, log: silentLog, transport });
      const random = seededRandom(1);
      const noise = Buffer.from(Uint32Array.from({ length: 5_000_000 }, () => random() * 2 ** 32).buffer);
      const big = await buildImage({
        platform: hostPlatform(),
        compression: "none",
        layers: [[{ kind: "file", path: "noise", mode: 0o644, content: noise }]],
      });
      await push("big", big);
      await push("little", await unique("little"));
      await assert.rejects(
        cramped.pull(pull(`${registry.host}/big:v1`), signal),
        fails("resource_exhausted", /no space left on this node's disk/),
      );
      const { statuses } = await narrow.call(ContentService.listStatuses, { filters: [] }, signal);
      assert.deepEqual(statuses, []);
      await cramped.pull(pull(`${registry.host}/little:v1`), signal);
      const archive = chunksOf(await ociArchive("big:v1", big));
      await assert.rejects(cramped.loadImage(archive, signal), fails("resource_exhausted", /no space left/));
    } finally {
      narrow.close();
      await other.close();
      execFileSync("umount", [small]);
    }
  });

  test("the snapshots are overlayfs where the file system can", async () => {
    const snapshots = [];
    for await (const { info } of client.stream(
      SnapshotsService.list,
      { snapshotter: "overlayfs", filters: [] },
      signal,
    )) {
      snapshots.push(...info);
    }
    assert.ok(snapshots.length > 0);
    assert.ok(snapshots.every(({ kind, name }) => kind === "committed" && !name.startsWith("extract-")));
  });
});
