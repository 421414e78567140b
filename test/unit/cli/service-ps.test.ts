import assert from "node:assert/strict";
import { test } from "node:test";
import { SkepError } from "../../../shared/errors.ts";
import { skep, startDaemon } from "./harness.ts";
import { service } from "./objects.ts";

test("service ps: a filter that the cluster refuses is an error alone, without an empty table", async () => {
  const daemon = await startDaemon({
    control: {
      getService: async () => ({ service: service(1, "web"), status: undefined }),
      listTasks: async () => {
        throw new SkepError("invalid_argument", 'unknown filter "colour" for tasks');
      },
    },
  });
  try {
    const { status, out, err } = await skep(["service", "ps", "web", "-f", "colour=red"], { socket: daemon.socket });
    assert.deepEqual([status, out, err], [1, "", 'error: unknown filter "colour" for tasks\n']);
  } finally {
    daemon.close();
  }
});

test("an unknown command, ours or one of dev, says where help is", async () => {
  assert.match((await skep(["bogus"])).err, /^error: unknown command 'bogus'\n.*See 'skep --help'\.\n$/s);
  assert.match((await skep(["dev", "bogus"])).err, /See 'skep dev --help'\.\n$/);
  assert.match((await skep(["dev", "kill"])).err, /missing required argument 'node'\nSee 'skep dev kill --help'\.\n$/);
});
