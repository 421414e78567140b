// Does the simulation catch what it is for? Each mutant is the core with one rule taken out; the campaign must fail on it.
// The source is patched in a copy, so that the core itself carries no switch for it.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadCore } from "./load-core.ts";
import type { CoreClass } from "./simulation.ts";

export interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: "answers before the disk has it",
    file: "raft-core.ts",
    find: "if (!promises(message.kind)) return false;",
    replace: "if (promises(message.kind)) return message.to === this.#raft.options.id;",
  },
  {
    name: "the leader counts what it has not yet written",
    file: "replication.ts",
    find: "voter === id ? raft.log.stable",
    replace: "voter === id ? raft.log.lastIndex",
  },
  {
    name: "a Ready shares its messages with the core",
    file: "raft-core.ts",
    find: "if (outbox.length === 0) return [];",
    replace: "if (outbox.length === 0) return outbox;",
  },
  {
    name: "a truncation forgets the write in flight",
    file: "log.ts",
    find: "if (this.#inFlight !== undefined) this.#inFlight.through = Math.min(this.#inFlight.through, index - 1);",
    replace: "",
  },
  {
    name: "appends of an older term are taken",
    file: "step.ts",
    find: "if (m.term < raft.term) {",
    replace: 'if (m.term < raft.term && m.kind !== "append") {',
  },
  {
    name: "commits entries of older terms by counting",
    file: "replication.ts",
    find: "return raft.log.matches(index, raft.term) && raft.log.commitTo(index);",
    replace: "return raft.log.commitTo(index);",
  },
  {
    name: "votes twice in a term",
    file: "election.ts",
    find: "const free = raft.vote === m.from || (raft.vote === 0 && raft.leaderId === 0 && !quiet);",
    replace: "const free = true;",
  },
  {
    name: "votes for a shorter log",
    file: "log.ts",
    find: "return lastTerm > this.lastTerm ||",
    replace: "return lastIndex > 0 || lastTerm > this.lastTerm ||",
  },
  {
    name: "takes appends that do not fit its log",
    file: "replication.ts",
    find: "if (!log.matches(m.prevIndex, m.prevTerm)) {",
    replace: "if (m.prevIndex > log.lastIndex) {",
  },
  {
    name: "an old append shortens the log",
    file: "log.ts",
    find: "const first = entries.find((entry) => !this.matches(entry.index, entry.term));",
    replace: "const first = entries[0];",
  },
  {
    name: "a heartbeat commits what the follower may not have",
    file: "replication.ts",
    find: "const commit = Math.min(progress.matchIndex, raft.log.committed);",
    replace: "const commit = raft.log.committed;",
  },
  {
    name: "serves reads without asking the quorum",
    file: "raft-core.ts",
    find: "if (reads.asking && confirmed())",
    replace: "if (reads.asking)",
  },
  {
    name: "serves reads before it has committed in its term",
    file: "raft-core.ts",
    find: "if (log.committed < role.firstIndex) return;",
    replace: "",
  },
  {
    name: "a lease longer than what was promised",
    file: "lease.ts",
    find: "lease.tickIntervalMs * LEASE_SHARE",
    replace: "lease.tickIntervalMs * 3",
  },
  {
    name: "a restart forgets the promise to the leader",
    file: "raft-core.ts",
    find: "promiseQuiet(this.#raft); // to whom",
    replace: "// to whom",
  },
  {
    name: "a restart campaigns at once for a membership that is not committed",
    file: "raft-core.ts",
    find: "configs.currentIndex <= log.committed && ",
    replace: "",
  },
  {
    name: "a leader that hands over keeps its lease",
    file: "transfer.ts",
    find: "role.leaseGivenUp = true;",
    replace: "",
  },
  {
    name: "two membership changes at once",
    file: "membership.ts",
    find: "if (configs.currentIndex > log.committed)",
    replace: "if (configs.currentIndex > log.lastIndex)",
  },
  {
    name: "changes the membership before it has committed in its term",
    file: "membership.ts",
    find: "if (log.committed < role.firstIndex)",
    replace: "if (log.committed > log.lastIndex)",
  },
  {
    name: "a learner votes before it has what is committed",
    file: "membership.ts",
    find: "if (!close || progress",
    replace: "if (progress",
  },
  {
    name: "a learner votes after a round that took long",
    file: "catch-up.ts",
    find: "this.#quick = this.#elapsedTicks < electionTicks;",
    replace: "this.#quick = true;",
  },
  {
    name: "a leader whose disk hangs leads on",
    file: "step.ts",
    find: "if (diskOverdue(raft) && giveWay(raft, role)) return;",
    replace: "",
  },
  {
    name: "campaigns while its disk hangs",
    file: "election.ts",
    find: "promotable(raft) && !diskOverdue(raft)",
    replace: "promotable(raft)",
  },
  {
    name: "a member whose disk hangs counts when another is removed",
    file: "membership.ts",
    find: "voterIds(outcome.config), (id) => isSound(raft, role, id)",
    replace: "voterIds(outcome.config), (id) => isSound(raft, role, id) || id > 0",
  },
  {
    name: "one whose removal is not committed does not campaign",
    file: "state.ts",
    find: "|| isVoter(configs.at(log.committed), options.id)",
    replace: "",
  },
  {
    name: "drops a pre-vote granted by a member of an older term",
    file: "step.ts",
    find: 'm.kind === "pre-vote-response" && m.term <= raft.term',
    replace: 'm.kind === "pre-vote-response" && m.term === raft.term',
  },
  {
    name: "a lost snapshot is never sent again",
    file: "replication.ts",
    find: "progress.state.elapsedTicks++;",
    replace: "",
  },
  {
    name: "no pre-vote",
    file: "election.ts",
    find: "  becomePreCandidate(raft);",
    replace: "  campaign(raft, false);\n  if (raft.term > 0) return;\n  becomePreCandidate(raft);",
  },
  {
    name: "no check of the quorum",
    file: "step.ts",
    find: "if (!hasQuorum(voterIds(raft.configs.current), (id) => isActive(raft, role, id))) {",
    replace: "if (raft.term < 0 && !hasQuorum(voterIds(raft.configs.current), (id) => isActive(raft, role, id))) {",
  },
];

/** Gives the mutated core to `use`, and removes the copy. */
export async function withMutant<R>(mutant: Mutant, use: (core: CoreClass) => R): Promise<R> {
  const dir = mkdtempSync(join(tmpdir(), "skep-mutant-"));
  try {
    cpSync(join(import.meta.dirname, "../../../manager/raft/core"), dir, { recursive: true });
    writeFileSync(join(dir, "package.json"), '{"type":"module"}');
    const path = join(dir, mutant.file);
    const source = readFileSync(path, "utf8");
    if (source.split(mutant.find).length !== 2) {
      throw new Error(`mutant "${mutant.name}": its text is not once in ${mutant.file}; adapt it to the source`);
    }
    writeFileSync(
      path,
      source.replace(mutant.find, () => mutant.replace),
    );
    return use(await loadCore(join(dir, "raft-core.ts")));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
