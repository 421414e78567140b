// What every container runtime must do, as one suite: the hollow one passes it in test/unit/agent, the one over containerd
// in its own tests, with real containers. It asks nothing of time: it waits for what must happen.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type {
  ContainerConfig,
  ContainerExit,
  ContainerState,
  OutputSink,
  Runtime,
} from "../../agent/runtime/runtime.ts";
import { newResources } from "../../proto/gen/objects.ts";
import { isCode, SkepError } from "../../shared/errors.ts";
import { newId, type TaskId } from "../../shared/model/ids.ts";

/** An image and what to run in it. */
export interface Workload {
  readonly image: string;
  readonly args: readonly string[];
}

export interface Workloads {
  /** Runs until SIGTERM, and exits with 143 then (as process 1, which ignores it by default: trap it). */
  readonly sleep: Workload;
  /** Runs until SIGKILL; ignores SIGTERM. */
  readonly stubborn: Workload;
  /** Exits at once with this code. */
  readonly exit: (code: number) => Workload;
  /** Prints "line 1" to "line N" on stdout, and exits with 0. */
  readonly print: (lines: number) => Workload;
  /** An image that is there, a command that is not. */
  readonly missingBinary: Workload;
  /** A reference that the registry does not have; undefined where no registry can be asked. */
  readonly missingImage: string | undefined;
}

export interface RuntimeHarness {
  readonly runtime: Runtime;
  /** A new Runtime over the same containers, as after a restart of the daemon; the one before is closed. */
  readonly reopen: (() => Promise<Runtime>) | undefined;
  readonly workloads: Workloads;
  /** Takes away everything, containers included. */
  readonly dispose: () => Promise<void>;
}

/** A test that waits longer has found a bug. */
const LIMIT_MS = 60_000;

export function runtimeConformance(name: string, open: () => Promise<RuntimeHarness>): void {
  describe(`runtime conformance: ${name}`, { timeout: LIMIT_MS * 4 }, () => {
    let harness: RuntimeHarness;
    let runtime: Runtime;
    const made = new Set<TaskId>();
    const signal = AbortSignal.timeout(LIMIT_MS * 4);

    before(async () => {
      harness = await open();
      runtime = harness.runtime;
    });
    after(async () => {
      for (const id of made) await runtime.remove(id, signal);
      await harness.dispose();
    });

    const create = async (workload: Workload): Promise<TaskId> => {
      const id = newId<TaskId>(Math.random);
      made.add(id);
      await runtime.pull({ image: workload.image, insecureRegistries: [] }, signal);
      await runtime.create(configOf(id, workload), signal);
      return id;
    };
    const started = async (workload: Workload, sink: OutputSink = nowhere): Promise<TaskId> => {
      const id = await create(workload);
      await runtime.start(id, sink, signal);
      return id;
    };
    const stateOf = async (id: TaskId): Promise<ContainerState | undefined> =>
      (await runtime.list(signal)).find((container) => container.id === id);

    // A shell may not have set its trap yet: the signal is repeated until it has been heard.
    const killed = async (id: TaskId, signalName: string): Promise<ContainerExit> => {
      const exited = runtime.wait(id, signal);
      let done = false;
      const stopped = exited.finally(() => {
        done = true;
      });
      while (!done) {
        await runtime.kill(id, signalName, signal);
        await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 50))]);
      }
      return await exited;
    };

    test("says what it is", async () => {
      assert.match((await runtime.info(signal)).name, /\S/);
    });

    test("pull: an image that is here, again and again", async () => {
      const { image } = harness.workloads.sleep;
      const [first, second] = await Promise.all([
        runtime.pull({ image, insecureRegistries: [] }, signal),
        runtime.pull({ image, insecureRegistries: [] }, signal),
      ]);
      assert.match(first.digest, /\S/);
      assert.deepEqual(second, first);
    });

    test("pull: a malformed reference is invalid_argument", async () => {
      const pull = runtime.pull({ image: "Not A Reference", insecureRegistries: [] }, signal);
      await assert.rejects(pull, codeIs("invalid_argument"));
    });

    test("pull: an unknown image is not_found", async (context) => {
      const image = harness.workloads.missingImage;
      if (image === undefined) return context.skip("no registry to ask");
      await assert.rejects(runtime.pull({ image, insecureRegistries: [] }, signal), codeIs("not_found"));
    });

    for (const code of [0, 1, 7, 255]) {
      test(`exit code ${code}`, async () => {
        const id = await started(harness.workloads.exit(code));
        const exit = await runtime.wait(id, signal);
        assert.equal(exit.exitCode, code);
        assert.equal(exit.oomKilled, false);
        assert.ok(exit.exitedAtMs > 0);
        assert.deepEqual(await runtime.wait(id, signal), exit, "asked again, it answers the same");
      });
    }

    test("list tells created, running and exited apart", async () => {
      const id = await create(harness.workloads.sleep);
      assert.equal((await stateOf(id))?.state, "created");
      const { pid } = await runtime.start(id, nowhere, signal);
      assert.ok(pid > 0);
      assert.deepEqual(await stateOf(id), { id, state: "running", pid });
      const exit = await killed(id, "SIGTERM");
      assert.deepEqual(await stateOf(id), { id, state: "exited", exit });
      await runtime.remove(id, signal);
      assert.equal(await stateOf(id), undefined);
    });

    test("create and start tolerate a repeat", async () => {
      const id = await create(harness.workloads.sleep);
      await runtime.create(configOf(id, harness.workloads.sleep), signal);
      const first = await runtime.start(id, nowhere, signal);
      const second = await runtime.start(id, nowhere, signal);
      assert.equal(second.pid, first.pid);
      await runtime.remove(id, signal);
    });

    for (const [signalName, exitCode] of [
      ["SIGTERM", 143],
      ["TERM", 143],
      ["15", 143],
      ["SIGKILL", 137],
    ] as const) {
      test(`kill ${signalName} ends a process with ${exitCode}`, async () => {
        const id = await started(harness.workloads[exitCode === 137 ? "stubborn" : "sleep"]);
        assert.equal((await killed(id, signalName)).exitCode, exitCode);
        await runtime.kill(id, signalName, signal);
      });
    }

    test("kill: no error where nothing runs, invalid_argument for what is no signal", async () => {
      const id = await create(harness.workloads.sleep);
      await runtime.kill(id, "SIGTERM", signal);
      await runtime.kill(newId<TaskId>(Math.random), "SIGTERM", signal);
      await assert.rejects(runtime.kill(id, "SIGNONSENSE", signal), codeIs("invalid_argument"));
    });

    test("remove takes a running container away, and again", async () => {
      const id = await started(harness.workloads.stubborn);
      const waiting = runtime.wait(id, signal).then(
        () => "exited",
        (error: unknown) => SkepError.from(error).code,
      );
      await runtime.remove(id, signal);
      assert.equal(await stateOf(id), undefined);
      assert.match(await waiting, /^(exited|not_found)$/, "who waits for it is not left waiting");
      await runtime.remove(id, signal);
      await runtime.remove(newId<TaskId>(Math.random), signal);
    });

    test("wait of an unknown container is not_found", async () => {
      await assert.rejects(runtime.wait(newId<TaskId>(Math.random), signal), codeIs("not_found"));
    });

    test("wait: many at once, and who gives up does not disturb the others", async () => {
      const id = await started(harness.workloads.sleep);
      const impatient = new AbortController();
      const abandoned = runtime.wait(id, impatient.signal);
      const others = [runtime.wait(id, signal), runtime.wait(id, signal)];
      const reason = new Error("no patience");
      impatient.abort(reason);
      await assert.rejects(abandoned, (error) => error === reason);
      assert.equal((await stateOf(id))?.state, "running");
      await runtime.kill(id, "SIGKILL", signal);
      for (const exit of await Promise.all(others)) assert.equal(exit.exitCode, 137);
    });

    test("output comes whole, in order, and before wait resolves; a slow sink slows it down", async () => {
      const lines = 2_000;
      const sink = collector(1);
      const id = await started(harness.workloads.print(lines), sink);
      assert.equal((await runtime.wait(id, signal)).exitCode, 0);
      const want = Array.from({ length: lines }, (_, i) => `line ${i + 1}\n`).join("");
      assert.equal(sink.text(), want);
      assert.equal(sink.mostAtOnce(), 1, "one call at a time per stream");
    });

    test("a command that is not in the image is invalid_argument", async () => {
      await assert.rejects(started(harness.workloads.missingBinary), codeIs("invalid_argument"));
    });

    test("containers do not know of one another", async () => {
      const ids = await Promise.all([3, 4, 5].map((code) => started(harness.workloads.exit(code))));
      const exits = await Promise.all(ids.map((id) => runtime.wait(id, signal)));
      assert.deepEqual(
        exits.map((exit) => exit.exitCode),
        [3, 4, 5],
      );
    });

    test("after a restart of the daemon: a running container is found, watched and stopped", async (context) => {
      if (harness.reopen === undefined) return context.skip("cannot be reopened");
      const id = await started(harness.workloads.stubborn);
      const before = await stateOf(id);
      runtime = await harness.reopen();
      assert.deepEqual(await stateOf(id), before, "the same process runs on");
      await runtime.attach(id, nowhere, signal);
      const exited = runtime.wait(id, signal);
      await runtime.kill(id, "SIGKILL", signal);
      assert.equal((await exited).exitCode, 137);
    });

    test("after a restart of the daemon: an exit meanwhile is told, and its last output is not lost", async (context) => {
      if (harness.reopen === undefined) return context.skip("cannot be reopened");
      // The first daemon takes no output at all, so all of it waits in the pipe.
      const id = await started(harness.workloads.print(20), { write: () => new Promise(() => undefined) });
      runtime = await harness.reopen();
      const sink = collector(0);
      await runtime.attach(id, sink, signal);
      assert.equal((await runtime.wait(id, signal)).exitCode, 0);
      assert.equal((await stateOf(id))?.state, "exited");
      // What the first daemon had in its hands may be lost or come twice; the end must be there.
      assert.ok(sink.text().endsWith("line 20\n"), JSON.stringify(sink.text()));
    });
  });
}

const nowhere: OutputSink = { write: async () => undefined };

const codeIs =
  (code: SkepError["code"]) =>
  (error: unknown): boolean => {
    assert.ok(isCode(error, code), `expected ${code}, got ${String(error)}`);
    return true;
  };

/** @param delayTurns event loop turns that each write takes. */
function collector(delayTurns: number): OutputSink & { text(): string; mostAtOnce(): number } {
  const chunks: Buffer[] = [];
  let active = 0;
  let most = 0;
  return {
    write: async (_stream, data) => {
      active++;
      most = Math.max(most, active);
      chunks.push(Buffer.from(data));
      for (let i = 0; i < delayTurns; i++) await new Promise((resolve) => setImmediate(resolve));
      active--;
    },
    text: () => Buffer.concat(chunks).toString(),
    mostAtOnce: () => most,
  };
}

function configOf(id: TaskId, workload: Workload): ContainerConfig {
  return {
    id,
    image: workload.image,
    args: workload.args,
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    workingDir: "/",
    user: "",
    groups: [],
    hostname: "conformance",
    network: { kind: "none" },
    mounts: [],
    readOnlyRootfs: false,
    tty: false,
    openStdin: false,
    init: false,
    limits: newResources(),
    reservations: newResources(),
    capabilityAdd: [],
    capabilityDrop: [],
    sysctls: {},
    ulimits: [],
    oomScoreAdj: 0,
    extraHosts: [],
    dns: { nameservers: [], search: [], options: [] },
    labels: {},
  };
}
