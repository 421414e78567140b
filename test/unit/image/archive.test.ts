import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import tar from "tar-stream";
import { type Code, SkepError } from "../../../shared/errors.ts";
import { type ArchiveContent, archivePath, type BlobSink, readArchive } from "../../../shared/image/archive.ts";
import {
  buildImage,
  buildIndex,
  dockerArchive,
  type ImageFile,
  ociArchive,
  tarOf,
} from "../../../shared/image/build.ts";
import { sha256, verifyBytes } from "../../../shared/image/digest.ts";
import { MEDIA, parseDocument } from "../../../shared/image/manifest.ts";

const signal = new AbortController().signal;
const amd64 = { os: "linux", architecture: "amd64", variant: "" };

interface MemorySink extends BlobSink {
  readonly blobs: Map<string, Uint8Array>;
}

function memorySink(): MemorySink {
  const blobs = new Map<string, Uint8Array>();
  return {
    blobs,
    store: async (data, size, digest) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of data) chunks.push(chunk);
      const bytes = Buffer.concat(chunks);
      assert.equal(bytes.length, size);
      if (digest !== undefined) verifyBytes(bytes, digest, "blob");
      const found = digest ?? sha256(bytes);
      blobs.set(found, bytes);
      return found;
    },
  };
}

// In pieces of odd sizes, as a network would bring it.
async function* pieces(bytes: Uint8Array, size = 777): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const load = (bytes: Uint8Array, sink: BlobSink = memorySink()): Promise<ArchiveContent> =>
  readArchive(pieces(bytes), sink, signal);

const fails =
  (words: RegExp, code: Code = "invalid_argument") =>
  (error: unknown) => {
    assert.ok(error instanceof SkepError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };

const files = (text: string): ImageFile[] => [{ kind: "file", path: "hello", mode: 0o644, content: text }];
const image = (compression: "gzip" | "none" = "none") =>
  buildImage({ platform: amd64, compression, layers: [files("one"), files("two")], cmd: ["/hello"] });

test("an OCI layout: names, root, documents apart from layers", async () => {
  const built = await image("gzip");
  const sink = memorySink();
  const content = await load(await ociArchive("app:v1", built), sink);
  assert.deepEqual(content.images, [
    {
      names: ["docker.io/library/app:v1"],
      root: { digest: built.root.digest, size: built.root.size, mediaType: MEDIA.ociManifest },
    },
  ]);
  const [config, ...layers] = built.blobs;
  assert.deepEqual([...content.stored].sort(), layers.map(({ digest }) => digest).sort());
  assert.deepEqual([...sink.blobs.keys()].sort(), layers.map(({ digest }) => digest).sort());
  assert.ok(content.documents.has(built.root.digest) && content.documents.has(config?.digest ?? ""));
});

test("an index of several platforms", async () => {
  const built = buildIndex([{ platform: amd64, image: await image() }]);
  const content = await load(await ociArchive("localhost:5000/app", built));
  assert.equal(content.images[0]?.names[0], "localhost:5000/app:latest");
  assert.equal(content.images[0]?.root.mediaType, MEDIA.ociIndex);
});

test("docker save of old: a manifest is made, layers are checked against the config", async () => {
  const built = await image();
  const content = await load(await dockerArchive("app:v1", built));
  const [only] = content.images;
  assert.ok(only !== undefined);
  assert.deepEqual(only.names, ["docker.io/library/app:v1"]);
  const document = parseDocument(content.documents.get(only.root.digest) ?? Buffer.of(), only.root.mediaType, "made");
  assert.ok(document.kind === "manifest");
  assert.deepEqual(
    document.layers.map(({ digest }) => digest),
    built.blobs.slice(1).map(({ digest }) => digest),
  );
  const again = await load(await dockerArchive("app:v1", built));
  assert.equal(again.images[0]?.root.digest, only.root.digest);
});

test("gzip and zstd around the archive", async () => {
  const plain = await ociArchive("app", await image());
  for (const packed of [gzipSync(plain), zstdCompressSync(plain)]) {
    assert.equal((await load(packed)).images.length, 1);
  }
});

test("a linked layer, as docker wrote for repeated ones", async () => {
  const [layer] = [await tarOf(files("same"))];
  const config = JSON.stringify({
    os: "linux",
    architecture: "amd64",
    rootfs: { diff_ids: [sha256(layer), sha256(layer)] },
  });
  const manifest = JSON.stringify([{ Config: "c.json", RepoTags: ["app"], Layers: ["a/layer.tar", "b/layer.tar"] }]);
  const bytes = await tarOf([
    { kind: "symlink", path: "b/layer.tar", target: "../a/layer.tar" },
    { kind: "file", path: "a/layer.tar", mode: 0o644, content: layer },
    { kind: "file", path: "c.json", mode: 0o644, content: config },
    { kind: "file", path: "manifest.json", mode: 0o644, content: manifest },
  ]);
  assert.equal((await load(bytes)).stored.size, 1);
});

const paths: readonly (readonly [raw: string, want: string | undefined])[] = [
  ["a/b", "a/b"],
  ["./a//b/", "a/b"],
  ["/etc/passwd", undefined],
  ["a/../../b", undefined],
  ["..", undefined],
  ["a\0b", undefined],
  ["a..b", "a..b"],
];
for (const [raw, want] of paths) {
  test(`archive path ${JSON.stringify(raw)}`, () => {
    if (want === undefined) assert.throws(() => archivePath(raw), fails(/leads out/));
    else assert.equal(archivePath(raw), want);
  });
}

const one = (path: string, content: string): ImageFile => ({ kind: "file", path, mode: 0o644, content });
const hex = "ab".repeat(32);
const broken: readonly (readonly [name: string, files: ImageFile[], words: RegExp])[] = [
  ["path upwards", [one("../evil.tar", "x")], /leads out/],
  ["absolute path", [one("/etc/evil.tar", "x")], /leads out/],
  ["link upwards", [{ kind: "symlink", path: "a/layer.tar", target: "../../x" }], /leads out/],
  ["absolute link", [{ kind: "symlink", path: "a/layer.tar", target: "/etc/shadow" }], /leads out/],
  ["not an image", [one("readme.txt", "hello")], /not an image archive/],
  ["wrong blob digest", [one(`blobs/sha256/${hex}`, "layer bytes")], /has digest/],
  ["wrong document digest", [one(`blobs/sha256/${hex}`, "{}")], /has digest/],
  ["blob without digest", [one("blobs/sha256/abc", "x")], /not named by a digest/],
  ["no name", [one("manifest.json", '[{"Config":"c.json","RepoTags":null,"Layers":[]}]')], /has no name/],
  [
    "config missing",
    [one("manifest.json", '[{"Config":"c.json","RepoTags":["a"],"Layers":[]}]')],
    /c\.json is missing/,
  ],
  ["config upwards", [one("manifest.json", '[{"Config":"../c.json","RepoTags":["a"],"Layers":[]}]')], /leads out/],
  ["bad name", [one("manifest.json", '[{"Config":"c.json","RepoTags":["A"],"Layers":[]}]')], /lower case/],
  ["manifest not JSON", [one("manifest.json", "[x")], /not JSON/],
  ["index broken", [one("index.json", '{"manifests":[{}]}')], /bad digest/],
  [
    "layer missing",
    [
      one("c.json", `{"rootfs":{"diff_ids":["sha256:${hex}"]}}`),
      one("manifest.json", '[{"Config":"c.json","RepoTags":["a"],"Layers":["l.tar"]}]'),
    ],
    /l\.tar is missing/,
  ],
  [
    "layer differs from the config",
    [
      one("l.tar", "something else"),
      one("c.json", `{"rootfs":{"diff_ids":["sha256:${hex}"]}}`),
      one("manifest.json", '[{"Config":"c.json","RepoTags":["a"],"Layers":["l.tar"]}]'),
    ],
    /instead of sha256:abab/,
  ],
];
for (const [name, contents, words] of broken) {
  test(`refused: ${name}`, async () => assert.rejects(load(await tarOf(contents)), fails(words)));
}

test("refused: what is no archive, a cut one, devices", async () => {
  await assert.rejects(load(Buffer.alloc(0)), fails(/empty/));
  await assert.rejects(load(Buffer.from("hello, I am no archive".repeat(100))), fails(/cannot be read|not an image/));
  const plain = await ociArchive("app", await image());
  await assert.rejects(load(plain.subarray(0, plain.length / 2)), fails(/cannot be read/));
  await assert.rejects(load(gzipSync(plain).subarray(0, 500)), fails(/cannot be read/));
  const pack = tar.pack();
  pack.entry({ name: "sda", type: "block-device" });
  pack.finalize();
  await assert.rejects(readArchive(pack, memorySink(), signal), fails(/block-device/));
});

test("the sink's error is what the caller sees", async () => {
  const full = new SkepError("resource_exhausted", "disk full");
  const sink: BlobSink = { store: () => Promise.reject(full) };
  await assert.rejects(load(await ociArchive("app", await image()), sink), fails(/disk full/, "resource_exhausted"));
});

test("indexes that list one another twice at every level are read once each", async () => {
  const { root, blobs } = await image();
  const file = (digest: string, content: Uint8Array): ImageFile => {
    return { kind: "file", path: `blobs/${digest.replace(":", "/")}`, mode: 0o644, content };
  };
  const parts = [root, ...blobs].map(({ digest, bytes }) => file(digest, bytes));
  let below = { mediaType: root.mediaType, digest: root.digest, size: root.size };
  const indexOf = (...manifests: readonly object[]): Buffer =>
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }));
  for (let level = 0; level < 40; level++) {
    const bytes = indexOf(below, below);
    below = { mediaType: MEDIA.ociIndex, digest: sha256(bytes), size: bytes.length };
    parts.push(file(below.digest, bytes));
  }
  const top = indexOf({ ...below, annotations: { "io.containerd.image.name": "deep:1" } });
  const archive = await tarOf([...parts, { kind: "file", path: "index.json", mode: 0o644, content: top }]);
  const { images } = await load(archive);
  assert.deepEqual(
    images.map(({ names }) => names),
    [["docker.io/library/deep:1"]],
  );
});

test("an abort ends the reading", async () => {
  const abort = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield (await ociArchive("app", await image())).subarray(0, 600);
    abort.abort(new Error("enough"));
    await new Promise(() => undefined);
  }
  await assert.rejects(readArchive(endless(), memorySink(), abort.signal), /enough/);
});
