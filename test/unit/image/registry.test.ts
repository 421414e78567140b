import assert from "node:assert/strict";
import { createServer as createHttpServer, type ServerResponse } from "node:http";
import { createServer } from "node:net";
import { test } from "node:test";
import type { Env } from "../../../shared/env/env.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { type Code, SkepError } from "../../../shared/errors.ts";
import { type BuiltImage, buildImage, buildIndex } from "../../../shared/image/build.ts";
import type { RegistryCredentials } from "../../../shared/image/credentials.ts";
import { createHttpTransport } from "../../../shared/image/http.ts";
import { RegistryClient } from "../../../shared/image/registry.ts";
import { createImageResolver } from "../../../shared/image/resolve.ts";
import { type FakeRegistry, refuse, startFakeRegistry } from "./fake-registry.ts";

const signal = new AbortController().signal;
// Waits between attempts are not what is tested.
const env: Env = { ...realEnv, sleep: async () => undefined };
const linux = (architecture: string): { os: string; architecture: string; variant: string } => ({
  os: "linux",
  architecture,
  variant: "",
});
const anImage = (architecture = "amd64", content = "x".repeat(100_000)): Promise<BuiltImage> =>
  buildImage({
    platform: linux(architecture),
    compression: "none",
    layers: [[{ kind: "file", path: "data", mode: 0o644, content }]],
  });

const transport = createHttpTransport({ env: realEnv });
const client = (registry: FakeRegistry, credentials?: RegistryCredentials): RegistryClient =>
  new RegistryClient({
    env,
    transport,
    host: registry.host,
    path: "team/app",
    credentials,
    insecureRegistries: [],
    access: "pull",
  });
test.after(() => transport.close());

const fails = (code: Code, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof SkepError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, words);
  return true;
};

const read = async (chunks: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = "";
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return text;
};

test("manifest by tag and by digest, verified", async () => {
  await using registry = await startFakeRegistry();
  const image = await anImage();
  registry.add("team/app", "v1", image);
  const byTag = await client(registry).manifest("v1", signal);
  assert.equal(byTag.digest, image.root.digest);
  assert.deepEqual(Buffer.from(byTag.bytes), Buffer.from(image.root.bytes));
  assert.equal((await client(registry).manifest(image.root.digest, signal)).digest, image.root.digest);
  assert.equal(await client(registry).manifestDigest("v1", signal), image.root.digest);
});

test("refusals carry the registry's words", async () => {
  await using registry = await startFakeRegistry();
  await assert.rejects(client(registry).manifest("no", signal), fails("not_found", /team\/app:no: manifest unknown/));
  registry.intercept = (_, response) => refuse(response, 403, "DENIED", "not for you");
  await assert.rejects(client(registry).manifest("v1", signal), fails("permission_denied", /not for you/));
  registry.intercept = (_, response) => refuse(response, 401, "UNAUTHORIZED", "who are you");
  await assert.rejects(client(registry).manifest("v1", signal), fails("unauthenticated", /who are you.*needs a login/));
  registry.intercept = (_, response) => {
    response.writeHead(400, { "content-type": "text/plain" });
    response.end("strange\u001b[31m\nmore");
    return true;
  };
  await assert.rejects(client(registry).manifest("v1", signal), fails("invalid_argument", /strange \[31m$/));
});

test("a manifest that is not what was asked for is refused", async () => {
  await using registry = await startFakeRegistry();
  const image = await anImage();
  registry.intercept = (_, response) => {
    response.writeHead(200, { "docker-content-digest": image.root.digest });
    response.end("{}");
    return true;
  };
  await assert.rejects(client(registry).manifest(image.root.digest, signal), fails("invalid_argument", /has digest/));
  await assert.rejects(client(registry).manifest("v1", signal), fails("invalid_argument", /has digest/));
  registry.intercept = (_, response) => {
    response.end("x".repeat(5 * 1024 * 1024));
    return true;
  };
  await assert.rejects(client(registry).manifest("v1", signal), fails("invalid_argument", /larger than/));
});

test("blobs: whole, from an offset, with and without ranges", async () => {
  await using registry = await startFakeRegistry();
  const image = await anImage("amd64", "0123456789");
  registry.add("team/app", "v1", image);
  const [config, layer] = image.blobs;
  assert.ok(config !== undefined && layer !== undefined);
  const whole = Buffer.from(layer.bytes).toString();
  assert.equal(await read(client(registry).blob(layer, 0, signal)), whole);
  assert.equal(await read(client(registry).blob(layer, 700, signal)), whole.slice(700));
  assert.equal(registry.requests.at(-1)?.range, "bytes=700-");
  registry.intercept = (_, response) => {
    response.end(layer.bytes);
    return true;
  };
  assert.equal(await read(client(registry).blob(layer, 700, signal)), whole.slice(700));
  assert.deepEqual(Buffer.from(await client(registry).smallBlob(layer, 1e6, signal)), Buffer.from(layer.bytes));
  await assert.rejects(client(registry).smallBlob(config, 1e6, signal), fails("invalid_argument", /longer than/));
});

test("a truncated body and a wrong blob are told", async () => {
  await using registry = await startFakeRegistry();
  const image = await anImage();
  const [, layer] = image.blobs;
  assert.ok(layer !== undefined);
  registry.intercept = (_, response) => {
    response.writeHead(200, { "content-length": layer.size });
    response.write(layer.bytes.subarray(0, 1000), () => response.destroy());
    return true;
  };
  await assert.rejects(read(client(registry).blob(layer, 0, signal)), fails("unavailable", /cannot reach registry/));
  registry.intercept = (_, response) => {
    response.end(layer.bytes.subarray(0, 1000));
    return true;
  };
  await assert.rejects(read(client(registry).blob(layer, 0, signal)), fails("unavailable", /sent 1000 of/));
  registry.intercept = (_, response) => {
    response.end(Buffer.alloc(layer.size));
    return true;
  };
  await assert.rejects(client(registry).smallBlob(layer, 1e6, signal), fails("invalid_argument", /has digest/));
});

test("429 and 5xx are repeated a few times, then told", async () => {
  await using registry = await startFakeRegistry();
  registry.add("team/app", "v1", await anImage());
  let failures = 2;
  registry.intercept = (_, response) => failures-- > 0 && refuse(response, 503, "UNAVAILABLE", "busy");
  await client(registry).manifest("v1", signal);
  assert.equal(registry.requests.length, 3);
  failures = Number.POSITIVE_INFINITY;
  registry.requests.length = 0;
  registry.intercept = (_, response) => refuse(response, 429, "TOOMANYREQUESTS", "slow down");
  await assert.rejects(client(registry).manifest("v1", signal), fails("unavailable", /slow down/));
  assert.equal(registry.requests.length, 4);
  registry.requests.length = 0;
  registry.intercept = (_, response) => {
    response.setHeader("retry-after", "3600");
    return refuse(response, 429, "TOOMANYREQUESTS", "come back in an hour");
  };
  await assert.rejects(client(registry).manifest("v1", signal), fails("unavailable", /in an hour/));
  assert.equal(registry.requests.length, 1);
});

test("a broken connection is repeated", async () => {
  await using registry = await startFakeRegistry();
  registry.add("team/app", "v1", await anImage());
  let failures = 1;
  registry.intercept = (_, response) => {
    if (failures-- <= 0) return false;
    response.destroy();
    return true;
  };
  await client(registry).manifest("v1", signal);
  assert.equal(registry.requests.length, 2);
});

test("basic authentication, only when asked for", async () => {
  await using registry = await startFakeRegistry();
  registry.add("team/app", "v1", await anImage());
  registry.intercept = (request, response) => {
    if (request.authorization === "Basic dTpw") return false;
    response.setHeader("www-authenticate", 'Basic realm="r"');
    return refuse(response, 401, "UNAUTHORIZED", "authentication required");
  };
  const good = client(registry, { username: "u", password: "p", identityToken: "" });
  await good.manifest("v1", signal);
  await good.manifest("v1", signal);
  assert.deepEqual(
    registry.requests.map(({ authorization }) => authorization),
    ["", "Basic dTpw", "Basic dTpw"],
  );
  const bad = client(registry, { username: "u", password: "no", identityToken: "" });
  await assert.rejects(bad.manifest("v1", signal), fails("unauthenticated", /authentication required/));
  await assert.rejects(client(registry).manifest("v1", signal), fails("unauthenticated", /needs a login/));
});

test("token authentication, and a new token when the old one expires", async () => {
  await using registry = await startFakeRegistry();
  registry.add("team/app", "v1", await anImage());
  let valid = 1;
  registry.intercept = (request, response) => {
    if (request.path.startsWith("/token")) {
      if (request.authorization !== "Basic dTpw" && request.body === "") {
        response.writeHead(401, { "content-type": "application/json" });
        response.end(JSON.stringify({ details: "incorrect username or password" }));
      } else response.end(JSON.stringify({ token: `t${valid}` }));
      return true;
    }
    if (request.authorization === `Bearer t${valid}`) return false;
    response.setHeader("www-authenticate", `Bearer realm="http://${registry.host}/token",service="s"`);
    return refuse(response, 401, "UNAUTHORIZED", "authentication required");
  };
  const good = client(registry, { username: "u", password: "p", identityToken: "" });
  await good.manifest("v1", signal);
  valid = 2;
  await good.manifest("v1", signal);
  const tokens = registry.requests.filter(({ path }) => path.startsWith("/token"));
  assert.equal(tokens.length, 2);
  assert.match(tokens[0]?.path ?? "", /scope=repository%3Ateam%2Fapp%3Apull&/);
  await client(registry, { username: "", password: "", identityToken: "I" }).manifest("v1", signal);
  assert.match(registry.requests.at(-2)?.body ?? "", /grant_type=refresh_token.*refresh_token=I/);
  const bad = client(registry, { username: "u", password: "no", identityToken: "" });
  await assert.rejects(bad.manifest("v1", signal), fails("unauthenticated", /incorrect username or password/));
});

test("a redirect to another host is followed without the credentials", async () => {
  await using registry = await startFakeRegistry();
  await using storage = await startFakeRegistry();
  const image = await anImage();
  const [, layer] = image.blobs;
  assert.ok(layer !== undefined);
  storage.add("team/app", "v1", image);
  registry.intercept = (request, response) => {
    if (request.authorization === "") {
      response.setHeader("www-authenticate", "Basic");
      return refuse(response, 401, "UNAUTHORIZED", "authentication required");
    }
    response.writeHead(307, { location: `http://${storage.host}${request.path}` });
    response.end();
    return true;
  };
  const good = client(registry, { username: "u", password: "p", identityToken: "" });
  await read(good.blob(layer, 0, signal));
  assert.equal(registry.requests.at(-1)?.authorization, "Basic dTpw");
  assert.deepEqual(
    storage.requests.map(({ authorization }) => authorization),
    [""],
  );
  registry.intercept = (request, response) => {
    response.writeHead(302, { location: request.path });
    response.end();
    return true;
  };
  await assert.rejects(good.manifest("v1", signal), fails("unavailable", /in circles/));
});

test("another part than asked for is refused, and its connection is not kept waiting", async () => {
  await using registry = await startFakeRegistry();
  const image = await anImage("amd64", "x".repeat(16 << 20));
  const [, layer] = image.blobs;
  assert.ok(layer !== undefined);
  const closed = Promise.withResolvers<void>();
  registry.intercept = (_, response) => {
    response.writeHead(206, { "content-range": `bytes 0-${layer.size - 1}/${layer.size}` });
    response.once("close", closed.resolve).end(layer.bytes);
    return true;
  };
  await assert.rejects(read(client(registry).blob(layer, 700, signal)), fails("unavailable", /sent another part/));
  await closed.promise;
});

test("a request that waits for a free connection is not out of time to connect", async () => {
  const held: ServerResponse[] = [];
  const allHeld = Promise.withResolvers<void>();
  let free = false;
  const server = createHttpServer((_, response) => {
    if (free) return void response.end("late");
    held.push(response);
    if (held.length === 8) allHeld.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`);
  const connecting = new Set<() => void>();
  const byHand: Env = {
    ...realEnv,
    timer: (ms, callback) => {
      if (ms === 6_000) connecting.add(callback);
      return { cancel: () => connecting.delete(callback) };
    },
  };
  const busy = createHttpTransport({ env: byHand });
  try {
    const answers = Array.from({ length: 9 }, () =>
      busy.request({ method: "GET", url, namedBy: "user", headers: {} }, signal),
    );
    await allHeld.promise;
    for (const tooLate of [...connecting]) tooLate();
    free = true;
    for (const response of held) response.end("held");
    const texts = await Promise.all(answers.map(async (answer) => read((await answer).body)));
    assert.deepEqual(texts.toSorted(), [...Array.from({ length: 8 }, () => "held"), "late"]);
  } finally {
    busy.close();
    server.close();
  }
});

test("nobody there, silence, and an abort", async () => {
  await using registry = await startFakeRegistry();
  const gone = { ...registry, host: "127.0.0.1:1" };
  await assert.rejects(client(gone).manifest("v1", signal), fails("unavailable", /127\.0\.0\.1:1: connection refused/));

  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const address = silent.address();
  const host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const connected = Promise.withResolvers<() => void>();
  const byHand: Env = {
    ...realEnv,
    timer: (ms, callback) => {
      if (ms === 30_000) connected.resolve(callback);
      return { cancel: () => undefined };
    },
  };
  const impatient = createHttpTransport({ env: byHand });
  try {
    const options = { env: byHand, host, path: "a", insecureRegistries: [], access: "pull" } as const;
    const waiting = new RegistryClient({ ...options, transport: impatient }).manifest("v1", signal);
    waiting.catch(() => undefined);
    (await connected.promise)();
    await assert.rejects(waiting, fails("unavailable", /did not answer within 30 s/));

    const abort = new AbortController();
    const aborted = new RegistryClient({ ...options, transport: impatient }).manifest("v1", abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
  } finally {
    impatient.close();
    silent.close();
  }
});

test("resolve: digest and platforms, of an index and of a single image", async () => {
  await using registry = await startFakeRegistry();
  const index = buildIndex([
    { platform: linux("amd64"), image: await anImage("amd64") },
    { platform: { ...linux("arm64"), variant: "v8" }, image: await anImage("arm64") },
    { platform: { os: "unknown", architecture: "unknown", variant: "" }, image: await anImage("x") },
  ]);
  registry.add("app", "latest", index);
  registry.add("single", "v1", await anImage("arm64"));
  const resolve = createImageResolver({ env, transport });
  const found = await resolve(`${registry.host}/app`, undefined, [], signal);
  assert.equal(found.image, `${registry.host}/app:latest@${index.root.digest}`);
  assert.deepEqual(found.platforms, [
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
  const single = await resolve(`${registry.host}/single:v1`, undefined, [], signal);
  assert.deepEqual(single.platforms, [{ architecture: "arm64", os: "linux" }]);
  await assert.rejects(resolve("Bad", undefined, [], signal), fails("invalid_argument", /lower case/));
  await assert.rejects(resolve(`${registry.host}/no`, undefined, [], signal), fails("not_found", /manifest unknown/));
});

test("a body that nobody wants and that does not end is cut off", async (t) => {
  const closed = Promise.withResolvers<void>();
  const server = createHttpServer((_request, response) => {
    response.on("close", () => closed.resolve());
    response.writeHead(401);
    response.write("and on it goes …");
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const hasty: Env = { ...realEnv, timer: (ms, callback) => realEnv.timer(ms === 5_000 ? 0 : ms, callback) };
  const own = createHttpTransport({ env: hasty });
  t.after(() => own.close());
  const url = new URL(`http://127.0.0.1:${address.port}/`);
  const response = await own.request({ method: "GET", url, namedBy: "user", headers: {} }, signal);
  response.discard();
  await closed.promise;
});
