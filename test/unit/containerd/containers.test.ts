// Containers over a containerd that answers what the test says.
import assert from "node:assert/strict";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createContainerdClient } from "../../../agent/runtime/containerd/client.ts";
import { createContainerFiles } from "../../../agent/runtime/containerd/container-files.ts";
import { type Containers, createContainers } from "../../../agent/runtime/containerd/containers.ts";
import { openFifos } from "../../../agent/runtime/containerd/fifos.ts";
import type { Rootfs } from "../../../agent/runtime/containerd/image-store.ts";
import { AccountFilesCache } from "../../../agent/runtime/containerd/rootfs-files.ts";
import {
  ContainersService,
  newContainer,
  newListContainersResponse,
} from "../../../proto/gen/containerd_containers.ts";
import { newListTasksResponse, newTaskProcess, TasksService } from "../../../proto/gen/containerd_tasks.ts";
import { createSimEnv } from "../../../shared/env/sim-env.ts";
import { SkepError } from "../../../shared/errors.ts";
import { silentLog } from "../../../shared/log.ts";
import { config, FACTS, TASK } from "./fixtures.ts";

const dir = mkdtempSync(join(tmpdir(), "skep-containers-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const files = createContainerFiles(join(dir, "containers"));
const fifos = await openFifos(join(dir, "fifos"));
const { signal } = new AbortController();
const noFiles: Rootfs = { snapshotter: "overlayfs", key: "k", mounts: [], chainId: "sha256:0" };

/** @param answers by method; others answer with nothing in it. */
function containersOver(answers: ReadonlyMap<string, () => Uint8Array>): Containers {
  const env = createSimEnv(1);
  const client = createContainerdClient({ env, socket: join(dir, "nobody") });
  after(() => client.close());
  return createContainers({
    env,
    log: silentLog,
    client: {
      ...client,
      call: async (method) => method.responseDeserialize(Buffer.from(answers.get(method.path)?.() ?? [])),
    },
    images: { prepareRootfs: async () => noFiles, rootfsMounts: async () => [], removeRootfs: async () => undefined },
    accounts: new AccountFilesCache(),
    dirs: { prepare: async () => undefined },
    files,
    fifos,
    holder: {
      hold: () => undefined,
      drop: () => undefined,
      replaceOld: async () => undefined,
      close: () => undefined,
    },
    facts: FACTS,
    apparmor: { profile: async () => "" },
    runcRoot: dir,
    cgroupParent: "/skep-of-nobody",
    initPaths: [],
  });
}

test("one that ends for want of memory while it is being started says so", async () => {
  const containers = containersOver(
    new Map([
      [
        TasksService.start.path,
        () => {
          // As a shim of a process that says nothing.
          for (const stream of ["stdout", "stderr"] as const) {
            closeSync(openSync(fifos.path(TASK, stream), constants.O_WRONLY | constants.O_NONBLOCK));
          }
          containers.onOom(TASK);
          containers.onExit({ id: TASK, exitCode: 137, exitedAtMs: 1 });
          return new Uint8Array();
        },
      ],
    ]),
  );
  await containers.create(config(), signal);
  await containers.start(TASK, { write: async () => undefined }, signal);
  assert.deepEqual(await containers.wait(TASK, signal), { exitCode: 137, exitedAtMs: 1, oomKilled: true });
  await containers.remove(TASK, signal);
});

test("one that cannot be cleaned up does not keep the node from taking over the others", async () => {
  const exit = { exitCode: 3, exitedAtMs: 5, oomKilled: false };
  await files.write(TASK, { hostname: "", hosts: "", resolvConf: "" });
  await files.writeExit(TASK, exit);
  const task = newTaskProcess({ id: TASK, status: "stopped" });
  const containers = containersOver(
    new Map([
      [
        ContainersService.list.path,
        () =>
          ContainersService.list.responseSerialize(
            newListContainersResponse({ containers: [newContainer({ id: TASK })] }),
          ),
      ],
      [TasksService.list.path, () => TasksService.list.responseSerialize(newListTasksResponse({ tasks: [task] }))],
      [
        TasksService.delete.path,
        () => {
          throw new SkepError("unavailable", "its shim does not answer");
        },
      ],
    ]),
  );
  await containers.adopt(signal);
  assert.deepEqual(await containers.list(signal), [{ id: TASK, state: "exited", exit }]);
});
