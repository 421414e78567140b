import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { chainIds, documentLabels } from "../../../agent/runtime/containerd/images/chain.ts";
import { imageError } from "../../../agent/runtime/containerd/images/errors.ts";
import { rfc3339 } from "../../../agent/runtime/containerd/images/leases.ts";
import { recordName, recordNames } from "../../../agent/runtime/containerd/images/records.ts";
import { type Code, SkepError } from "../../../shared/errors.ts";
import { parseReference } from "../../../shared/image/reference.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const [A, B, C] = [digest("a"), digest("b"), digest("c")] as const;

test("chain ids: the first is the layer's own, each other hashes the one below and its layer", () => {
  const hash = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
  assert.deepEqual(chainIds([]), []);
  assert.deepEqual(chainIds([A]), [A]);
  const second = hash(`${A} ${B}`);
  assert.deepEqual(chainIds([A, B, C]), [A, second, hash(`${second} ${C}`)]);
});

test("what documents keep alive", () => {
  const part = (name: string) => ({ mediaType: "", digest: name, size: 1 });
  assert.deepEqual(
    documentLabels({ kind: "manifest", mediaType: "", config: part(A), layers: [part(B), part(C)] }, () => false),
    {
      "containerd.io/gc.ref.content.config": A,
      "containerd.io/gc.ref.content.l.0": B,
      "containerd.io/gc.ref.content.l.1": C,
    },
  );
  const entries = [A, B].map((name) => ({ ...part(name), annotations: {} }));
  const held = documentLabels({ kind: "index", mediaType: "", entries }, (name) => name === B);
  assert.deepEqual(held, { "containerd.io/gc.ref.content.m.1": B });
});

test("record names", () => {
  const names: readonly (readonly [image: string, looked: string, recorded: string[]])[] = [
    ["app", "docker.io/library/app:latest", [`docker.io/library/app@${C}`, "docker.io/library/app:latest"]],
    ["r:5000/app:v1", "r:5000/app:v1", [`r:5000/app@${C}`, "r:5000/app:v1"]],
    [`r:5000/app:v1@${C}`, `r:5000/app@${C}`, [`r:5000/app@${C}`, "r:5000/app:v1"]],
    [`r:5000/app@${C}`, `r:5000/app@${C}`, [`r:5000/app@${C}`]],
  ];
  for (const [image, looked, recorded] of names) {
    assert.equal(recordName(parseReference(image)), looked);
    assert.deepEqual(recordNames(parseReference(image), C), recorded);
  }
});

const times: readonly (readonly [unixMs: number, text: string])[] = [
  [0, "1970-01-01T00:00:00Z"],
  [951_782_400_999, "2000-02-29T00:00:00Z"],
  [1_700_000_000_000, "2023-11-14T22:13:20Z"],
  [1_735_689_599_000, "2024-12-31T23:59:59Z"],
];
for (const [unixMs, text] of times) test(`rfc3339 ${text}`, () => assert.equal(rfc3339(unixMs), text));

const errors: readonly (readonly [code: Code, words: string, want: Code])[] = [
  ["internal", "write /var/lib/x: no space left on device", "resource_exhausted"],
  ["unavailable", "write: no space left on device", "resource_exhausted"],
  ["failed_precondition", "unexpected commit digest sha256:1, expected sha256:2", "invalid_argument"],
  ["internal", "failed to extract layer: unexpected EOF", "invalid_argument"],
  ["internal", "something new", "internal"],
  ["not_found", "gone", "not_found"],
];
for (const [code, words, want] of errors) {
  test(`containerd's error ${JSON.stringify(words)} is ${want}`, () => {
    const told = imageError(new SkepError(code, words), "unpack layer x");
    assert.equal(told.code, want);
    assert.ok(told.message.includes(words));
  });
}
