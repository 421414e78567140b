import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatPlatform,
  type ImagePlatform,
  normalisePlatform,
  selectPlatform,
} from "../../../shared/image/platform.ts";

function platform(text: string): ImagePlatform {
  const [os = "", architecture = "", variant = ""] = text.split("/");
  return { os, architecture, variant };
}

const spellings: readonly (readonly [string, string])[] = [
  ["linux/x86_64", "linux/amd64"],
  ["linux/x64", "linux/amd64"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/aarch64", "linux/arm64/v8"],
  ["linux/arm64", "linux/arm64/v8"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/armel", "linux/arm/v6"],
  ["Linux/AMD64", "linux/amd64"],
  ["linux/constructor", "linux/constructor"],
];
for (const [raw, want] of spellings) {
  test(`platform: ${raw}`, () => assert.equal(formatPlatform(normalisePlatform(platform(raw))), want));
}

const choices: readonly (readonly [wanted: string, offered: string[], want: string])[] = [
  ["linux/amd64", ["linux/arm64", "linux/amd64"], "linux/amd64"],
  ["linux/amd64", ["linux/amd64/v3", "linux/amd64"], "linux/amd64"],
  ["linux/amd64", ["linux/386"], "linux/386"],
  ["linux/arm64", ["linux/arm/v7", "linux/arm64/v8"], "linux/arm64/v8"],
  ["linux/arm64", ["linux/arm64"], "linux/arm64"],
  ["linux/arm64", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"],
  ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6", "linux/arm64"], "linux/arm/v6"],
  ["linux/amd64", ["unknown/unknown", "linux/amd64"], "linux/amd64"],
];
for (const [wanted, offered, want] of choices) {
  test(`platform for ${wanted} of ${offered.join(" ")}`, () => {
    const entries = offered.map((text) => ({ platform: platform(text) }));
    assert.equal(formatPlatform(selectPlatform("app", platform(wanted), entries).platform), want);
  });
}

test("no match lists what there is", () => {
  const entries = ["windows/amd64", "linux/arm64/v8", "unknown/unknown"].map((text) => ({ platform: platform(text) }));
  assert.throws(
    () => selectPlatform("app:v1", platform("linux/amd64"), entries),
    /image app:v1 has no version for linux\/amd64; it has: linux\/arm64\/v8, windows\/amd64/,
  );
  assert.throws(() => selectPlatform("app", platform("linux/amd64"), []), /it has: none/);
});

test("an entry without a platform is the last resort", () => {
  const bare: { platform?: ImagePlatform } = {};
  assert.equal(selectPlatform("app", platform("linux/amd64"), [bare]), bare);
  const exact = { platform: platform("linux/amd64") };
  assert.equal(selectPlatform("app", platform("linux/amd64"), [bare, exact]), exact);
});
