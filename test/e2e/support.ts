// What the end-to-end tests share: one dev cluster, the skep command as a user types it, and waiting for conditions.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DEV_DIR, readCluster, requireCluster } from "../../deploy/dev/clusters.ts";
import { hostProcess } from "../../deploy/dev/hosts.ts";
import { type DevCluster, nodeByName, pathsOf } from "../../deploy/dev/model.ts";
import { firstChild } from "../../deploy/dev/process.ts";
import { commandOf, pidsOfHosts } from "../support/processes.ts";
import { networkDifferences, unsettled } from "./network-truth.ts";

export const E2E_CLUSTER = "e2e";
const SKEP = join(import.meta.dirname, "..", "..", "bin", "skep");

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

const DEFAULT_TIMEOUT_MS = 120_000;

export function runCommand(file: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...options.env },
      timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code: code ?? (signal === null ? 1 : 128), stdout, stderr }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

const hostOf = (node: string): string => `unix://${pathsOf(DEV_DIR, E2E_CLUSTER).socket(node)}`;

/** `skep …` against a node of the test cluster. */
export const skepAt = (node: string, args: readonly string[], options: RunOptions = {}): Promise<Result> =>
  runCommand(SKEP, args, { ...options, env: { SKEP_HOST: hostOf(node), ...options.env } });

/** `skep …` against node1; fails the test when the command fails. Resolves with stdout. */
export async function skep(...args: readonly string[]): Promise<string> {
  return await okAt("node1", ...args);
}

export async function okAt(node: string, ...args: readonly string[]): Promise<string> {
  const result = await skepAt(node, args);
  assert.equal(result.code, 0, `skep ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** `skep …` that must fail; resolves with what it says on stderr. */
export async function skepFails(...args: readonly string[]): Promise<string> {
  const result = await skepAt("node1", args);
  assert.notEqual(result.code, 0, `skep ${args.join(" ")} should fail, but said\n${result.stdout}${result.stderr}`);
  return result.stderr;
}

/** `skep dev … --name e2e`; fails the test when it fails. */
export async function dev(verb: string, ...args: readonly string[]): Promise<string> {
  const result = await runCommand(SKEP, ["dev", verb, "--name", E2E_CLUSTER, ...args], { timeoutMs: 180_000 });
  assert.equal(result.code, 0, `skep dev ${verb} ${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

/** A command inside a host; resolves with stdout whatever its exit status. */
export async function inHost(node: string, ...command: readonly string[]): Promise<Result> {
  return await runCommand(SKEP, ["dev", "exec", "--name", E2E_CLUSTER, node, "--", ...command]);
}

/** The shared cluster of 3 managers and 2 workers: made by the first test file that asks, removed by test/run.ts. */
export async function useCluster(): Promise<void> {
  const cluster = readCluster(E2E_CLUSTER);
  if (cluster === undefined) await dev("up");
  else {
    // A test that failed half-way may have left hosts off or links cut.
    const paths = pathsOf(DEV_DIR, E2E_CLUSTER);
    const off = cluster.nodes.filter((node) => hostProcess(paths, node) === undefined).map((node) => node.name);
    await dev("heal");
    if (off.length > 0) await dev("start", ...off);
  }
  await everyNodeReady();
}

export async function everyNodeReady(): Promise<void> {
  await eventually("5 nodes are ready", async () => {
    const states = (await okAt("node2", "node", "ls", "--format", "{{.Status}} {{.Availability}}")).trim().split("\n");
    assert.deepEqual(states, Array(5).fill("Ready Active"));
  });
}

const POLL_MS = 100;

/** Repeats `check` until it does not throw. The limit is generous: it tells a hang, not a speed. */
export async function eventually(what: string, check: () => Promise<void> | void, limitMs = 60_000): Promise<void> {
  const limit = Date.now() + limitMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > limit) throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: error });
      await delay(POLL_MS);
    }
  }
}

/** Nothing is stale a second after things have settled; on a machine that is busy, after so many looks. */
const STALE_MS = 1_000;
const LOOKS = 5;

/**
 * Waits until nothing comes or goes any more. From then on a node's network may differ from what the store says for a second. To
 * look is to let every agent compare and mend once, and takes the longer the busier the machine is: so many looks it may take in
 * any case. What is right stays right: in the end there is one more look.
 */
export async function eventuallyNetworkTrue(): Promise<void> {
  let limit = 0;
  let found: readonly string[] = [];
  await eventually("things have settled, and every agent can tell", async () => {
    assert.deepEqual(await unsettled(E2E_CLUSTER), []);
    limit = Date.now() + STALE_MS;
    found = await networkDifferences(E2E_CLUSTER);
  });
  for (let looks = 1; found.length > 0 && (looks < LOOKS || Date.now() < limit); looks++) {
    found = await networkDifferences(E2E_CLUSTER);
  }
  assert.deepEqual(found, [], "stale for too long");
  assert.deepEqual(await networkDifferences(E2E_CLUSTER), []);
}

/** Of a node, as the manager on another says. */
export const stateOf = async (node: string, at: string): Promise<string> =>
  (await okAt(at, "node", "inspect", node, "--format", "{{.Status.State}}")).trim();

export interface TaskRow {
  readonly name: string;
  readonly node: string;
  readonly desired: string;
  readonly state: string;
  readonly error: string;
}

/** `service ps`, newest first per slot. */
export async function tasksOf(service: string, node = "node1"): Promise<TaskRow[]> {
  const format = "{{.Name}}|{{.Node}}|{{.DesiredState}}|{{.CurrentState}}|{{.Error}}";
  const out = await okAt(node, "service", "ps", service, "--no-trunc", "--format", format);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [name = "", host = "", desired = "", current = "", error = ""] = line.split("|");
      return { name: name.replace(/^ *\\_ /, ""), node: host, desired, state: current.split(" ")[0] ?? "", error };
    });
}

export const running = (tasks: readonly TaskRow[]): TaskRow[] =>
  tasks.filter((task) => task.state === "Running" && task.desired === "Running");

/** Waits until exactly `count` tasks of the service run, all on nodes for which `where` holds. */
export async function eventuallyRunning(
  service: string,
  count: number,
  where: (node: string) => boolean = () => true,
  node = "node1",
): Promise<TaskRow[]> {
  let found: TaskRow[] = [];
  await eventually(`${count} tasks of ${service} run`, async () => {
    found = running(await tasksOf(service, node));
    assert.equal(found.length, count);
    assert.ok(found.every((task) => where(task.node)));
  });
  return found;
}

export async function leader(): Promise<string> {
  let name = "";
  await eventually("there is a leader", async () => {
    for (const node of ["node1", "node2", "node3"]) {
      const { code, stdout } = await skepAt(node, ["node", "ls", "--format", "{{.Hostname}} {{.ManagerStatus}}"]);
      const line = code === 0 ? stdout.split("\n").find((row) => row.endsWith(" Leader")) : undefined;
      if (line !== undefined) {
        name = line.split(" ")[0] ?? "";
        return;
      }
    }
    throw new Error("no node names a leader");
  });
  return name;
}

/** The test cluster as it is on disk. */
export const e2eCluster = (): DevCluster => requireCluster(E2E_CLUSTER);

/** The address of a node on the fabric. */
export const addrOf = (node: string): string => nodeByName(e2eCluster(), node).addr;

/** A command inside a container of a host, the one whose process matches; resolves whatever its exit status. */
export async function inTask(node: string, pattern: RegExp, ...command: readonly string[]): Promise<Result> {
  const [pid] = processesOn(node, pattern);
  assert.ok(pid !== undefined, `no process ${pattern} on ${node}`);
  return await runCommand("nsenter", ["-t", String(pid), "-m", "-u", "-n", "-p", "--", ...command]);
}

/** Waits: a network is in use until the last task of its services is gone. */
export async function removeNetworks(...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await eventually(`network ${name} is removed`, async () => {
      const { code, stderr } = await skepAt("node2", ["network", "rm", name]);
      assert.ok(code === 0 || /no such network|not found/i.test(stderr), stderr);
    });
  }
}

export async function removeServices(...names: readonly string[]): Promise<void> {
  for (const name of names) await skepAt("node2", ["service", "rm", name]);
}

/** Processes on a host whose command line matches, by their numbers on this machine. */
export function processesOn(node: string, pattern: RegExp): number[] {
  const outer = hostProcess(pathsOf(DEV_DIR, E2E_CLUSTER), nodeByName(e2eCluster(), node));
  const init = outer === undefined ? undefined : firstChild(outer);
  return init === undefined ? [] : pidsOfHosts([init.pid]).filter((pid) => pattern.test(commandOf(pid)));
}

/** SIGKILL to the processes of a host that match; fails the test when there are none. */
export function killOn(node: string, pattern: RegExp): void {
  const pids = processesOn(node, pattern);
  assert.notEqual(pids.length, 0, `no process ${pattern} on ${node}`);
  for (const pid of pids) process.kill(pid, "SIGKILL");
}
