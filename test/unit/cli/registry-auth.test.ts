import assert from "node:assert/strict";
import { test } from "node:test";
import { authFrom, configPath } from "../../../cli/service/registry-auth.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const config = (value: object): string => JSON.stringify(value);
const found = (text: string, image: string): unknown => {
  const auth = authFrom(text, "/c", image);
  return auth.kind === "found" ? JSON.parse(Buffer.from(auth.registryAuth, "base64").toString()) : auth.why;
};

for (const [name, text, image, want] of [
  [
    "Docker Hub by its old name",
    config({ auths: { "https://index.docker.io/v1/": { auth: base64("me:pw") } } }),
    "nginx",
    { username: "me", password: "pw", serveraddress: "docker.io" },
  ],
  [
    "a registry with a port",
    config({ auths: { "10.0.0.9:5000": { auth: base64("a:b:c") } } }),
    "10.0.0.9:5000/x/y:1",
    { username: "a", password: "b:c", serveraddress: "10.0.0.9:5000" },
  ],
  [
    "a registry written as an address",
    config({ auths: { "https://reg.example/v2/": { auth: base64("a:b") } } }),
    "reg.example/x",
    { username: "a", password: "b", serveraddress: "reg.example" },
  ],
  [
    "an identity token",
    config({ auths: { "reg.example": { auth: base64("t:"), identitytoken: "tok" } } }),
    "reg.example/x",
    { username: "t", password: "", serveraddress: "reg.example", identitytoken: "tok" },
  ],
  [
    "another registry's entry is not used",
    config({ auths: { "reg.example.evil": { auth: base64("a:b") } } }),
    "reg.example/x",
    "/c has no entry for reg.example",
  ],
  [
    "a helper is not run",
    config({ auths: { "reg.example": {} }, credsStore: "pass" }),
    "reg.example/x",
    '/c leaves the credentials for reg.example to the helper "pass", which skep does not run',
  ],
  ["an empty file of settings", "{}", "nginx", "/c has no entry for docker.io"],
] as const) {
  test(`credentials: ${name}`, () => assert.deepEqual(found(text, image), want));
}

for (const [text, complaint] of [
  ["{", /\/c is not JSON/],
  [config({ auths: { "reg.example": { auth: base64("nocolon") } } }), /not base64 of user:password/],
] as const) {
  test(`credentials: ${text} is refused`, () =>
    assert.throws(() => authFrom(text, "/c", "reg.example/x"), { code: "invalid_argument", message: complaint }));
}

test("where the file is", () => {
  assert.equal(configPath({ DOCKER_CONFIG: "/d", HOME: "/h" }), "/d/config.json");
  assert.equal(configPath({ HOME: "/h" }), "/h/.docker/config.json");
});
