// Clients, watchers and a nemesis on a cluster of their own for about a minute: what they saw must be what a single machine
// that never fails would have shown them. `npm run history` runs longer campaigns of the same.
import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runCampaign } from "../history/campaign.ts";
import { E2E_CLUSTER } from "./support.ts";

const SECONDS = 60;
const SEED = 27;

test("registers and names are linearizable, and watchers see every change once, while managers fail", async (t) => {
  const result = await runCampaign({
    cluster: `${E2E_CLUSTER}-history`,
    seed: SEED,
    seconds: SECONDS,
    tell: (line) => t.diagnostic(line),
    failureFile: join(tmpdir(), "skep-history-e2e.json"),
  });
  t.diagnostic(JSON.stringify({ ...result, problems: result.problems.length }));
  assert.deepEqual(result.problems, []);
  // It worked, and it was disturbed.
  assert.ok(result.registers.answered > 200 && result.names.answered > 200, JSON.stringify(result));
  assert.ok(result.faults.length >= 5, `only ${result.faults.length} faults`);
});
