import assert from "node:assert/strict";
import { test } from "node:test";
import { registryError, registryWords } from "../../../shared/image/registry-errors.ts";

test("a TLS registry that is listed as insecure: what to do about it", () => {
  const error = registryError(400, "r:5000", "image demo:1", "Client sent an HTTP request to an HTTPS server.");
  assert.equal(
    error.message,
    "registry r:5000 failed at image demo:1: Client sent an HTTP request to an HTTPS server. (it speaks TLS: take it off the insecure registries)",
  );
  assert.doesNotMatch(registryError(500, "r", "image demo:1", "oops").message, /TLS/);
});

test("a registry's words reach a terminal without control characters", () => {
  const answers: readonly (readonly [body: string, type: string])[] = [
    ['{"errors":[{"message":"no\\u001b[31m\\u0007"}]}', "application/json"],
    ['{"details":"no\\u001b[31m\\u0007"}', "application/json"],
    ["no\u001b[31m\u0007", "text/plain"],
  ];
  for (const [body, type] of answers) assert.equal(registryWords(Buffer.from(body), type), "no [31m ");
});
