// One process of the simulated cluster: an Env whose timers stop with it. Whatever happens to a process happens through
// `deliver` or a timer, so a process that was killed never does anything again, and one that is stalled does it later.
import { type Env, sleepWith, type Timer } from "../../../shared/env/env.ts";
import { seededRandom } from "../../../shared/env/sim-env.ts";
import { hashOf, type World } from "./world.ts";

const START_WALL_MS = 1_700_000_000_000;

export class SimProcess {
  readonly name: string;
  readonly env: Env;
  readonly #world: World;
  #alive = true;
  #stalled = false;
  #backlog: (() => void)[] = [];
  #wallOffsetMs: number;

  /** @param clockRate of its timers: 1.05 is a clock that runs 5 % slow. */
  constructor(world: World, name: string, clockRate = 1, wallOffsetMs = 0) {
    this.name = name;
    this.#world = world;
    this.#wallOffsetMs = wallOffsetMs;
    const timer = (ms: number, callback: () => void): Timer => {
      let canceled = false;
      const event = world.after(Math.max(0, ms) * clockRate, () => {
        this.#run(() => {
          if (!canceled) callback();
        });
      });
      return {
        cancel: () => {
          canceled = true;
          event.act = undefined;
        },
      };
    };
    this.env = {
      nowMs: () => world.nowMs / clockRate,
      wallMs: () => Math.floor(START_WALL_MS + world.nowMs + this.#wallOffsetMs),
      random: seededRandom(hashOf(`${world.seed} ${name}`)),
      timer,
      sleep: (ms, signal) => sleepWith(timer, ms, signal),
      breathe: () => new Promise((resolve) => timer(0, resolve)),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  /** From outside, after `ms`. */
  deliver(ms: number, act: () => void): void {
    this.#world.after(ms, () => this.#run(act));
  }

  kill(): void {
    this.#alive = false;
    this.#backlog = [];
  }

  /** As SIGSTOP and SIGCONT: everything happens afterwards, in order. */
  stall(ms: number): void {
    if (this.#stalled) return;
    this.#stalled = true;
    this.#world.after(ms, () => {
      this.#stalled = false;
      const backlog = this.#backlog;
      this.#backlog = [];
      for (const act of backlog) this.deliver(0, act);
    });
  }

  jumpWallClock(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  #run(act: () => void): void {
    if (!this.#alive) return;
    if (this.#stalled) this.#backlog.push(act);
    else act();
  }
}
