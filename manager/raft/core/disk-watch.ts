// A disk that neither writes nor refuses. A follower's is only missed. A leader's is worse: it is heard, so nobody else campaigns,
// and it answers nobody, because it applies what it has on its own disk. So a leader whose write is overdue gives way:
//
//   3 election timeouts   to a voter that is known to write, once a majority has written what this disk has not. Where all disks
//                         are slow there is no such majority, and changing the leader would only cost time.
//   10                    to whoever is elected; callers hear that it leads no more.
//
// While its write is overdue a member neither campaigns nor says that it would vote: nobody could count on its word.
import { becomeFollower, type Leading, type Raft } from "./state.ts";
import { transferLeadership } from "./transfer.ts";

/** A leader whose write takes so many stops leading, whoever may come after it. */
const GIVES_UP_AFTER = 10;

/** Leader, its write overdue. Returns whether it has stopped leading. */
export function giveWay(raft: Raft, role: Leading): boolean {
  if (raft.writingTicks >= GIVES_UP_AFTER * raft.options.electionTicks) {
    becomeFollower(raft, raft.term, 0);
    return true;
  }
  if (role.transfer === undefined && raft.log.committed > raft.log.stable) transferLeadership(raft, 0);
  return false;
}
