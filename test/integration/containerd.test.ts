// The containerd runtime with real containers: the conformance suite, and what only a kernel can answer. Needs root,
// containerd, runc and busybox-static; makes everything in a temporary folder and takes it away.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type ContainerdRuntimeOptions, openContainerdRuntime } from "../../agent/runtime/containerd/open.ts";
import type { ContainerConfig, ContainerExit, ContainerMount, Runtime } from "../../agent/runtime/runtime.ts";
import { newResources } from "../../proto/gen/objects.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { silentLog } from "../../shared/log.ts";
import { newId, type TaskId } from "../../shared/model/ids.ts";
import { runtimeConformance } from "../conformance/runtime.ts";
import { TEST_IMAGE } from "../support/busybox.ts";
import {
  type Collector,
  collector,
  containerConfig,
  loadBusybox,
  makeTestContainerd,
} from "../support/containerd-runtime.ts";

const MIB = 1024 * 1024;
const LIMIT_MS = 120_000;
const signal = AbortSignal.timeout(2 * LIMIT_MS);
const sh = (script: string): readonly string[] => ["sh", "-c", script];

runtimeConformance("containerd", async () => {
  const containerd = makeTestContainerd();
  let runtime = await containerd.open();
  await loadBusybox(runtime);
  return {
    runtime,
    reopen: async () => {
      await runtime.close();
      runtime = await containerd.open();
      return runtime;
    },
    workloads: {
      sleep: { image: TEST_IMAGE, args: sh("trap 'exit 143' TERM; while :; do sleep 0.05; done") },
      stubborn: { image: TEST_IMAGE, args: sh("trap '' TERM; while :; do sleep 1; done") },
      exit: (code) => ({ image: TEST_IMAGE, args: sh(`exit ${code}`) }),
      print: (lines) => ({
        image: TEST_IMAGE,
        args: sh(`i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); echo line $i; done`),
      }),
      missingBinary: { image: TEST_IMAGE, args: ["/no/such/command"] },
      missingImage: undefined,
    },
    dispose: async () => {
      await containerd.dispose();
      assert.deepEqual(containerd.leftovers(), []);
    },
  };
});

describe("containerd runtime", { timeout: LIMIT_MS }, () => {
  const containerd = makeTestContainerd();
  let runtime: Runtime;

  before(async () => {
    runtime = await containerd.open();
    await loadBusybox(runtime);
  });
  after(() => containerd.dispose());

  const reopen = async (): Promise<void> => {
    await runtime.close();
    runtime = await containerd.open();
  };
  const start = async (init: Partial<ContainerConfig>, sink: Collector = collector()): Promise<TaskId> => {
    const config = containerConfig(init);
    await runtime.create(config, signal);
    await runtime.start(config.id, sink, signal);
    return config.id;
  };
  const run = async (init: Partial<ContainerConfig>): Promise<{ exit: ContainerExit; out: string; err: string }> => {
    const sink = collector();
    const id = await start(init, sink);
    const exit = await runtime.wait(id, signal);
    await runtime.remove(id, signal);
    return { exit, out: sink.text(), err: sink.text("stderr") };
  };
  const refused = async (init: Partial<ContainerConfig>, code: string, message: RegExp): Promise<void> => {
    const config = containerConfig(init);
    const attempt = async (): Promise<void> => {
      await runtime.create(config, signal);
      await runtime.start(config.id, collector(), signal);
    };
    await assert.rejects(attempt(), { code, message });
    await runtime.remove(config.id, signal);
  };
  /** A folder that a container sees as /go: it waits there for "now" and leaves "done". */
  const sharedFolder = (): { readonly mount: ContainerMount; readonly flag: string; readonly done: string } => {
    const source = mkdtempSync(join(containerd.root, "go-"));
    const mount: ContainerMount = {
      type: "bind",
      source,
      target: "/go",
      readOnly: false,
      propagation: "",
      sizeBytes: 0,
      mode: 0,
    };
    return { mount, flag: join(source, "now"), done: join(source, "done") };
  };
  const cgroupFile = (id: TaskId, controller: string, v1: string, v2: string): string => {
    const path = (...parts: string[]): string => join("/sys/fs/cgroup", ...parts);
    try {
      return readFileSync(path(controller, containerd.cgroupParent, id, v1), "utf8").trim();
    } catch {
      return readFileSync(path(containerd.cgroupParent, id, v2), "utf8").trim();
    }
  };

  test("stdout and stderr apart, exit code and signals", async () => {
    const { exit, out, err } = await run({ args: sh("echo out; echo err >&2; exit 42") });
    assert.deepEqual([exit.exitCode, out, err], [42, "out\n", "err\n"]);
    const id = await start({ args: ["sleep", "1000"] });
    await runtime.kill(id, "KILL", signal);
    assert.deepEqual(
      { ...(await runtime.wait(id, signal)), exitedAtMs: 0 },
      { exitCode: 137, exitedAtMs: 0, oomKilled: false },
    );
    await runtime.remove(id, signal);
  });

  test("memory: the kernel ends what goes over its limit, and it is told as such", async () => {
    const limits = newResources({ memoryBytes: 16 * MIB });
    const main = await run({ args: ["tail", "/dev/zero"], limits });
    assert.deepEqual([main.exit.exitCode, main.exit.oomKilled], [137, true]);
    const child = await run({ args: sh("tail /dev/zero; echo survived; exit 9"), limits });
    assert.deepEqual([child.exit.exitCode, child.exit.oomKilled, child.out], [9, true, "survived\n"]);
    const recovered = await run({ args: sh("tail /dev/zero; exit 0"), limits });
    assert.equal(recovered.exit.oomKilled, false, "what ended well was not killed");
  });

  test("processor, pids and memory limits are what the kernel has", async () => {
    const limits = newResources({ nanoCpus: 5e8, memoryBytes: 32 * MIB, pids: 20 });
    const id = await start({ args: ["sleep", "1000"], limits });
    assert.match(cgroupFile(id, "cpu", "cpu.cfs_quota_us", "cpu.max"), /^50000/);
    assert.equal(cgroupFile(id, "memory", "memory.limit_in_bytes", "memory.max"), String(32 * MIB));
    assert.equal(cgroupFile(id, "pids", "pids.max", "pids.max"), "20");
    await runtime.remove(id, signal);
  });

  test("pids: more processes than allowed cannot be made", async () => {
    const script = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 100 & done; echo all";
    const { out, err } = await run({ args: sh(script), limits: newResources({ pids: 5 }) });
    assert.match(err, /can't fork/);
    assert.ok(!out.includes("all"));
  });

  test("users and groups by name and number, home, additional groups", async () => {
    const whoami = sh("id -u; id -g; id -G; echo $HOME");
    assert.equal((await run({ args: whoami })).out.split("\n")[0], "0");
    const numbers = await run({ args: whoami, user: "1234:5678", groups: ["77"] });
    assert.equal(numbers.out, "1234\n5678\n5678 77\n/\n");
    const named = await run({ args: whoami, user: "app", groups: ["games"] });
    assert.equal(named.out, "1000\n1001\n1001 60 2000\n/home/app\n");
    await refused(
      { args: ["true"], user: "nobody-of-that-name" },
      "invalid_argument",
      /unable to find user nobody-of-that-name/,
    );
    await refused({ args: ["true"], groups: ["no-group"] }, "invalid_argument", /unable to find group no-group/);
  });

  test("another user has no capabilities, root has Docker's", async () => {
    const status = ["grep", "CapEff", "/proc/self/status"];
    assert.equal((await run({ args: status })).out, "CapEff:\t00000000a80425fb\n");
    assert.equal((await run({ args: status, user: "1000" })).out, "CapEff:\t0000000000000000\n");
    assert.equal((await run({ args: status, capabilityDrop: ["ALL"] })).out, "CapEff:\t0000000000000000\n");
  });

  test("the seccomp profile is in force", async () => {
    const { out, exit } = await run({ args: sh("grep ^Seccomp: /proc/self/status; unshare -U true") });
    assert.equal(out, "Seccomp:\t2\n");
    assert.notEqual(exit.exitCode, 0);
  });

  test("namespaces: own processes, own network with loopback, own name", async () => {
    const own = await run({
      args: sh("echo $$; hostname; ls /sys/class/net; ip -o addr show lo | grep -c 'inet 127'"),
      hostname: "web-1",
    });
    assert.equal(own.out, "1\nweb-1\nlo\n1\n");
    const host = await run({ args: ["ls", "/sys/class/net"], network: { kind: "host" } });
    const net = await run({ args: ["readlink", "/proc/self/ns/net"], network: { kind: "host" } });
    assert.ok(host.out.includes("lo"));
    assert.equal(net.out.trim(), readlinkSync("/proc/self/ns/net"));
  });

  test("a network namespace that somebody else made: joined, with parameters of its own, and kept", async () => {
    const name = `skt-test-${process.pid}`;
    const path = `/run/netns/${name}`;
    const ip = (...args: readonly string[]): void => {
      assert.equal(spawnSync("ip", args).status, 0, `ip ${args.join(" ")}`);
    };
    ip("netns", "add", name);
    try {
      ip("-n", name, "link", "add", "eth7", "type", "veth", "peer", "name", "eth8");
      const network = { kind: "path", path, addresses: ["10.0.9.3"], resolvers: ["127.0.0.11"] } as const;
      const { out } = await run({
        args: sh("ls /sys/class/net; cat /proc/sys/net/core/somaxconn; tail -n1 /etc/hosts; head -n1 /etc/resolv.conf"),
        network,
        hostname: "web",
        sysctls: { "net.core.somaxconn": "77" },
      });
      assert.deepEqual(out.trim().split("\n"), ["eth7", "eth8", "lo", "77", "10.0.9.3\tweb", "nameserver 127.0.0.11"]);
      assert.ok(existsSync(path), "it is not the container's to remove");
      await refused(
        { args: ["true"], network: { ...network, path: `${path}-missing` } },
        "invalid_argument",
        /missing/,
      );
    } finally {
      ip("netns", "del", name);
    }
  });

  test("hosts, hostname and resolv.conf", async () => {
    const { out } = await run({
      args: sh("cat /etc/hostname; grep db /etc/hosts; grep -c localhost /etc/hosts; cat /etc/resolv.conf"),
      hostname: "web",
      extraHosts: ["10.1.2.3 db"],
      dns: { nameservers: ["10.9.9.9"], search: ["example"], options: ["ndots:2"] },
    });
    assert.equal(out, "web\n10.1.2.3\tdb\n2\nnameserver 10.9.9.9\nsearch example\noptions ndots:2\n");
  });

  test("mounts: bind, read-only bind, tmpfs; a source that is not there", async () => {
    const source = join(containerd.root, "bind");
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, "in"), "from the node\n");
    const bind = {
      type: "bind",
      source,
      target: "/data",
      readOnly: false,
      propagation: "",
      sizeBytes: 0,
      mode: 0,
    } as const;
    const both = await run({ args: sh("cat /data/in; echo from the container > /data/out"), mounts: [bind] });
    assert.equal(both.out, "from the node\n");
    assert.equal(readFileSync(join(source, "out"), "utf8"), "from the container\n");
    const readOnly = await run({ args: ["touch", "/data/x"], mounts: [{ ...bind, readOnly: true }] });
    assert.match(readOnly.err, /Read-only file system/);
    const tmpfs = { ...bind, type: "tmpfs", source: "", target: "/t", sizeBytes: MIB, mode: 0o700 } as const;
    const small = await run({
      args: sh("stat -c %a /t; dd if=/dev/zero of=/t/x bs=64k count=100 2>&1 | grep -c 'No space'"),
      mounts: [tmpfs],
    });
    assert.equal(small.out, "700\n1\n");
    const missing = { ...bind, source: "/no/such/place" };
    await refused({ mounts: [missing] }, "invalid_argument", /bind source path does not exist: \/no\/such\/place/);
  });

  // runc 1.1 gives a tmpfs the mode of the image's directory, and its own working directories to root.
  test("a tmpfs has the mode that was asked for, also where the image has a directory", async () => {
    const tmpfs = (target: string, mode: number): ContainerMount => ({
      type: "tmpfs",
      source: "",
      target,
      readOnly: false,
      propagation: "",
      sizeBytes: 0,
      mode,
    });
    const mounts = [
      tmpfs("/etc/skel", 0o1777),
      tmpfs("/home", 0o2750),
      tmpfs("/new/place", 0o700),
      tmpfs("/tmp", 0o711),
    ];
    const stat = sh("mkdir -p /etc; stat -c '%a %n' /etc/skel /home /new/place /tmp");
    const want = "1777 /etc/skel\n2750 /home\n700 /new/place\n711 /tmp\n";
    assert.equal((await run({ args: stat, mounts })).out, want);
    assert.equal((await run({ args: stat, mounts, readOnlyRootfs: true })).out, want);
    const readOnly = { ...tmpfs("/home", 0o777), readOnly: true };
    assert.match((await run({ args: ["touch", "/home/x"], mounts: [readOnly] })).err, /Read-only file system/);
  });

  test("a working directory that is not in the image is its user's to write to", async () => {
    const script = sh("touch made && stat -c '%u:%g %a' . && stat -c %u /etc");
    const app = await run({ args: script, workingDir: "/new/deep", user: "1000:1001" });
    assert.equal(app.out, "1000:1001 755\n0\n", app.err);
    assert.equal((await run({ args: script, workingDir: "/new/deep" })).out, "0:0 755\n0\n");
  });

  test("read-only root, working folder, sysctl, ulimit, oom score, terminal, init", async () => {
    assert.match((await run({ args: ["touch", "/x"], readOnlyRootfs: true })).err, /Read-only file system/);
    assert.equal((await run({ args: ["pwd"], workingDir: "/made/for/it" })).out, "/made/for/it\n");
    const kernel = await run({
      args: sh("cat /proc/sys/kernel/shmmni; ulimit -n; ulimit -c; cat /proc/self/oom_score_adj"),
      sysctls: { "kernel.shmmni": "123" },
      ulimits: [
        { name: "nofile", soft: 99, hard: 100 },
        { name: "core", soft: -1, hard: -1 },
      ],
      oomScoreAdj: 321,
    });
    assert.equal(kernel.out, "123\n99\nunlimited\n321\n");
    const terminal = await run({ args: sh("tty; echo $TERM; echo err >&2"), tty: true });
    assert.equal(terminal.out, "/dev/pts/0\r\nxterm\r\nerr\r\n");
    const init = await run({ args: sh("cat /proc/1/comm; exit 12"), init: true });
    assert.deepEqual([init.out, init.exit.exitCode], ["docker-init\n", 12]);
  });

  test("an open stdin waits, a closed one has ended", async () => {
    assert.equal((await run({ args: sh("cat; echo end") })).out, "end\n");
    const sink = collector();
    const id = await start({ args: sh("echo begin; cat; echo end"), openStdin: true }, sink);
    await sink.until("begin");
    await runtime.kill(id, "KILL", signal);
    await runtime.wait(id, signal);
    assert.equal(sink.text(), "begin\n");
    await runtime.remove(id, signal);
  });

  test("what cannot be executed says why", async () => {
    await refused({ args: ["foo"] }, "invalid_argument", /^exec: "foo": executable file not found in \$PATH$/);
    await refused({ args: ["/etc"] }, "invalid_argument", /^exec: "\/etc": .*(permission denied|is a directory)$/);
    await refused({ args: [] }, "invalid_argument", /no command specified/);
    await refused({ image: "skep.invalid/none:1" }, "not_found", /skep\.invalid\/none/);
    await refused({ sysctls: { "vm.swappiness": "1" } }, "invalid_argument", /vm\.swappiness/);
  });

  test("a start that failed can be removed, and leaves nothing", async () => {
    const config = containerConfig({ args: ["no-such-command"] });
    await runtime.create(config, signal);
    await assert.rejects(runtime.start(config.id, collector(), signal));
    assert.deepEqual(await runtime.list(signal), [{ id: config.id, state: "created" }]);
    await runtime.remove(config.id, signal);
    assert.deepEqual(
      containerd.leftovers().filter((left) => left.includes(config.id)),
      [],
    );
  });

  test("1 MiB of output across a restart of the daemon: nothing is lost and nothing comes twice", async () => {
    const lines = 16_384;
    const line = (i: number): string => `${String(i).padStart(8, "0")} ${"x".repeat(54)}\n`;
    const script = `i=0; while [ $i -lt ${lines} ]; do i=$((i+1)); printf '%08d ${"x".repeat(54)}\\n' $i; done; exit 5`;
    const sink = collector();
    const id = await start({ args: sh(script) }, sink);
    await sink.until("00000100");
    await reopen();
    await runtime.attach(id, sink, signal);
    assert.equal((await runtime.wait(id, signal)).exitCode, 5);
    assert.equal(sink.text(), Array.from({ length: lines }, (_, i) => line(i + 1)).join(""));
    await runtime.remove(id, signal);
  });

  test("last words of a container that ends while no daemon runs", async () => {
    const shared = sharedFolder();
    const script = "echo first; while [ ! -e /go/now ]; do sleep 0.02; done; echo last words; touch /go/done; exit 3";
    const sink = collector();
    const id = await start({ args: sh(script), mounts: [shared.mount] }, sink);
    await sink.until("first");
    const pid = (await runtime.list(signal)).map((state) => (state.state === "running" ? state.pid : 0))[0] ?? 0;
    await runtime.close();
    writeFileSync(shared.flag, "");
    await until(() => !isRunning(pid));
    runtime = await containerd.open();
    const [state] = await runtime.list(signal);
    assert.equal(state?.state, "exited");
    await runtime.attach(id, sink, signal);
    assert.equal((await runtime.wait(id, signal)).exitCode, 3);
    assert.equal(sink.text(), "first\nlast words\n");
    await runtime.remove(id, signal);
  });

  test("containerd killed under running containers: they live on, are watched again, and calls meanwhile wait", async () => {
    const sink = collector();
    const id = await start({ args: sh("trap 'echo heard; exit 6' USR1; echo up; while :; do sleep 0.02; done") }, sink);
    await sink.until("up");
    const [before] = await runtime.list(signal);
    process.kill(containerd.containerdPid(), "SIGKILL");
    const meanwhile = await run({ args: ["echo", "made meanwhile"] });
    assert.equal(meanwhile.out, "made meanwhile\n");
    assert.deepEqual((await runtime.list(signal))[0], before, "the same process");
    await runtime.kill(id, "USR1", signal);
    assert.equal((await runtime.wait(id, signal)).exitCode, 6);
    assert.equal(sink.text(), "up\nheard\n");
    await runtime.remove(id, signal);
  });

  test("an exit while containerd is down is told when it is back", async () => {
    const id = await start({ args: ["sleep", "1000"] });
    const [state] = await runtime.list(signal);
    assert.equal(state?.state, "running");
    process.kill(containerd.containerdPid(), "SIGKILL");
    if (state?.state === "running") process.kill(state.pid, "SIGKILL");
    assert.equal((await runtime.wait(id, signal)).exitCode, 137);
    await runtime.remove(id, signal);
  });

  test("a shim killed under its container: the container has exited, and nothing of it runs on", async () => {
    const id = await start({ args: ["sleep", "1000"] });
    const state = (await runtime.list(signal)).find((container) => container.id === id);
    const pid = state?.state === "running" ? state.pid : 0;
    const shim = parentOf(pid);
    assert.ok(shim > 1, "0 would be this process and its siblings");
    process.kill(shim, "SIGKILL");
    const exit = await runtime.wait(id, signal);
    assert.notEqual(exit.exitCode, 0);
    await runtime.remove(id, signal);
    assert.ok(!isRunning(pid));
    assert.deepEqual(
      containerd.leftovers().filter((left) => left.includes(id)),
      [],
    );
  });

  test("a restart finds containers in every state as they were", async () => {
    const kept = await start({ args: ["sleep", "1000"] });
    const created = containerConfig({ args: ["echo", "later"] });
    await runtime.create(created, signal);
    const exited = await start({ args: sh("exit 8") });
    await runtime.wait(exited, signal);
    await reopen();
    const states = new Map((await runtime.list(signal)).map((state) => [state.id, state]));
    assert.equal(states.get(kept)?.state, "running");
    assert.equal(states.get(created.id)?.state, "created");
    const end = states.get(exited);
    assert.equal(end?.state === "exited" ? end.exit.exitCode : undefined, 8);
    const sink = collector();
    await runtime.start(created.id, sink, signal);
    assert.equal((await runtime.wait(created.id, signal)).exitCode, 0);
    assert.equal(sink.text(), "later\n");
    for (const id of [kept, created.id, exited]) await runtime.remove(id, signal);
  });

  test("the daemon killed outright: the next one takes over its containerd and its containers, and no word is lost", async () => {
    const shared = sharedFolder();
    await runtime.close();
    const script = "while [ ! -e /go/now ]; do sleep 0.02; done; echo last words; touch /go/done; exit 4";
    const config = containerConfig({ args: sh(script), mounts: [shared.mount] });
    const { dir, runDir, cgroupParent } = containerd;
    const work = JSON.stringify({ dir, runDir, cgroupParent, config });
    const daemon = spawn(process.execPath, [join(import.meta.dirname, "../support/doomed-daemon.ts"), work], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => daemon.stdout.once("data", resolve));
    const old = containerd.containerdPid();
    daemon.kill("SIGKILL");
    writeFileSync(shared.flag, "");
    await until(() => existsSync(shared.done));
    runtime = await containerd.open();
    assert.notEqual(containerd.containerdPid(), old);
    assert.ok(!isRunning(old), "one containerd at a time");
    const sink = collector();
    await runtime.attach(config.id, sink, signal);
    assert.equal((await runtime.wait(config.id, signal)).exitCode, 4);
    assert.equal(sink.text(), "last words\n");
    await runtime.remove(config.id, signal);
  });

  test("what a crash left of a container that nobody knows is removed at the next start", async () => {
    const id = await start({ args: ["sleep", "1000"] });
    await runtime.close();
    // As if the daemon had died between the removal of the record and that of everything else.
    const stray = newId<TaskId>(Math.random);
    mkdirSync(join(containerd.dir, "containers", stray));
    runtime = await containerd.open();
    assert.ok(!existsSync(join(containerd.dir, "containers", stray)));
    assert.deepEqual(
      (await runtime.list(signal)).map((state) => [state.id, state.state]),
      [[id, "running"]],
    );
    await runtime.remove(id, signal);
  });

  test("after all that: no process but ours, no mount, cgroup, pipe or file", async () => {
    assert.deepEqual(await runtime.list(signal), []);
    const expected = /containerd --config|skep-holder/;
    const left = (): string[] => containerd.leftovers().filter((line) => !expected.test(line));
    await until(() => left().length === 0);
    assert.deepEqual(left(), []);
    await runtime.close();
    await until(() => containerd.leftovers().length === 0);
    assert.deepEqual(containerd.leftovers(), []);
  });
});

/** Waits for what must come; the test's own time limit is the bound. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}

const isRunning = (pid: number): boolean => {
  const status = statusOf(pid);
  return status !== "" && !/^State:\s+Z/m.test(status);
};

const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)/m.exec(statusOf(pid))?.[1] ?? 0);

describe("opening the containerd runtime", () => {
  const options = (name: string): ContainerdRuntimeOptions => {
    const root = mkdtempSync(join(tmpdir(), `skep-open-${name}-`));
    after(() => rmSync(root, { recursive: true, force: true }));
    return { env: realEnv, log: silentLog, dir: join(root, "lib"), runDir: join(root, "run"), knownSockets: [] };
  };

  test("without containerd it says what to install", async () => {
    const opening = openContainerdRuntime({ ...options("none"), path: "/nowhere" });
    await assert.rejects(opening, { code: "failed_precondition", message: /containerd is not installed.*package/ });
  });

  test("without runc it says so", async () => {
    const only = options("norunc");
    const bin = join(only.dir, "bin");
    mkdirSync(bin, { recursive: true });
    for (const name of ["containerd", "containerd-shim-runc-v2"]) symlinkSync(`/usr/bin/${name}`, join(bin, name));
    await assert.rejects(openContainerdRuntime({ ...only, path: bin }), {
      code: "failed_precondition",
      message: /^runc is not installed/,
    });
  });

  test("a containerd that ends at once is told in its own words", async () => {
    const only = options("broken");
    const bin = join(only.dir, "bin");
    mkdirSync(bin, { recursive: true });
    for (const name of ["containerd-shim-runc-v2", "runc"]) symlinkSync("/bin/true", join(bin, name));
    writeFileSync(join(bin, "containerd"), "#!/bin/sh\necho 'containerd: the disk is on fire' >&2\nexit 1\n", {
      mode: 0o755,
    });
    const opening = openContainerdRuntime({ ...only, path: `${bin}:/usr/bin:/bin`, patienceMs: 500 });
    await assert.rejects(opening, { code: "unavailable", message: /status 1: containerd: the disk is on fire/ });
  });

  test("a given socket where nobody answers", async () => {
    const only = options("socket");
    const opening = openContainerdRuntime({ ...only, socket: join(only.dir, "no.sock"), patienceMs: 100 });
    await assert.rejects(opening, { code: "unavailable", message: /no\.sock does not answer/ });
  });
});
