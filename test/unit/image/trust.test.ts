import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { currentTrust } from "../../../shared/image/trust.ts";

test("the host's certificates are read anew when they changed, and only then", () => {
  const dir = mkdtempSync(join(tmpdir(), "skep-trust-"));
  try {
    const bundle = join(dir, "ca-certificates.crt");
    const places = [join(dir, "elsewhere.pem"), bundle];
    const none = currentTrust(undefined, places);
    assert.equal(currentTrust(none, places), none);
    assert.ok(none.certificates.length > 0, "Node's own list is there");
    writeFileSync(bundle, "ONE");
    const one = currentTrust(none, places);
    assert.equal(one.certificates.at(-1), "ONE");
    assert.equal(currentTrust(one, places), one);
    // As update-ca-certificates does it: a new file in the place of the old one.
    writeFileSync(`${bundle}.new`, "TWO");
    renameSync(`${bundle}.new`, bundle);
    const two = currentTrust(one, places);
    assert.equal(two.certificates.at(-1), "TWO");
    rmSync(bundle);
    assert.deepEqual(currentTrust(two, places).certificates, none.certificates);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
