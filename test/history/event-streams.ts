// What watchers of the cluster were told, held against one another and against what clients were told. A watcher follows
// events over reconnects and leader changes by resuming after the last one it saw; so its stream must be, from its first
// event to its last: in order, each event once, nothing missing.
//
// Where no manager can tell what came after the last event (a snapshot stands for it) the watcher is told so, and begins a new
// stream. What lies between two streams is then known to be unknown.
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

export interface Stream {
  /** It must hold every event after this version, up to its end. */
  readonly afterVersion: number;
  readonly events: readonly SeenEvent[];
}

export interface Streams {
  /** The last write of all. */
  readonly throughVersion: number;
  /** Per watcher its streams, the last of which must reach `throughVersion`. */
  readonly watchers: readonly (readonly Stream[])[];
  readonly acknowledged: readonly Acknowledged[];
}

const MAX_PROBLEMS = 20;

/** What is wrong, in words; empty when nothing is. */
export function checkStreams({ throughVersion, watchers, acknowledged }: Streams): string[] {
  const problems: string[] = [];
  const all = new Map<string, string>(); // what anybody saw, by place
  for (const { events } of watchers.flat()) for (const event of events) all.set(place(event), words(event));
  for (const [watcher, streams] of watchers.entries()) {
    const end = endOf(streams.at(-1));
    if (end < throughVersion) problems.push(`watcher ${watcher}: ends with version ${end}, before ${throughVersion}`);
    for (const stream of streams) {
      problems.push(...disorder(watcher, stream), ...missing(watcher, stream, all));
      const [first] = stream.events;
      if (first !== undefined && first.version <= stream.afterVersion) {
        problems.push(
          `watcher ${watcher}: ${words(first)} at ${place(first)} is from before version ${stream.afterVersion}`,
        );
      }
    }
  }
  const covered = watchers.flat();
  const whole = covered.find(
    (stream) => endOf(stream) >= throughVersion && covered.every((other) => other.afterVersion >= stream.afterVersion),
  );
  if (whole !== undefined) problems.push(...unborn(whole.events));
  problems.push(...untold(covered, whole !== undefined, acknowledged));
  return problems.slice(0, MAX_PROBLEMS);
}

const endOf = (stream: Stream | undefined): number => stream?.events.at(-1)?.version ?? 0;

function missing(watcher: number, { afterVersion, events }: Stream, all: ReadonlyMap<string, string>): string[] {
  const seen = new Map(events.map((event) => [place(event), words(event)]));
  const end = events.at(-1)?.version ?? 0;
  const problems: string[] = [];
  for (const [at, event] of all) {
    const version = Number.parseInt(at, 10);
    if (version <= afterVersion || version > end) continue;
    const own = seen.get(at);
    if (own === undefined) problems.push(`watcher ${watcher}: missed ${event} at ${at}`);
    else if (own !== event) problems.push(`watcher ${watcher}: saw ${own} at ${at}, another saw ${event}`);
  }
  return problems;
}

const place = ({ version, index }: SeenEvent): string => `${version}.${index}`;
const words = ({ action, id }: SeenEvent): string => `${action} of ${id}`;

function disorder(watcher: number, { events }: Stream): string[] {
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

function untold(streams: readonly Stream[], isWhole: boolean, acknowledged: readonly Acknowledged[]): string[] {
  const events = streams.flatMap((stream) => stream.events);
  const told = new Set(events.map(({ action, id, version }) => `${action} ${id} ${version}`));
  const ever = new Set(events.map(({ action, id }) => `${action} ${id}`));
  const isCovered = (version: number): boolean =>
    streams.some((stream) => stream.afterVersion < version && version <= endOf(stream));
  return acknowledged.flatMap(({ action, id, version }) => {
    if (version === undefined ? !isWhole : !isCovered(version)) return [];
    const isTold = version === undefined ? ever.has(`${action} ${id}`) : told.has(`${action} ${id} ${version}`);
    const when = version === undefined ? "" : ` at ${version}`;
    return isTold ? [] : [`${action} of ${id}${when} was acknowledged, and no event tells it`];
  });
}
