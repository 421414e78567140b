// A daemon with thousands of connections, and one with no descriptor left: libnftables ends its process where its socket's number
// is beyond 1023, or where it gets none, and that must not be the daemon's end. All names begin with skepfds- or an id with netfds.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type Fabric, makeFabric, removeFabric } from "../support/network-fabric.ts";
import type { Story } from "../support/network-story.ts";

const FABRIC: Fabric = { name: "skepfds", hosts: { n1: "10.99.0.1" } };
const STORY: Story = {
  ids: "netfds",
  nodes: { n1: "10.99.0.1" },
  networks: {
    back: {
      vni: 4097,
      subnets: [{ subnet: "10.0.9.0/24", gateway: "10.0.9.1" }],
      services: { web: { vips: ["10.0.9.10"] } },
    },
  },
  tasks: [
    { name: "a1", node: "n1", service: "web", on: { back: ["10.0.9.5"] } },
    { name: "a2", node: "n1", service: "web", on: { back: ["10.0.9.6"] } },
  ],
};

/** @param limit of descriptors, hard and soft. @returns what the program tells. */
function run(limit: number, mode: string, count = 0): Record<string, unknown> {
  const program = join(import.meta.dirname, "../support/descriptors-program.ts");
  const script = `ulimit -n ${limit}; exec "$@"`;
  const words = [process.execPath, program, mode, "/run/netns/skepfds-n1", JSON.stringify(STORY), String(count)];
  const { status, signal, stdout, stderr } = spawnSync("sh", ["-ec", script, "sh", ...words], {
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(status, 0, `${mode}: status ${status}, ${signal}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describe("descriptors of a daemon and its network", () => {
  const remove = (): void => removeFabric(FABRIC.name, STORY.ids);
  beforeEach(() => {
    remove();
    makeFabric(FABRIC);
  });
  afterEach(remove);

  test("with 5,000 connections open, services come and go", () => {
    const { open, steps, differences } = run(8_192, "many", 5_000);
    assert.ok(Number(open) >= 5_000, String(open));
    assert.ok(Array.isArray(steps) && steps.length === 10 && steps.every((count) => count > 0), String(steps));
    assert.deepEqual(differences, []);
  });

  test("with none left, what runs goes on; what cannot be started anew is said, and done as soon as there are some", () => {
    const { full, words } = run(256, "none-left");
    assert.equal(full, "EMFILE");
    assert.ok(Array.isArray(words));
    const said = /^resource_exhausted: .*no file descriptor is left: .*LimitNOFILE/;
    const [before, atLimit, ended, again, after] = words.map(String);
    assert.equal(before, "done");
    assert.equal(atLimit, "done");
    assert.match(ended ?? "", said);
    assert.match(again ?? "", said);
    assert.equal(after, "done");
  });
});
