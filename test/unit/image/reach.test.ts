import assert from "node:assert/strict";
import { test } from "node:test";
import { realEnv } from "../../../shared/env/real-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { createHttpTransport, type HttpTransport } from "../../../shared/image/http.ts";
import { isForbiddenTarget, isOnThisHost, type LookupAll } from "../../../shared/image/reach.ts";
import { RegistryClient } from "../../../shared/image/registry.ts";
import { type FakeRegistry, refuse, startFakeRegistry } from "./fake-registry.ts";

const signal = new AbortController().signal;

for (const [address, forbidden] of [
  ["127.0.0.1", true],
  ["127.9.9.9", true],
  ["0.0.0.0", true],
  ["169.254.169.254", true],
  ["224.0.0.1", true],
  ["255.255.255.255", true],
  ["::", true],
  ["::1", true],
  ["fe80::1", true],
  ["fe80::1%eth0", true],
  ["fd00:ec2::254", true],
  ["::ffff:127.0.0.1", true],
  ["::ffff:169.254.169.254", true],
  ["ff02::1", true],
  ["10.0.0.1", false],
  ["192.168.1.4", false],
  ["8.8.8.8", false],
  ["::ffff:8.8.8.8", false],
  ["fd00::1", false],
  ["2001:db8::1", false],
] as const) {
  test(`a registry ${forbidden ? "may not" : "may"} lead to ${address}`, () => {
    assert.equal(isForbiddenTarget(address), forbidden);
  });
}

for (const [url, own] of [
  ["http://localhost:5000/", true],
  ["http://127.0.0.1:5000/", true],
  ["http://[::1]:5000/", true],
  ["https://registry.example/", false],
  ["http://10.0.0.7:5000/", false],
] as const) {
  test(`the registry at ${url} is ${own ? "" : "not "}on this host`, () =>
    assert.equal(isOnThisHost(new URL(url)), own));
}

// registry.test is the user's registry and stands for one far away; names that it gives are looked up here.
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "inside.test": ["127.0.0.1"],
  localhost: ["127.0.0.1"],
  "half.test": ["192.0.2.1", "169.254.169.254"],
};
const lookupAll: LookupAll = (host, _options, done) => {
  const addresses = NAMES[host];
  if (addresses === undefined) done(Object.assign(new Error("unknown"), { code: "ENOTFOUND" }), []);
  else
    done(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
};
const real = createHttpTransport({ env: realEnv, lookupAll });
test.after(() => real.close());

function farRegistry(registry: FakeRegistry): RegistryClient {
  const transport: HttpTransport = {
    ...real,
    request: (request, abort) =>
      request.url.hostname === "registry.test"
        ? real.request({ ...request, url: new URL(request.url.pathname, `http://${registry.host}`) }, abort)
        : real.request(request, abort),
  };
  return new RegistryClient({
    env: realEnv,
    transport,
    host: "registry.test:80",
    path: "team/app",
    insecureRegistries: ["registry.test", "inside.test", "half.test", "127.0.0.1", "169.254.0.0/16", "localhost"],
    access: "pull",
  });
}

const isRefusal = (error: unknown): boolean => {
  assert.ok(error instanceof SkepError, String(error));
  assert.equal(error.code, "permission_denied", error.message);
  return true;
};

for (const target of ["127.0.0.1", "localhost", "inside.test", "half.test", "169.254.169.254", "[::1]", "2130706433"]) {
  test(`a redirect to ${target} reaches nobody`, async () => {
    await using registry = await startFakeRegistry();
    await using victim = await startFakeRegistry();
    const { port } = new URL(`http://${victim.host}`);
    registry.intercept = (request, response) => {
      response.writeHead(307, { location: `http://${target}:${port}${request.path}` });
      response.end();
      return true;
    };
    await assert.rejects(farRegistry(registry).manifest("v1", signal), isRefusal);
    assert.deepEqual(victim.requests, []);
  });
}

test("a token server on loopback is not asked for a registry elsewhere", async () => {
  await using registry = await startFakeRegistry();
  await using victim = await startFakeRegistry();
  registry.intercept = (_request, response) => {
    response.setHeader("www-authenticate", `Bearer realm="http://${victim.host}/token",service="s"`);
    return refuse(response, 401, "UNAUTHORIZED", "authentication required");
  };
  await assert.rejects(farRegistry(registry).manifest("v1", signal), isRefusal);
  assert.deepEqual(victim.requests, []);
});
