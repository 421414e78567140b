import assert from "node:assert/strict";
import { test } from "node:test";
import { type Challenge, parseChallenges, parseToken, tokenRequest } from "../../../shared/image/challenge.ts";
import { parseRegistryAuth } from "../../../shared/image/credentials.ts";
import { isInsecureRegistry } from "../../../shared/image/insecure.ts";

const headers: readonly (readonly [header: string, want: Challenge[]])[] = [
  ["", []],
  ["Basic", [{ scheme: "basic", params: {} }]],
  ['Basic realm="a, b"', [{ scheme: "basic", params: { realm: "a, b" } }]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      {
        scheme: "bearer",
        params: {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:a/b:pull,push",
        },
      },
    ],
  ],
  [
    'BEARER Realm = "https://x" , service=plain, Basic realm="y"',
    [
      { scheme: "bearer", params: { realm: "https://x", service: "plain" } },
      { scheme: "basic", params: { realm: "y" } },
    ],
  ],
  ['Basic realm="say \\"hi\\""', [{ scheme: "basic", params: { realm: 'say "hi"' } }]],
  ['Bearer realm="unclosed', [{ scheme: "bearer", params: {} }]],
  ["=nonsense", []],
];
for (const [header, want] of headers) {
  test(`challenge: ${header}`, () => assert.deepEqual(parseChallenges(header), want));
}

const challenge = (realm: string): Challenge => ({ scheme: "bearer", params: { realm, service: "s" } });
const user = { username: "u", password: "p", identityToken: "" };

test("token request: anonymous, with a password, with an identity token", () => {
  const anonymous = tokenRequest(challenge("https://a/token?x=1"), "repository:r:pull", undefined, false);
  assert.equal(anonymous.method, "GET");
  assert.equal(anonymous.url.href, "https://a/token?x=1&service=s&scope=repository%3Ar%3Apull");
  assert.deepEqual(anonymous.headers, {});
  const password = tokenRequest(challenge("https://a/token"), "repository:r:pull", user, false);
  assert.equal(password.headers["authorization"], "Basic dTpw");
  assert.equal(password.url.searchParams.get("account"), "u");
  const refresh = tokenRequest(challenge("https://a/token"), "s1", { ...user, identityToken: "I" }, false);
  assert.equal(refresh.method, "POST");
  assert.equal(new URLSearchParams(refresh.body).get("refresh_token"), "I");
  assert.equal(refresh.headers["authorization"], undefined);
});

test("token request: credentials leave over HTTPS only, unless the registry itself is insecure", () => {
  assert.throws(() => tokenRequest(challenge("http://a/token"), "s", user, false), /not HTTPS/);
  assert.equal(tokenRequest(challenge("http://a/token"), "s", user, true).url.host, "a");
  assert.throws(() => tokenRequest(challenge("nowhere"), "s", user, true), /no address/);
  assert.throws(() => tokenRequest(challenge("file:///etc"), "s", user, true), /not HTTPS/);
});

test("token answers", () => {
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  assert.equal(parseToken(bytes({ token: "a" })), "a");
  assert.equal(parseToken(bytes({ access_token: "b", token: "" })), "b");
  for (const bad of [{}, { token: 1 }, { token: "a\r\nb" }, null]) {
    assert.throws(() => parseToken(bytes(bad)), /without a token/);
  }
});

test("registry credentials as Docker encodes them", () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  assert.deepEqual(parseRegistryAuth(encode({ username: "u", password: "p", serveraddress: "x" })), user);
  assert.deepEqual(parseRegistryAuth(encode({ identitytoken: "t" })), {
    username: "",
    password: "",
    identityToken: "t",
  });
  assert.equal(parseRegistryAuth(""), undefined);
  assert.equal(parseRegistryAuth(encode({})), undefined);
  assert.throws(
    () => parseRegistryAuth("c2VjcmV0"),
    (error) => error instanceof Error && !/secret/.test(error.message),
  );
});

const insecure: readonly (readonly [host: string, list: string[], want: boolean])[] = [
  ["localhost", [], true],
  ["localhost:5000", [], true],
  ["127.0.0.1:5000", [], true],
  ["127.9.9.9", [], true],
  ["[::1]:5000", [], true],
  ["128.0.0.1", [], false],
  ["docker.io", [], false],
  ["r.local:5000", ["r.local:5000"], true],
  ["R.local:5000", ["r.LOCAL:5000"], true],
  ["r.local:5001", ["r.local:5000"], false],
  ["r.local:5001", ["r.local"], true],
  ["r.local", ["r.local:5000"], false],
  ["10.77.0.1:5000", ["10.0.0.0/8"], true],
  ["11.0.0.1:5000", ["10.0.0.0/8"], false],
  ["[fd00::1]:5000", ["fd00::/8"], true],
  ["name.local", ["10.0.0.0/8"], false],
  ["10.0.0.1", ["10.0.0.0/99", "nonsense/8", "/"], false],
];
for (const [host, list, want] of insecure) {
  test(`insecure registry: ${host} in [${list.join(" ")}]`, () => assert.equal(isInsecureRegistry(host, list), want));
}
