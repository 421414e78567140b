// Clients: each speaks to one manager over its local socket, one call after the other, as fast as a script would. Registers
// are services under versioned updates, their value a label; names are services that come and go. No service has replicas,
// so nothing but the clients writes them.
import type * as grpc from "@grpc/grpc-js";
import {
  ControlService,
  newCreateServiceRequest,
  newObjectRequest,
  newRemoveRequest,
  newUpdateServiceRequest,
} from "../../proto/gen/control.ts";
import {
  newContainerSpec,
  newServiceSpec,
  newTaskSpec,
  type Service,
  type ServiceSpec,
} from "../../proto/gen/objects.ts";
import type { Env } from "../../shared/env/env.ts";
import { isCode } from "../../shared/errors.ts";
import { unary } from "../../shared/rpc/client.ts";
import type { RequestOf, ResponseOf } from "../../shared/rpc/method.ts";
import type { RegisterOutput, SetInput, SetOutput } from "./models.ts";
import { type History, orRefused, unanswered } from "./recorder.ts";

/** Longer than an election: a call may wait for a leader. */
const CALL_LIMIT_MS = 8_000;
const MAX_PAUSE_MS = 25;
/** A key is left for a fresh one after so long: what was lost shows in the reads at the end all the same. */
const KEY_AGE_MS = 12_000;
const REGISTERS = 3;
const NAMES = 4;

export interface Manager {
  readonly name: string;
  readonly client: grpc.Client;
}

interface Register {
  readonly key: string;
  readonly id: Service["id"];
}

const specOf = (name: string, value: number): ServiceSpec =>
  newServiceSpec({
    name,
    labels: { value: String(value) },
    mode: { kind: "replicated", replicas: 0 },
    taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "history/none:1" }) }),
  });

const versionOf = (service: Service | undefined): number => service?.meta?.version ?? 0;
const numberIn = (service: Service | undefined): number => Number(service?.spec?.labels["value"] ?? Number.NaN);

export class Workload {
  readonly #env: Env;
  readonly #managers: readonly Manager[];
  readonly #history: History;
  readonly #signal: AbortSignal;
  readonly #registers: Register[] = [];
  readonly #names: string[] = [];
  readonly #ids = new Map<string, string>();
  #nextKey = 1;
  #nextValue = 1;

  /** @param env its randomness decides what is called when; its clock is this machine's. */
  constructor(env: Env, managers: readonly Manager[], history: History, signal: AbortSignal) {
    this.#env = env;
    this.#managers = managers;
    this.#history = history;
    this.#signal = signal;
  }

  /** Registers as they were created, with what was in them then: version and value. */
  readonly created = new Map<string, { readonly version: number; readonly value: number }>();

  /** Makes the first keys. Resolves with a version that none of them is older than. */
  async prepare(): Promise<number> {
    const first = await this.#newRegister();
    for (let i = 1; i < REGISTERS; i++) await this.#newRegister();
    for (let i = 0; i < NAMES; i++) this.#newName();
    return (this.created.get(first)?.version ?? 0) - 1;
  }

  /** Runs `clients` of each kind until `stop` aborts. */
  async run(clients: number, stop: AbortSignal): Promise<void> {
    const either = AbortSignal.any([stop, this.#signal]);
    const each = (work: (process: number) => Promise<void>, first: number): Promise<void>[] =>
      Array.from({ length: clients }, (_, i) => this.#client(first + i, work, either));
    await Promise.all([
      ...each((process) => this.#useRegister(process), 0),
      ...each((process) => this.#useName(process), clients),
      this.#renewKeys(either),
    ]);
  }

  /** Reads every register and name through every manager. For a healed cluster: each read is repeated until answered. */
  async readAll(): Promise<void> {
    for (const [i, manager] of this.#managers.entries()) {
      const process = 1_000_000 + i;
      for (const key of this.created.keys()) {
        while ((await this.#read(process, manager, key)) === undefined) await this.#pause(this.#signal);
      }
      for (const key of this.#everyName) {
        while ((await this.#exists(process, manager, key)) === undefined) await this.#pause(this.#signal);
      }
    }
  }

  /** The last write: all watchers must come to see it. Resolves with its version. */
  async writeMarker(): Promise<number> {
    return this.created.get(await this.#newRegister())?.version ?? 0;
  }

  readonly #everyName: string[] = [];
  readonly #known = new Map<string, number>(); // process and key: the version it read last

  async #client(process: number, work: (process: number) => Promise<void>, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await work(process);
      await this.#pause(stop);
    }
  }

  async #pause(stop: AbortSignal): Promise<void> {
    await this.#env.sleep(this.#env.random() * MAX_PAUSE_MS, stop).catch(() => undefined);
  }

  #managerOf(process: number): Manager {
    const manager = this.#managers[process % this.#managers.length];
    if (manager === undefined) throw new Error("a workload needs managers");
    return manager;
  }

  async #renewKeys(stop: AbortSignal): Promise<void> {
    const eachMs = KEY_AGE_MS / (REGISTERS + NAMES);
    for (let turn = 0; !stop.aborted; turn++) {
      await this.#env.sleep(eachMs, stop).catch(() => undefined);
      if (stop.aborted) return;
      if (turn % (REGISTERS + NAMES) < REGISTERS) {
        await this.#newRegister();
        this.#registers.shift();
      } else {
        this.#newName();
        this.#names.shift();
      }
    }
  }

  #newName(): void {
    const name = `name-${this.#nextKey++}`;
    this.#names.push(name);
    this.#everyName.push(name);
  }

  /** Until the cluster has said that it is there. */
  async #newRegister(): Promise<string> {
    for (;;) {
      this.#signal.throwIfAborted();
      const key = `register-${this.#nextKey++}`;
      const manager = this.#managerOf(this.#nextKey);
      const request = newCreateServiceRequest({ spec: specOf(key, 0), noResolveImage: true });
      try {
        const { service } = await this.#unary(manager, ControlService.createService, request);
        if (service === undefined) throw new Error("a service was created, and the answer has none");
        const version = versionOf(service);
        this.created.set(key, { version, value: 0 });
        this.#ids.set(key, service.id);
        this.#registers.push({ key, id: service.id });
        this.#history.acknowledged.push({ action: "create", id: service.id, version });
        return key;
      } catch (error) {
        unanswered(error); // whatever came of it, the key is not used
      }
    }
  }

  #unary<M extends Parameters<typeof unary>[1]>(
    { client }: Manager,
    method: M,
    request: RequestOf<M>,
  ): Promise<ResponseOf<M>> {
    return unary(client, method, request, { timeoutMs: CALL_LIMIT_MS, signal: this.#signal });
  }

  async #useRegister(process: number): Promise<void> {
    const register = this.#registers[Math.floor(this.#env.random() * this.#registers.length)];
    if (register === undefined) return;
    const { key, id } = register;
    const manager = this.#managerOf(process);
    const expected = this.#known.get(`${process} ${key}`);
    if (expected === undefined || this.#env.random() < 0.4) {
      const output = await this.#read(process, manager, key);
      if (output?.kind === "value") this.#known.set(`${process} ${key}`, output.version);
      return;
    }
    const value = this.#nextValue++;
    const request = newUpdateServiceRequest({ id, version: expected, spec: specOf(key, value), noResolveImage: true });
    const update = async (): Promise<RegisterOutput> => {
      const { service } = await this.#unary(manager, ControlService.updateService, request);
      this.#history.acknowledged.push({ action: "update", id, version: versionOf(service) });
      return { kind: "value", version: versionOf(service), value: numberIn(service) };
    };
    const input = { kind: "update", expected, value } as const;
    const output = await this.#history.registers.record(process, key, input, false, () =>
      orRefused(update, ["conflict"], { kind: "conflict" }),
    );
    if (output?.kind === "value") this.#known.set(`${process} ${key}`, output.version);
    else this.#known.delete(`${process} ${key}`);
  }

  #read(process: number, manager: Manager, key: string): Promise<RegisterOutput | undefined> {
    const request = newObjectRequest({ ref: this.#ids.get(key) ?? key });
    return this.#history.registers.record(process, key, { kind: "read" }, true, async () => {
      const { service } = await this.#unary(manager, ControlService.getService, request);
      return { kind: "value", version: versionOf(service), value: numberIn(service) };
    });
  }

  async #useName(process: number): Promise<void> {
    const key = this.#names[Math.floor(this.#env.random() * this.#names.length)];
    if (key === undefined) return;
    const manager = this.#managerOf(process);
    const dice = this.#env.random();
    if (dice < 0.4) await this.#exists(process, manager, key);
    else if (dice < 0.7) await this.#create(process, manager, key);
    else await this.#remove(process, manager, key);
  }

  #exists(process: number, manager: Manager, key: string): Promise<SetOutput | undefined> {
    return this.#history.names.record(process, key, { kind: "exists" }, true, async () => {
      try {
        await this.#unary(manager, ControlService.getService, newObjectRequest({ ref: key }));
        return { kind: "is", there: true };
      } catch (error) {
        if (isCode(error, "not_found")) return { kind: "is", there: false };
        throw error;
      }
    });
  }

  #create(process: number, manager: Manager, key: string): Promise<SetOutput | undefined> {
    const request = newCreateServiceRequest({ spec: specOf(key, process), noResolveImage: true });
    return this.#change(process, key, { kind: "create" }, "already_exists", async () => {
      const { service } = await this.#unary(manager, ControlService.createService, request);
      if (service !== undefined) {
        this.#history.acknowledged.push({ action: "create", id: service.id, version: versionOf(service) });
      }
    });
  }

  #remove(process: number, manager: Manager, key: string): Promise<SetOutput | undefined> {
    return this.#change(process, key, { kind: "remove" }, "not_found", async () => {
      const { id } = await this.#unary(manager, ControlService.removeService, newRemoveRequest({ ref: key }));
      this.#history.acknowledged.push({ action: "remove", id, version: undefined });
    });
  }

  #change(
    process: number,
    key: string,
    input: SetInput,
    refusal: "already_exists" | "not_found",
    call: () => Promise<void>,
  ): Promise<SetOutput | undefined> {
    return this.#history.names.record(process, key, input, false, () =>
      orRefused<SetOutput>(() => call().then(() => ({ kind: "done" })), [refusal], { kind: "refused" }),
    );
  }
}
