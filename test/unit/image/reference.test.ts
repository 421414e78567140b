import assert from "node:assert/strict";
import { test } from "node:test";
import { SkepError } from "../../../shared/errors.ts";
import {
  canonicalImage,
  familiarReference,
  imageWithoutDigest,
  isDigest,
  parseReference,
} from "../../../shared/image/reference.ts";

const DIGEST = `sha256:${"ab".repeat(32)}`;

const forms: readonly (readonly [raw: string, canonical: string, familiar: string])[] = [
  ["nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["nginx:1.27", "docker.io/library/nginx:1.27", "nginx:1.27"],
  ["library/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["index.docker.io/nginx", "docker.io/library/nginx:latest", "nginx:latest"],
  ["user/app", "docker.io/user/app:latest", "user/app:latest"],
  ["user/team/app:v1", "docker.io/user/team/app:v1", "user/team/app:v1"],
  ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
  ["localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"],
  ["10.0.0.1:5000/a/b", "10.0.0.1:5000/a/b:latest", "10.0.0.1:5000/a/b:latest"],
  ["[fd00::1]:5000/app", "[fd00::1]:5000/app:latest", "[fd00::1]:5000/app:latest"],
  ["ghcr.io/owner/app", "ghcr.io/owner/app:latest", "ghcr.io/owner/app:latest"],
  ["HOST/app", "HOST/app:latest", "HOST/app:latest"],
  ["host:443/app", "host:443/app:latest", "host:443/app:latest"],
  [`nginx@${DIGEST}`, `docker.io/library/nginx@${DIGEST}`, `nginx@${DIGEST}`],
  [`nginx:1.27@${DIGEST}`, `docker.io/library/nginx:1.27@${DIGEST}`, `nginx:1.27@${DIGEST}`],
  [`r:5000/a@${DIGEST}`, `r:5000/a@${DIGEST}`, `r:5000/a@${DIGEST}`],
  ["a__b/c-d--e.f_g:T.a-g_1", "docker.io/a__b/c-d--e.f_g:T.a-g_1", "a__b/c-d--e.f_g:T.a-g_1"],
  ["library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
];
for (const [raw, canonical, familiar] of forms) {
  test(`reference: ${raw}`, () => {
    assert.equal(canonicalImage(raw), canonical);
    assert.equal(familiarReference(parseReference(raw)), familiar);
    assert.equal(canonicalImage(canonical), canonical);
    assert.equal(canonicalImage(familiar), canonical);
  });
}

const refused: readonly (readonly [raw: string, why: RegExp])[] = [
  ["", /it is empty/],
  ["ngi nx", /white space/],
  ["https://nginx", /without the scheme/],
  ["Nginx", /must be lower case/],
  ["user/App", /must be lower case/],
  ["nginx:", /is not a tag/],
  ["nginx:a:b", /is not a name|is not a host/],
  ["nginx:-x", /is not a tag/],
  [`nginx:${"a".repeat(129)}`, /is not a tag/],
  ["nginx@sha256:abc", /a digest is expected/],
  ["nginx@", /a digest is expected/],
  [`nginx@${DIGEST}@${DIGEST}`, /a digest is expected/],
  [`nginx@md5:${"a".repeat(32)}`, /a digest is expected/],
  ["/nginx", /empty component/],
  ["a//b", /empty component/],
  ["a/", /empty component/],
  ["localhost:5000/", /the name is missing/],
  ["-a", /"-a" is not a name/],
  ["a..b", /is not a name/],
  ["a___b", /is not a name/],
  ["../etc", /is not a host|is not a name/],
  ["host:x/app", /"host:x" is not a host/],
  ["-h.io/app", /"-h.io" is not a host/],
  ["ab".repeat(32), /image id, not a name/],
  [`a/${"b".repeat(255)}`, /longer than 255/],
  ["nginx:ü", /is not a tag/],
];
for (const [raw, why] of refused) {
  test(`reference refused: ${JSON.stringify(raw.slice(0, 40))}`, () => {
    assert.throws(
      () => parseReference(raw),
      (error) => error instanceof SkepError && error.code === "invalid_argument" && why.test(error.message),
    );
  });
}

test("imageWithoutDigest shows what people know", () => {
  assert.equal(imageWithoutDigest(`docker.io/library/nginx:1.27@${DIGEST}`), "nginx:1.27");
  assert.equal(imageWithoutDigest(`r:5000/a:v1@${DIGEST}`), "r:5000/a:v1");
  assert.equal(imageWithoutDigest(`nginx@${DIGEST}`), `nginx@${DIGEST}`);
  assert.equal(imageWithoutDigest("not an image"), "not an image");
});

test("isDigest", () => {
  assert.equal(isDigest(DIGEST), true);
  assert.equal(isDigest("sha256:AB"), false);
  assert.equal(isDigest(`${DIGEST}0`), false);
});
