import assert from "node:assert/strict";
import { test } from "node:test";
import { registryError } from "../../../shared/image/registry-errors.ts";

test("a TLS registry that is listed as insecure: what to do about it", () => {
  const error = registryError(400, "r:5000", "image demo:1", "Client sent an HTTP request to an HTTPS server.");
  assert.equal(
    error.message,
    "registry r:5000 failed at image demo:1: Client sent an HTTP request to an HTTPS server. (it speaks TLS: take it off the insecure registries)",
  );
  assert.doesNotMatch(registryError(500, "r", "image demo:1", "oops").message, /TLS/);
});
