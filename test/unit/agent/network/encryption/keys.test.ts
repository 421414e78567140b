import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { configOf } from "../../../../../agent/network/encryption/execute.ts";
import { formatKeys, newOwnKey, openKeyFile, parseKeys } from "../../../../../agent/network/encryption/keys.ts";
import { silentLog } from "../../../../../shared/log.ts";

describe("a node's own keys", () => {
  test("the public key follows from the private one that is kept", () => {
    const keys = [newOwnKey(1, 51_821), newOwnKey(2, 51_820)];
    assert.deepEqual(parseKeys(formatKeys(keys)), keys);
    assert.notEqual(keys[0]?.publicKey, keys[1]?.publicKey);
  });

  test("a damaged file is none, and says so; keys can be made anew at any time", async () => {
    const dir = mkdtempSync(join(tmpdir(), "skep-keys-"));
    try {
      const path = join(dir, "agent", "tunnel-keys.json");
      const warnings: string[] = [];
      const file = openKeyFile(path, { ...silentLog, warn: (_fields, message) => void warnings.push(message) });
      assert.deepEqual(await file.load(), []);
      const keys = [newOwnKey(3, 51_821)];
      await file.save(keys);
      assert.deepEqual(await file.load(), keys);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      for (const text of ["", "{", "7", '[{"epoch":1,"port":2,"privateKey":"short"}]', "[null]", '[{"epoch":"1"}]']) {
        writeFileSync(path, text);
        assert.deepEqual(await file.load(), []);
      }
      assert.equal(warnings.length, 6);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test("what wg is told: one address for each peer, and no key but that of this device", () => {
    const [one, two] = [newOwnKey(1, 51_821), newOwnKey(2, 51_820)];
    const peers = new Map([["PEER", { endpoint: "[2001:db8::1]:51821", address: "fd73::7" }]]);
    const text = configOf({ publicKey: one.publicKey, port: 51_821, mtu: 1440, peers }, [one, two]);
    assert.equal(
      text,
      `[Interface]\nPrivateKey = ${one.privateKey}\nListenPort = 51821\n` +
        "[Peer]\nPublicKey = PEER\nEndpoint = [2001:db8::1]:51821\nAllowedIPs = fd73::7/128\nPersistentKeepalive = 25\n",
    );
    assert.throws(() => configOf({ publicKey: "OTHER", port: 1, mtu: 1440, peers }, [one, two]), /without a key/);
  });
});
