// What to do about one service: the phases in their order, each seeing what the one before decided. Same input, same plan;
// an empty plan means that the service is as it should be until something changes or `wakeAtMs` comes.
import { assertNever } from "../../shared/errors.ts";
import { Draft, type Plan, type PlanInput } from "./draft.ts";
import { planGlobal } from "./global.ts";
import { finalise, reap } from "./reaper.ts";
import { planReplicated } from "./replicated.ts";
import { startWaiting } from "./restart.ts";
import { planUpdate } from "./update.ts";

export function planService(input: PlanInput): Plan {
  const draft = new Draft(input);
  const { service } = input;
  if (service === undefined) {
    removeAll(draft);
    finalise(draft);
    return draft.plan();
  }
  finalise(draft);
  const mode = service.spec?.mode;
  switch (mode?.kind) {
    case "replicated":
      planReplicated(draft, service, mode.replicas);
      break;
    case "global":
      planGlobal(draft, service);
      break;
    case undefined:
      break; // a mode of a later version: leave its tasks alone
    default:
      assertNever(mode);
  }
  planUpdate(draft, service);
  startWaiting(draft);
  reap(draft);
  return draft.plan();
}

function removeAll(draft: Draft): void {
  for (const slot of draft.slots.values()) {
    for (const task of [...slot]) {
      if (task.desiredState === "remove") continue;
      if (draft.full()) return;
      draft.desire(task, "remove");
    }
  }
}
