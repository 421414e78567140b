// What watchers of the cluster were told, held against one another and against what clients were told. A watcher follows
// events over reconnects and leader changes by resuming after the last one it saw; so its stream must be, from its first
// event to its last: in order, each event once, nothing missing.
export interface SeenEvent {
  readonly version: number;
  /** From 1, within a version. */
  readonly index: number;
  readonly action: "create" | "update" | "remove";
  readonly id: string;
}

/** What a client was told that it did. */
export interface Acknowledged {
  readonly action: SeenEvent["action"];
  readonly id: string;
  /** Undefined where the answer does not tell it (a removal). */
  readonly version: number | undefined;
}

/** All streams begin with the first event after the same version, and reach `throughVersion` at least. */
export interface Streams {
  readonly afterVersion: number;
  readonly throughVersion: number;
  readonly watchers: readonly (readonly SeenEvent[])[];
  readonly acknowledged: readonly Acknowledged[];
}

const MAX_PROBLEMS = 20;

/** What is wrong, in words; empty when nothing is. */
export function checkStreams({ afterVersion, throughVersion, watchers, acknowledged }: Streams): string[] {
  const problems: string[] = [];
  const ends = watchers.map((events) => events.at(-1)?.version ?? 0);
  for (const [watcher, events] of watchers.entries()) {
    problems.push(...disorder(watcher, events));
    if ((events[0]?.version ?? throughVersion) <= afterVersion) problems.push(`watcher ${watcher}: begins too early`);
    if ((ends[watcher] ?? 0) < throughVersion) {
      problems.push(`watcher ${watcher}: ends with version ${ends[watcher]}, before ${throughVersion}`);
    }
  }
  const all = new Map<string, string>(); // what any watcher saw, by place
  for (const events of watchers) for (const event of events) all.set(place(event), words(event));
  for (const [watcher, events] of watchers.entries()) {
    const seen = new Map(events.map((event) => [place(event), words(event)]));
    for (const [at, event] of all) {
      if (Number.parseInt(at, 10) > (ends[watcher] ?? 0)) continue; // beyond its end, which others passed
      const own = seen.get(at);
      if (own === undefined) problems.push(`watcher ${watcher}: missed ${event} at ${at}`);
      else if (own !== event) problems.push(`watcher ${watcher}: saw ${own} at ${at}, another saw ${event}`);
    }
  }
  problems.push(...unborn(watchers[0] ?? []), ...untold(watchers[0] ?? [], acknowledged, throughVersion));
  return problems.slice(0, MAX_PROBLEMS);
}

const place = ({ version, index }: SeenEvent): string => `${version}.${index}`;
const words = ({ action, id }: SeenEvent): string => `${action} of ${id}`;

function disorder(watcher: number, events: readonly SeenEvent[]): string[] {
  return events.flatMap((event, i) => {
    const before = events[i - 1];
    if (before === undefined || before.version < event.version) return [];
    if (before.version === event.version && before.index < event.index) return [];
    const what = place(before) === place(event) ? "twice" : "out of order";
    return [`watcher ${watcher}: ${words(event)} at ${place(event)} ${what}, after ${place(before)}`];
  });
}

/** An object is created once, then updated, then removed once. */
function unborn(events: readonly SeenEvent[]): string[] {
  const lives = new Map<string, SeenEvent["action"]>();
  const problems: string[] = [];
  for (const event of events) {
    const last = lives.get(event.id);
    const isFirst = last === undefined;
    if (last === "remove" || isFirst !== (event.action === "create")) {
      problems.push(`${words(event)} at ${place(event)} comes after ${last ?? "nothing"}`);
    }
    lives.set(event.id, event.action);
  }
  return problems;
}

function untold(events: readonly SeenEvent[], acknowledged: readonly Acknowledged[], throughVersion: number): string[] {
  const told = new Set(events.map(({ action, id, version }) => `${action} ${id} ${version}`));
  const ever = new Set(events.map(({ action, id }) => `${action} ${id}`));
  return acknowledged.flatMap(({ action, id, version }) => {
    if (version !== undefined && version > throughVersion) return [];
    const isTold = version === undefined ? ever.has(`${action} ${id}`) : told.has(`${action} ${id} ${version}`);
    return isTold
      ? []
      : [`${action} of ${id}${version === undefined ? "" : ` at ${version}`} was acknowledged, and no event tells it`];
  });
}
