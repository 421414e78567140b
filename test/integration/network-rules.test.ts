// Rules that go to the kernel as bytes (agent/network/apply/nft-binary.ts) are those that nft makes of the text.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { encodeChanges } from "../../agent/network/apply/nft-binary.ts";
import { readAddresses } from "../../agent/network/plan/addresses.ts";
import { addPortGuard } from "../../agent/network/plan/port-guard.ts";
import { nftLines, type RuleChange, ruleChanges } from "../../agent/network/plan/rule-changes.ts";
import { balanceChain, NO_RULES, observedOf, type Ruleset, RulesetBuilder } from "../../agent/network/plan/ruleset.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { sh } from "../support/network-fabric.ts";

const NAMESPACES = ["skeprules-text", "skeprules-bytes"] as const;
const kernel = new KernelProcess({ env: realEnv });
const signal = AbortSignal.timeout(60_000);

/** A service per list of targets; ports of tasks with their addresses. */
function rules(
  services: readonly (readonly string[])[],
  marks: Readonly<Record<string, string>>,
  ports: Readonly<Record<string, readonly string[]>>,
): Ruleset {
  const built = new RulesetBuilder();
  addPortGuard(
    built,
    Object.entries(ports).map(([link, texts]) => ({ link, addresses: readAddresses(texts) })),
  );
  const vip = { 4: built.map("vip4", "ipv4_addr : verdict"), 6: built.map("vip6", "ipv6_addr : verdict") };
  const refused = { 4: built.map("refused4", "ipv4_addr"), 6: built.map("refused6", "ipv6_addr") };
  const via = built.map("via", "ether_addr : mark");
  for (const [mac, mark] of Object.entries(marks)) via.set(mac, mark);
  services.forEach((texts, i) => {
    for (const family of [4, 6] as const) {
      const targets = readAddresses(texts).filter(({ ip }) => ip.family === family);
      const address = family === 4 ? `10.0.9.${i + 10}` : `fd00:9::${i + 10}`;
      const chain = built.add(balanceChain("v", { targets, place: "7" }));
      if (chain === "") refused[family].set(address, "");
      else vip[family].set(address, `goto ${chain}`);
    }
  });
  built.chain("out", {
    hook: "type nat hook output priority -100",
    rules: ["ip daddr vmap @vip4", "ip6 daddr vmap @vip6"],
  });
  return built.build();
}

const HISTORY: readonly Ruleset[] = [
  rules([["10.0.9.3", "10.0.9.4", "fd00:9::3"], [], ["10.0.9.5"]], { "02:42:0a:00:00:fb": "251" }, {}),
  rules(
    [["10.0.9.3", "fd00:9::3", "fd00:9::4"], ["10.0.9.6"], []],
    { "02:42:0a:00:00:fb": "251", "02:42:0a:00:00:fc": "65537" },
    { svabcdefgh35t: ["10.0.9.3", "fd00:9::3"], sv0: ["10.0.9.4"] },
  ),
  rules(
    [["10.0.9.3", "10.0.9.4", "10.0.9.5", "10.0.9.6"], ["10.0.9.6"]],
    { "02:42:0a:00:00:fc": "252" },
    { sv0: ["10.0.9.4", "2001:db8::5"] },
  ),
];

function text(changes: readonly RuleChange[]): void {
  const script = `${changes.flatMap(nftLines).join("\n")}\n`;
  const { status, stderr } = spawnSync("ip", ["netns", "exec", NAMESPACES[0], "nft", "-f", "-"], { input: script });
  assert.equal(status, 0, String(stderr));
}
const listed = (namespace: string): string =>
  sh(
    `nsenter --net=/run/netns/${namespace} sh -c 'nft list table inet skep; nft list table bridge skep 2>/dev/null || true'`,
  );

before(() => {
  for (const name of NAMESPACES) sh(`ip netns del ${name} 2>/dev/null || true; ip netns add ${name}`);
});
after(() => {
  for (const name of NAMESPACES) spawnSync("ip", ["netns", "del", name]);
});

test("every change makes the same table as bytes and as text", async () => {
  let before: Ruleset | undefined;
  for (const rules of HISTORY) {
    const changes = ruleChanges(
      rules,
      before === undefined ? { chains: new Map(), maps: new Map() } : observedOf(before),
    );
    text(changes);
    assert.equal(encodeChanges(changes) === undefined, before === undefined, "only a table is made by the library");
    await kernel.execute([{ kind: "rules", namespace: NAMESPACES[1], changes, rules }], signal);
    assert.equal(listed(NAMESPACES[1]), listed(NAMESPACES[0]));
    before = rules;
  }
});

test("a service of more tasks than one message can name goes as text", async () => {
  const last = HISTORY.at(-1) ?? assert.fail();
  const targets = Array.from({ length: 3_000 }, (_, i) => `10.1.${i >> 8}.${i & 255}`);
  const large = rules([targets], {}, {});
  const there = ruleChanges(large, observedOf(last));
  assert.equal(encodeChanges(there), undefined);
  await kernel.execute([{ kind: "rules", namespace: NAMESPACES[1], changes: there, rules: large }], signal);
  assert.match(listed(NAMESPACES[1]), /mod 3000/);
  const back = ruleChanges(last, observedOf(large));
  await kernel.execute([{ kind: "rules", namespace: NAMESPACES[1], changes: back, rules: last }], signal);
  assert.doesNotMatch(listed(NAMESPACES[1]), /mod 3000/);
});

test("a change that the kernel refuses is told, and changes nothing", async () => {
  const unchanged = listed(NAMESPACES[1]);
  const add = (key: string, value: string): RuleChange => ({
    kind: "addElement",
    name: "vip4",
    type: "ipv4_addr : verdict",
    key,
    value,
  });
  const into = (namespace: string, ...changes: readonly RuleChange[]) =>
    kernel.execute([{ kind: "rules", namespace, changes, rules: NO_RULES }], signal);
  const good = add("10.0.9.201", `goto ${[...(HISTORY.at(-1)?.chains.keys() ?? [])][0]}`);
  const bad = add("10.0.9.200", "goto v-none");
  assert.ok(encodeChanges([good, bad]));
  await assert.rejects(into(NAMESPACES[1], good, bad), /namespace skeprules-bytes: rules: .*no such file/i);
  const unknown: RuleChange = { kind: "addRules", name: "out", chain: { rules: ["ip daddr vmap @nothing"] } };
  await assert.rejects(into(NAMESPACES[1], unknown), /namespace skeprules-bytes: rules: .*nothing/);
  await assert.rejects(into("skeprules-none", good), /skeprules-none/);
  assert.equal(listed(NAMESPACES[1]), unchanged);
});
