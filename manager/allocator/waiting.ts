// Tasks that wait for addresses, by the network that had none for them. Pure.
import type { TaskId } from "../../shared/model/ids.ts";

export class Waiting {
  readonly #networkOf = new Map<TaskId, string>();
  readonly #queues = new Map<string, Set<TaskId>>();
  /** Not tried yet: which network they wait for is not known. */
  readonly #untried = new Set<TaskId>();
  /** Networks on which something was given back. */
  readonly #freed = new Set<string>();

  get hasWork(): boolean {
    return this.#untried.size > 0 || this.#freed.size > 0;
  }

  get isEmpty(): boolean {
    return this.#untried.size === 0 && this.#networkOf.size === 0;
  }

  add(task: TaskId): void {
    if (!this.#networkOf.has(task)) this.#untried.add(task);
  }

  remove(task: TaskId): void {
    this.#untried.delete(task);
    const network = this.#networkOf.get(task);
    if (network === undefined) return;
    this.#networkOf.delete(task);
    const queue = this.#queues.get(network);
    queue?.delete(task);
    if (queue?.size === 0) this.#queues.delete(network);
  }

  /** It was tried, and `network` has no room. */
  waitsFor(task: TaskId, network: string): void {
    if (this.#networkOf.get(task) === network) return; // it keeps its turn
    this.remove(task);
    this.#networkOf.set(task, network);
    const queue = this.#queues.get(network);
    if (queue === undefined) this.#queues.set(network, new Set([task]));
    else queue.add(task);
  }

  freed(network: string): void {
    if (this.#queues.has(network)) this.#freed.add(network);
  }

  /**
   * Whom to try, oldest first within a network, and no further once a network is full again. Remove or `waitsFor` each before
   * taking the next.
   * @param isFull as found while these are tried.
   */
  *take(isFull: (network: string) => boolean): Generator<TaskId> {
    for (const task of [...this.#untried]) {
      this.#untried.delete(task);
      yield task;
    }
    for (const network of [...this.#freed]) {
      this.#freed.delete(network);
      for (const task of [...(this.#queues.get(network) ?? [])]) {
        if (isFull(network)) break;
        yield task;
      }
    }
  }
}
