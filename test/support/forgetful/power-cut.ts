// What a disk holds after a power cut, from what recorder.ts wrote down: all that was flushed, and of the rest nothing, or what
// chance has let through: some sectors of each write, and some changes of names. Names change in the order they were changed in,
// as file systems with a journal have it, unless told otherwise.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Event } from "./recorder.ts";

const SECTOR_BYTES = 512;

export interface Recorded {
  readonly event: Event;
  readonly data: Buffer;
}

export function readJournal(path: string): readonly Recorded[] {
  const journal = readFileSync(path);
  const events: Recorded[] = [];
  for (let at = 0; at < journal.length; ) {
    const end = journal.indexOf("\n", at);
    if (end < 0) break;
    const event = JSON.parse(journal.toString("utf8", at, end)) as Event;
    const bytes = event.op === "write" ? event.bytes : 0;
    if (end + 1 + bytes > journal.length) break; // killed while it wrote this down
    events.push({ event, data: journal.subarray(end + 1, end + 1 + bytes) });
    at = end + 1 + bytes;
  }
  return events;
}

/** What gets to the disk though nobody flushed it: a number from 0 to before 1 for each chance. */
export interface Chance {
  readonly next: () => number;
  /** Names may change in any order. */
  readonly anyOrder: boolean;
}

class SimFile {
  content: Buffer = Buffer.alloc(0);
  #waiting: ((to: SimFile) => void)[] = [];
  readonly waitingWrites: { readonly at: number; readonly data: Buffer }[] = [];

  write(at: number, data: Buffer, flushed: boolean): void {
    if (flushed) this.put(at, data);
    else {
      this.waitingWrites.push({ at, data });
      this.#waiting.push((to) => to.put(at, data));
    }
  }
  truncate(size: number): void {
    this.#waiting.push((to) => {
      to.content = Buffer.concat([to.content.subarray(0, size)], Math.max(size, 0));
    });
  }
  put(at: number, data: Buffer): void {
    if (at + data.length > this.content.length) {
      this.content = Buffer.concat([this.content], at + data.length);
    }
    data.copy(this.content, at);
  }
  sync(): void {
    for (const act of this.#waiting.splice(0)) act(this);
    this.waitingWrites.length = 0;
  }
  /** As a power cut leaves it. */
  left(chance: Chance | undefined): Buffer {
    const content = Buffer.from(this.content);
    if (chance === undefined) return content;
    const copy = new SimFile();
    copy.content = content;
    for (const { at, data } of this.waitingWrites) {
      for (let from = 0; from < data.length; ) {
        const to = Math.min(data.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES));
        if (chance.next() < 0.5) copy.put(at + from, data.subarray(from, to));
        from = to;
      }
    }
    return copy.content;
  }
}

type Entry = { readonly kind: "file"; readonly id: number } | { readonly kind: "dir" };
type Change = (names: Map<string, Entry>) => void;

class SimDir {
  readonly names = new Map<string, Entry>();
  readonly waiting: Change[] = [];
  sync(): void {
    for (const change of this.waiting.splice(0)) change(this.names);
  }
  left(chance: Chance | undefined): Map<string, Entry> {
    const names = new Map(this.names);
    if (chance === undefined) return names;
    const through = Math.floor(chance.next() * (this.waiting.length + 1));
    this.waiting.forEach((change, i) => {
      if (chance.anyOrder ? chance.next() < 0.5 : i < through) change(names);
    });
    return names;
  }
}

/** The disk, event by event. */
export class SimDisk {
  readonly #root: string;
  readonly #files = new Map<number, SimFile>();
  readonly #dirs = new Map<string, SimDir>();
  /** As the program sees them: which file a name stands for. */
  readonly #present = new Map<string, Entry>();

  /** @param root the folder that was recorded. */
  constructor(root: string) {
    this.#root = root;
  }

  apply({ event, data }: Recorded): void {
    switch (event.op) {
      case "create":
        this.#files.set(event.id, new SimFile());
        this.#name(event.path, { kind: "file", id: event.id });
        break;
      case "write":
        this.#file(event.id).write(event.at, data, event.flushed);
        break;
      case "truncate":
        this.#file(event.id).truncate(event.size);
        break;
      case "sync":
        this.#file(event.id).sync();
        break;
      case "mkdir":
        if (!this.#present.has(event.path)) this.#name(event.path, { kind: "dir" });
        break;
      case "rename": {
        const entry = this.#present.get(event.from);
        if (entry === undefined) throw new Error(`${event.from} is not there`);
        if (dirname(event.from) !== dirname(event.to)) throw new Error("a rename between folders is not modelled");
        this.#present.delete(event.from);
        this.#present.set(event.to, entry);
        const [from, to] = [event.from, event.to];
        this.#dir(dirname(to)).waiting.push((names) => {
          names.delete(from);
          names.set(to, entry);
        });
        break;
      }
      case "remove":
        for (const path of [...this.#present.keys()]) {
          if (path !== event.path && !path.startsWith(`${event.path}/`)) continue;
          this.#present.delete(path);
          this.#dir(dirname(path)).waiting.push((names) => names.delete(path));
        }
        break;
      case "syncdir":
        this.#dir(event.path).sync();
        break;
      case "ack":
        break;
    }
  }

  #name(path: string, entry: Entry): void {
    this.#present.set(path, entry);
    this.#dir(dirname(path)).waiting.push((names) => names.set(path, entry));
  }

  #file(id: number): SimFile {
    const file = this.#files.get(id);
    if (file === undefined) throw new Error(`no file ${id}`);
    return file;
  }

  #dir(path: string): SimDir {
    let dir = this.#dirs.get(path);
    if (dir === undefined) {
      dir = new SimDir();
      this.#dirs.set(path, dir);
    }
    return dir;
  }

  /** The power goes: makes `to` a folder with what is left. */
  cut(to: string, chance?: Chance): void {
    this.#cutDir(this.#root, to, chance);
  }

  #cutDir(path: string, to: string, chance: Chance | undefined): void {
    mkdirSync(to, { recursive: true, mode: 0o700 });
    for (const [name, entry] of this.#dir(path).left(chance)) {
      const target = join(to, relative(path, name));
      if (entry.kind === "dir") this.#cutDir(name, target, chance);
      else writeFileSync(target, this.#file(entry.id).left(chance), { mode: 0o600 });
    }
  }
}
