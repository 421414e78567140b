// Does the simulation of whole clusters catch what it is for? Each mutant is the control plane with one rule taken out, in a
// copy of the sources; a campaign against the copy must fail. `npm run sim -- --mutants` tries them all.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ClusterMutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Of the campaign, where only what a theme brings together shows it. */
  readonly theme?: string;
  /** The first seed catches it, in seconds: `npm test` takes turns with these. */
  readonly quick?: boolean;
}

export type Verdict =
  | { readonly kind: "caught"; readonly seed: number; readonly by: string }
  | { readonly kind: "missed"; readonly seeds: number }
  /** The check did not come to look. */
  | { readonly kind: "broken"; readonly why: string };

export const CLUSTER_MUTANTS: readonly ClusterMutant[] = [
  {
    name: "the store applies transactions of another term",
    theme: "news of it are late",
    file: "manager/store/store.ts",
    find: "if (transaction.term !== term || transaction.version !== this.#committed.version + 1) {",
    replace: "if (transaction.version < 0) {",
  },
  {
    name: "the store tells of conflicts with writes that may be lost",
    file: "manager/store/store.ts",
    find: "return this.#headCommitted().then(() => Promise.reject(error));",
    replace: "return Promise.reject(error);",
  },
  {
    name: "a watcher misses a commit that comes while it is busy",
    file: "manager/store/watch.ts",
    find: "else if (this.#buffered.length < this.#maxBuffered) this.#buffered.push(commit);",
    replace:
      "else if (this.#buffered.length < 1) this.#buffered.push(commit);\n    else if (commit.version > 0) return;",
  },
  {
    name: "the dispatcher takes older statuses",
    file: "manager/dispatcher/records.ts",
    find: "if (isTerminal(current.state) || laterStatus(current, status) === current) return undefined;",
    replace: "",
  },
  {
    name: "the dispatcher does not say that a task was removed",
    file: "manager/dispatcher/epoch.ts",
    find: "if (isAssigned(task)) outbox.change(task.id, undefined, version);",
    replace: "",
  },
  {
    name: "the orchestrator counts tasks of nodes that are down",
    theme: "workers are lost",
    file: "manager/orchestrator/restart.ts",
    find: '      return !isGlobal || draft.input.node(task.nodeId)?.status?.state === "disconnected";',
    replace: "      return false;",
  },
  {
    name: "a replacement does not wait for the task before it",
    theme: "workers are lost",
    file: "manager/orchestrator/restart.ts",
    find: "if (stopping.length > 0 && giveUpAtMs > nowMs) {",
    replace: "if (stopping.length > 99 && giveUpAtMs > nowMs) {",
  },
  {
    name: "the successor of a lost task that waited does not wait",
    theme: "workers are lost",
    file: "manager/orchestrator/restart.ts",
    find: 'else if (stoppingOf(draft, draft.slots.get(key) ?? []).length > 0) draft.create(service, key, "ready", nowMs);',
    replace: 'else if (fate === "drained") draft.create(service, key, "ready", nowMs);',
  },
  {
    name: "an update's monitor time counts by the clock of another leader",
    theme: "clocks of leaders",
    file: "manager/orchestrator/restart.ts",
    find: "=> draft.sinceMs(task) + monitorMs(draft);",
    replace: "=> task.startedAtMs + monitorMs(draft);",
  },
  {
    name: "the scheduler forgets the placements that are on their way",
    file: "manager/scheduler/planner.ts",
    find: "      this.#count(entry, node.id, node.load, true);\n    }\n    return { kind:",
    replace: "    }\n    return { kind:",
  },
  {
    name: "calls are served without asking whether this manager still leads",
    theme: "leaders are deposed",
    file: "manager/api/forward.ts",
    find: "        await raft.readIndex(context.signal);\n        onSent();",
    replace: "        onSent();",
  },
  {
    name: "the core answers before the disk has it",
    quick: true,
    file: "manager/raft/core/raft-core.ts",
    find: "if (!promises(message.kind)) return false;",
    replace: "if (promises(message.kind)) return message.to === this.#raft.options.id;",
  },
  {
    name: "the leader counts what it has not yet written",
    quick: true,
    file: "manager/raft/core/replication.ts",
    find: "voter === id ? raft.log.stable",
    replace: "voter === id ? raft.log.lastIndex",
  },
  {
    name: "the store acknowledges a write before it is committed",
    quick: true,
    file: "manager/store/store.ts",
    find: "    return promise;\n  }",
    replace: "    settle();\n    return promise;\n  }",
  },
  {
    name: "the driver sends what it promises before the write has finished",
    quick: true,
    file: "manager/raft/driver.ts",
    find: "this.#writing = this.#writeAll(write).then((written) => {",
    replace:
      "for (const message of persist?.messages ?? []) this.#options.send(message);\n    this.#writing = this.#writeAll(write).then((written) => {",
  },
  {
    name: "an address that somebody has is given again",
    quick: true,
    file: "manager/allocator/addresses.ts",
    find: "    if (view.isAddressHeld(network.id, address)) continue;\n",
    replace: "",
  },
  {
    name: "a published port is given to two services",
    file: "manager/allocator/ports.ts",
    find: "    if (service.id === id) continue;\n",
    replace: "    if (service.id !== undefined) continue;\n",
  },
  {
    name: "a leader gives up waiting by the clock of the one before it",
    theme: "clocks of leaders",
    file: "manager/orchestrator/restart.ts",
    find: "...stopping.map((other) => sinceMs + stopWaitMs(other))",
    replace: "...stopping.map((other) => task.notBeforeMs + stopWaitMs(other))",
  },
  {
    name: "who is to be no manager stays in the group",
    theme: "promoted and demoted",
    file: "manager/ca/role-plan.ts",
    find: "!staying.has(member.nodeId)",
    replace: "member.raftId < 0",
  },
  {
    name: "a task counts as drained before the nodes have applied that",
    file: "manager/dispatcher/network/drains.ts",
    find: "if (barrier.waitingFor.size === 0) return undefined;",
    replace: "if (barrier.version > 0) return undefined;",
  },
  {
    name: "a task that is to stop does not wait until it is drained",
    file: "agent/task/step.ts",
    find: 'if (forMs > 0 && !view.removed && view.state === "running") return { kind: "wait", forMs };',
    replace: "",
  },
  {
    name: "a node is not told that a network is gone",
    file: "manager/dispatcher/network/feed.ts",
    find: "if (this.#sent.delete(id)) return gone(id);",
    replace: "this.#sent.delete(id);",
  },
  {
    name: "nobody calls the nodes that are down",
    theme: "managers are replaced",
    file: "manager/dispatcher/node-caller.ts",
    find: "await Promise.all(due.map((node) => callNode(node, managers)));",
    replace: 'await Promise.all(due.filter(({ addr }) => addr === "").map((node) => callNode(node, managers)));',
  },
  {
    name: "a restarted agent forgets its containers",
    file: "agent/agent.ts",
    find: "await tasks.recover(signal);",
    replace: "",
  },
];

const DAY_MS = 86_400_000;

/** `count` of the quick ones, others every day. */
export function mutantsOfTheDay(wallMs: number, count: number): readonly ClusterMutant[] {
  const quick = CLUSTER_MUTANTS.filter((mutant) => mutant.quick === true);
  const first = Math.floor(wallMs / DAY_MS) * count;
  return Array.from({ length: count }, (_, i) => quick[(first + i) % quick.length]).filter((one) => one !== undefined);
}

const FOLDERS = ["agent", "manager", "proto", "shared", "test", "bin", "cli", "deploy"];
const root = join(import.meta.dirname, "../../..");

/** Undefined when the mutant can be made; otherwise what has changed since it was written. */
export function misfit({ file, find }: ClusterMutant): string | undefined {
  const times = readFileSync(join(root, file), "utf8").split(find).length - 1;
  return times === 1 ? undefined : `its text is ${times} times in ${file}; adapt it to the source`;
}

/** A campaign of at most `seeds` seeds against a copy of the sources with the mutant in it. */
export function tryClusterMutant(mutant: ClusterMutant, seeds: number): Verdict {
  const why = misfit(mutant);
  if (why !== undefined) return { kind: "broken", why };
  const dir = mkdtempSync(join(tmpdir(), "skep-mutant-"));
  try {
    for (const folder of FOLDERS) cpSync(join(root, folder), join(dir, folder), { recursive: true });
    cpSync(join(root, "package.json"), join(dir, "package.json"));
    symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
    const path = join(dir, mutant.file);
    writeFileSync(
      path,
      readFileSync(path, "utf8").replace(mutant.find, () => mutant.replace),
    );
    const campaign = join(dir, "test/sim/campaign.ts");
    const theme = mutant.theme === undefined ? [] : ["--theme", mutant.theme];
    const args = [campaign, "--only", "cluster", "--seeds", String(seeds), ...theme];
    const run = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 64 << 20 });
    const found = /^cluster seed (\d+) failed: (.*)$/m.exec(run.stdout);
    if (found !== null) return { kind: "caught", seed: Number(found[1]), by: found[2] ?? "" };
    if (run.status !== 0) return { kind: "broken", why: `the campaign itself broke: ${run.stderr.slice(0, 300)}` };
    return { kind: "missed", seeds };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
