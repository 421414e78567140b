// Users who keep a history: labels of services as registers that are read and written under versions. What one was told,
// nobody who asks later may be told less of, whichever manager answers.
import { newServiceSpec, type Service } from "../../../proto/gen/objects.ts";
import type { ServiceId } from "../../../shared/model/ids.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import type { Answer } from "./door.ts";
import type { Histories, LabelOutput } from "./histories.ts";
import type { Life, SimManager } from "./manager.ts";
import type { World } from "./world.ts";

export interface RegistersWorld {
  readonly world: World;
  readonly histories: Histories;
  readonly managers: () => readonly SimManager[];
  /** @param at unset: whoever a user would ask. */
  readonly call: <R>(
    what: string,
    work: (life: Life, context: CallContext) => Promise<R>,
    at?: SimManager,
  ) => Promise<Answer<R>>;
  /** A write was acknowledged. */
  readonly onWritten: (service: Service) => void;
}

interface Register {
  readonly id: ServiceId;
  known: Service;
  /** The newest version that anybody was told. */
  seen: number;
}

const READ_SHARE = 0.43;
/** Of a manager that was cut off, each with one read at a time. */
const READERS = 3;
const READ_PAUSE_MS = 40;
const WRITE_PAUSE_MS = 80;

const versionOf = ({ meta }: Service): number => meta?.version ?? 0;

export class Registers {
  readonly #in: RegistersWorld;
  readonly #registers: Register[] = [];
  #next = 1;

  constructor(inside: RegistersWorld) {
    this.#in = inside;
  }

  add(service: Service): void {
    this.#registers.push({ id: service.id, known: service, seen: versionOf(service) });
    this.#in.histories.register(service.id, versionOf(service), "0");
  }

  /** One user reads or writes. */
  async act(): Promise<void> {
    const reads = this.#in.world.chance(READ_SHARE);
    const register = this.#in.world.pick(this.#registers);
    if (register !== undefined) await (reads ? this.#read(register) : this.#update(register));
  }

  async readAll(): Promise<void> {
    for (const register of this.#registers) await this.#read(register);
  }

  /** For `ms`, users who still reach `old` read there what others write at who leads after it. */
  readAt(old: SimManager, ms: number): void {
    const { world, managers } = this.#in;
    const [register] = this.#registers;
    if (register === undefined) return;
    const until = world.nowMs + ms;
    const broken = (error: unknown): void => world.broken(error);
    const user = (pauseMs: number, act: () => Promise<void>): void => {
      if (world.nowMs < until) act().then(() => world.after(pauseMs, () => user(pauseMs, act)), broken);
    };
    const idle = Promise.resolve();
    for (let readers = READERS; readers > 0; readers--) {
      user(READ_PAUSE_MS, () => (old.life?.core.role === "leader" ? this.#read(register, old) : idle));
    }
    user(WRITE_PAUSE_MS, () => {
      const successor = managers().find((one) => one !== old && one.leads);
      return successor === undefined ? idle : this.#update(register, successor);
    });
  }

  async #read(register: Register, at?: SimManager): Promise<void> {
    const { call, histories, world } = this.#in;
    const { id, seen } = register;
    const calledAt = world.nowMs;
    const answer = await call(
      `read ${id.slice(0, 6)}`,
      ({ control }, context) => control.getService({ ref: id }, context),
      at,
    );
    if (answer.kind !== "done" || answer.value.service === undefined) return; // a read that failed saw nothing
    const { service } = answer.value;
    const version = versionOf(service);
    if (version < seen)
      world.fail(`a read of ${id} answered version ${version}, and ${seen} had been told before it began`);
    this.#know(register, service);
    const output: LabelOutput = { kind: "value", version, value: service.spec?.labels["value"] ?? "" };
    histories.label({ process: 0, key: id, input: { kind: "read" }, output, calledAt, returnedAt: world.nowMs });
  }

  async #update(register: Register, at?: SimManager): Promise<void> {
    const { call, histories, onWritten, world } = this.#in;
    const { id, known } = register;
    const version = versionOf(known);
    const value = String(this.#next++);
    const calledAt = world.nowMs;
    const answer = await call(
      `set ${id.slice(0, 6)} to ${value} at ${version}`,
      ({ control }, context) =>
        control.updateService(
          {
            id,
            version,
            spec: { ...newServiceSpec(known.spec), labels: { value } },
            noResolveImage: true,
            rollback: false,
            keepRegistryAuth: false,
          },
          context,
        ),
      at,
    );
    const operation = { process: 0, key: id, input: { kind: "update", expected: version, value }, calledAt } as const;
    switch (answer.kind) {
      case "not-done":
        return;
      case "unknown":
        histories.label({ ...operation, output: undefined, returnedAt: Number.POSITIVE_INFINITY });
        return;
      case "refused":
        if (answer.error.code !== "conflict")
          world.fail(`an update of a register was refused: ${answer.error.message}`);
        histories.label({ ...operation, output: { kind: "conflict" }, returnedAt: world.nowMs });
        return;
      case "done":
        if (answer.value.service !== undefined) {
          onWritten(answer.value.service);
          this.#know(register, answer.value.service);
        }
        histories.label({ ...operation, output: { kind: "written" }, returnedAt: world.nowMs });
    }
  }

  #know(register: Register, service: Service): void {
    register.known = service;
    register.seen = Math.max(register.seen, versionOf(service));
  }
}
