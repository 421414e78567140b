// A real registry that speaks TLS with a certificate of a private authority: refused with what to do, and taken as soon as the
// host trusts the authority, without a restart; and a registry that is not there is told, also where its host is gone. On a
// link of its own: what is on a loopback address counts as insecure.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { realEnv } from "../../shared/env/real-env.ts";
import { isCode } from "../../shared/errors.ts";
import { createHttpTransport, type HttpTransport } from "../../shared/image/http.ts";
import { createImageResolver, type ImageResolver } from "../../shared/image/resolve.ts";
import { startTestRegistry, type TestRegistry } from "../support/test-registry.ts";

const dir = mkdtempSync(join(tmpdir(), "skep-registry-tls-"));
const file = (name: string): string => join(dir, name);
const bundle = file("bundle.crt");
const { signal } = new AbortController();
let registry: TestRegistry;
let transport: HttpTransport;
let resolve: ImageResolver;

const LINK = "skep-rtls0";
const ADDR = "10.213.8.1";
const ip = (...args: readonly string[]): void => {
  execFileSync("ip", args, { stdio: "pipe" });
};
const removeLink = (): void => {
  try {
    ip("link", "del", LINK);
  } catch {
    // not there
  }
};

const openssl = (...args: readonly string[]): Buffer => execFileSync("openssl", args, { stdio: "pipe" });

before(async () => {
  removeLink();
  ip("link", "add", LINK, "type", "veth", "peer", "name", "skep-rtls1");
  ip("addr", "add", `${ADDR}/24`, "dev", LINK);
  for (const end of [LINK, "skep-rtls1"]) ip("link", "set", end, "up");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", file("ca.key"), "-out", file("ca.pem"), "-days", "2", "-subj", "/CN=ours");
  openssl("req", ...key, "-keyout", file("registry.key"), "-out", file("registry.csr"), "-subj", "/CN=registry");
  writeFileSync(file("names"), `subjectAltName=IP:${ADDR}\n`);
  const authority = ["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"];
  const made = ["-in", file("registry.csr"), "-out", file("registry.pem"), "-days", "2", "-extfile", file("names")];
  openssl("x509", "-req", ...made, ...authority);
  registry = await startTestRegistry(undefined, ADDR, {
    certificate: file("registry.pem"),
    key: file("registry.key"),
  });
  writeFileSync(bundle, "");
  transport = createHttpTransport({ env: realEnv, bundles: [bundle] });
  resolve = createImageResolver({ env: realEnv, transport });
});
after(async () => {
  transport.close();
  await registry.stop();
  rmSync(dir, { recursive: true, force: true });
  removeLink();
});

const refused = (image: string, insecure: readonly string[], code: "unavailable" | "not_found", words: RegExp) =>
  assert.rejects(resolve(image, undefined, insecure, signal), (error) => {
    assert.ok(error instanceof Error && words.test(error.message), `${error}`);
    assert.ok(isCode(error, code), `${code}: ${error}`);
    return true;
  });

test("an authority that the host does not trust: said, with what to do", () =>
  refused(
    `${registry.host}/app:1`,
    [],
    "unavailable",
    /signed by a CA this host does not trust.*update-ca-certificates/,
  ));

test("one that it trusts by now: the registry answers, without a restart", async () => {
  writeFileSync(bundle, readFileSync(file("ca.pem")));
  await refused(`${registry.host}/app:1`, [], "not_found", /manifest unknown/);
});

test("a certificate that names another is refused", async () => {
  writeFileSync(file("names"), "subjectAltName=IP:10.213.8.2\n");
  const made = ["-in", file("registry.csr"), "-out", file("other.pem"), "-days", "2", "-extfile", file("names")];
  openssl("x509", "-req", ...made, "-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial");
  const other = await startTestRegistry(undefined, ADDR, { certificate: file("other.pem"), key: file("registry.key") });
  try {
    await refused(`${other.host}/app:1`, [], "unavailable", /certificate is for another name/);
  } finally {
    await other.stop();
  }
});

test("a TLS registry that is listed as insecure says so", () =>
  assert.rejects(resolve(`${registry.host}/app:1`, undefined, [registry.host], signal), /take it off the insecure/));

test("nobody listens there", async () => {
  const { host } = registry;
  await registry.stop();
  await refused(`${host}/app:1`, [], "unavailable", /cannot reach registry .*: connection refused/);
});

test("its host is gone: told as soon as the network knows, well before a lookup's limit", async () => {
  await refused(
    "10.213.8.9:5000/app:1",
    [],
    "unavailable",
    /cannot reach registry 10\.213\.8\.9:5000: no route to the host/,
  );
});
