// What users do meanwhile: they create, scale, update and remove services, and some of them keep a history of what they were
// told. A client that was told nothing does not know, and looks again.
import { newRemoveRequest } from "../../../proto/gen/control.ts";
import type { NetworkSpec, NodeAvailability, PortConfig } from "../../../proto/gen/objects.ts";
import {
  newContainerSpec,
  newEndpointSpec,
  newIPAMConfig,
  newNetworkAttachmentConfig,
  newNetworkSpec,
  newNodeSpec,
  newPortConfig,
  newResourceRequirements,
  newResources,
  newRestartPolicy,
  newServiceSpec,
  newTaskSpec,
  newUpdateConfig,
  type Service,
  type ServiceSpec,
} from "../../../proto/gen/objects.ts";
import type { NetworkId, ServiceId } from "../../../shared/model/ids.ts";
import type { CallContext } from "../../../shared/rpc/server.ts";
import type { SetInput, SetOutput } from "../../history/models.ts";
import { type Answer, call } from "./door.ts";
import { Histories } from "./histories.ts";
import type { Life, SimManager } from "./manager.ts";
import type { Network } from "./network.ts";
import type { Workload } from "./plan.ts";
import { Registers } from "./registers.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

export interface ClientWorld {
  readonly world: World;
  readonly network: Network;
  readonly truth: Truth;
  readonly managers: () => readonly SimManager[];
  readonly nodeIds: readonly string[];
  readonly workload: Workload;
  readonly pause: (ms: number) => Promise<void>;
}

const NAMES = ["alpha", "beta"];
/** The small one is full now and then. */
const NETWORKS = [
  newNetworkSpec({
    name: "ingress",
    driver: "overlay",
    ingress: true,
    ipam: [newIPAMConfig({ subnet: "10.9.0.0/24" })],
  }),
  newNetworkSpec({ name: "large", driver: "overlay", ipam: [newIPAMConfig({ subnet: "10.9.1.0/25" })] }),
  newNetworkSpec({ name: "small", driver: "overlay", ipam: [newIPAMConfig({ subnet: "10.9.2.0/28" })] }),
];
const PORTS = [0, 8_080, 8_081, 8_082];
const MAX_SERVICES = 4;
const MAX_REPLICAS = 6;
/** All of it fits, also on two workers; not all of it fits on one. */
const RESERVED_NANO_CPUS = 250_000_000;

export class Clients {
  readonly #in: ClientWorld;
  readonly histories: Histories;
  readonly registers: Registers;
  readonly #services = new Set<ServiceId>();
  readonly #networks: NetworkId[] = [];
  #next = 1;
  #leader: SimManager | undefined;

  constructor(inside: ClientWorld) {
    this.#in = inside;
    this.histories = new Histories(inside.world);
    this.registers = new Registers({
      world: inside.world,
      histories: this.histories,
      managers: inside.managers,
      call: (what, work, at) => this.#call(what, work, at),
      onWritten: (service) => this.#written(service),
    });
  }

  /** In calm times. */
  async prepare(): Promise<void> {
    for (const name of ["register-a", "register-b"]) {
      const answer = await this.#create({ name, labels: { value: "0" }, mode: { kind: "replicated", replicas: 0 } });
      if (answer.kind !== "done") throw new Error(`could not create ${name}: ${JSON.stringify(answer)}`);
      this.registers.add(answer.value);
    }
    for (const spec of NETWORKS) await this.#createNetwork(spec);
  }

  async #createNetwork(spec: NetworkSpec): Promise<void> {
    for (;;) {
      const answer = await this.#call(`create ${spec.name}`, ({ control }, context) =>
        control.createNetwork({ spec }, context),
      );
      if (answer.kind === "done" && !spec.ingress) this.#networks.push(answer.value.id);
      if (answer.kind === "done") return;
      if (answer.kind === "refused") throw answer.error;
      await this.#in.pause(50);
    }
  }

  /** One client does one thing. */
  async act(): Promise<void> {
    const { workload, world } = this.#in;
    const acts = [
      [workload.register, () => this.registers.act()],
      [workload.name, () => this.#useName()],
      [workload.create, () => this.#createService()],
      [workload.update, () => this.#updateService()],
      [workload.remove, () => this.#removeService()],
      [workload.node, () => this.#updateNode()],
    ] as const;
    let dice = world.random() * acts.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, act] of acts) {
      if (dice < weight) {
        await act();
        return;
      }
      dice -= weight;
    }
  }

  /** After the faults: everything may run everywhere again. */
  async activateNodes(): Promise<void> {
    for (const node of this.#in.nodeIds) {
      if (this.#in.truth.nodes.get(node)?.spec?.availability === "active") continue;
      await this.#setAvailability(node, "active");
    }
  }

  async finalReads(): Promise<void> {
    await this.registers.readAll();
    for (const name of NAMES) await this.#nameCall(name, { kind: "exists" });
  }

  // ------------------------------------------------------------------------------------------------------------ calling

  async #call<R>(
    what: string,
    work: (life: Life, context: CallContext) => Promise<R>,
    at?: SimManager,
  ): Promise<Answer<R>> {
    const { world, network, managers } = this.#in;
    // Whoever believes to lead is asked: one that was deposed and has not noticed must not answer from what it has.
    const believers = managers().filter(({ life }) => life?.core.role === "leader");
    const known = this.#leader !== undefined && world.chance(0.4) ? this.#leader : undefined;
    const manager = at ?? known ?? world.pick(believers.length > 0 && world.chance(0.7) ? believers : managers());
    if (manager === undefined) return { kind: "not-done" };
    const asked = this.#next++;
    const answer = await call(world, network, manager, work);
    if (answer.kind === "done") this.#leader = manager;
    else if (answer.kind !== "refused") this.#leader = undefined;
    world.count(`call ${answer.kind}`);
    world.record(
      `call ${asked} ${what} at ${manager.name}: ${answer.kind}${answer.kind === "refused" ? ` ${answer.error.message.slice(0, 90)}` : ""}`,
    );
    return answer;
  }

  async #create(spec: Partial<ServiceSpec>, image = "hollow/sleep"): Promise<Answer<Service>> {
    const template = newTaskSpec({
      containerSpec: newContainerSpec({ image }),
      restartPolicy: newRestartPolicy({ condition: "any", delayMs: this.#in.world.between(0, 2_000) }),
      resources: newResourceRequirements({ reservations: newResources({ nanoCpus: RESERVED_NANO_CPUS }) }),
      networks: this.#networks
        .filter(() => this.#in.world.chance(0.4))
        .map((target) => newNetworkAttachmentConfig({ target })),
    });
    const wish = newServiceSpec({ taskTemplate: template, ...spec });
    for (let tries = 0; ; tries++) {
      const answer = await this.#call(`create ${spec.name}`, ({ control }, context) =>
        control.createService({ spec: wish, noResolveImage: true }, context),
      );
      if (answer.kind === "done" && answer.value.service !== undefined) {
        this.#written(answer.value.service);
        return { kind: "done", value: answer.value.service };
      }
      if (answer.kind === "not-done" && tries < 100) {
        await this.#in.pause(50);
        continue;
      }
      return answer.kind === "done" ? { kind: "unknown" } : answer;
    }
  }

  /** Who was told that a write is done will find it in the cluster for ever. */
  #written({ id, meta }: Service): void {
    const at = this.#in.truth.writtenAt(id);
    if (at === undefined || at < (meta?.version ?? 0)) {
      this.#in.world.fail(`service ${id} was acknowledged at version ${meta?.version}, and is not committed`);
    }
  }

  // ---------------------------------------------------------------------------------------------------------- histories

  async #useName(): Promise<void> {
    const { world } = this.#in;
    const name = world.pick(NAMES) ?? "";
    const kind = world.pick(["create", "create", "remove", "exists"] as const) ?? "exists";
    await this.#nameCall(name, { kind });
  }

  async #nameCall(name: string, input: SetInput): Promise<void> {
    const { world, truth } = this.#in;
    const calledAt = world.nowMs;
    const answer = await this.#call(`${input.kind} ${name}`, async ({ control }, context): Promise<SetOutput> => {
      switch (input.kind) {
        case "create": {
          const spec = newServiceSpec({
            name,
            taskTemplate: newTaskSpec({ containerSpec: newContainerSpec({ image: "hollow/sleep" }) }),
            mode: { kind: "replicated", replicas: 0 },
          });
          await control.createService({ spec, noResolveImage: true }, context);
          return { kind: "done" };
        }
        case "remove":
          truth.removalAsked.add(name);
          await control.removeService(newRemoveRequest({ ref: name }), context);
          return { kind: "done" };
        case "exists":
          await control.getService({ ref: name }, context);
          return { kind: "is", there: true };
      }
    });
    const operation = { process: 0, key: name, input, calledAt };
    const returnedAt = world.nowMs;
    switch (answer.kind) {
      case "not-done":
        return;
      case "unknown":
        if (input.kind !== "exists") {
          this.histories.name({ ...operation, output: undefined, returnedAt: Number.POSITIVE_INFINITY });
        }
        return;
      case "done":
        this.histories.name({ ...operation, output: answer.value, returnedAt });
        return;
      case "refused": {
        const expected = input.kind === "create" ? "already_exists" : "not_found";
        if (answer.error.code !== expected) world.fail(`${input.kind} ${name} was refused: ${answer.error.message}`);
        const output: SetOutput = input.kind === "exists" ? { kind: "is", there: false } : { kind: "refused" };
        this.histories.name({ ...operation, output, returnedAt });
      }
    }
  }

  // ----------------------------------------------------------------------------------------------------------- workload

  async #createService(): Promise<void> {
    const { world } = this.#in;
    const present = [...this.#in.truth.services.values()].filter(({ spec }) => spec?.name.startsWith("web"));
    if (present.length >= MAX_SERVICES) return;
    const name = `web${this.#next++}`;
    const mode: ServiceSpec["mode"] = world.chance(0.2)
      ? { kind: "global" }
      : { kind: "replicated", replicas: world.between(1, MAX_REPLICAS) };
    const updateConfig = newUpdateConfig({ parallelism: 1, monitorMs: world.between(1, 2_000) });
    const endpointSpec = world.chance(0.5) ? undefined : newEndpointSpec({ ports: [this.#port()] });
    const answer = await this.#create({ name, mode, updateConfig, endpointSpec }, world.pick(this.#in.workload.images));
    if (answer.kind === "done") this.#services.add(answer.value.id);
  }

  #port(): PortConfig {
    const { world } = this.#in;
    const publishMode = world.chance(0.2) ? "host" : "ingress";
    return newPortConfig({ targetPort: 80, publishedPort: world.pick(PORTS) ?? 0, publishMode });
  }

  async #updateService(): Promise<void> {
    const { world, truth } = this.#in;
    const id = world.pick([...this.#services]);
    const service = id === undefined ? undefined : truth.services.get(id);
    if (id === undefined || service?.spec === undefined) return;
    const spec = newServiceSpec(service.spec);
    const replicas = world.between(0, MAX_REPLICAS);
    const image = world.pick(this.#in.workload.images) ?? "";
    const endpointSpec = world.chance(0.3) ? newEndpointSpec({ ports: [this.#port()] }) : spec.endpointSpec;
    const scale = spec.mode?.kind === "replicated" && world.chance(this.#in.workload.scaleShare);
    const next: ServiceSpec = scale
      ? { ...spec, mode: { kind: "replicated", replicas } }
      : {
          ...spec,
          endpointSpec,
          taskTemplate: { ...newTaskSpec(spec.taskTemplate), containerSpec: newContainerSpec({ image }) },
        };
    const answer = await this.#call(
      `update ${spec.name} to ${scale ? `${replicas} replicas` : image}`,
      ({ control }, context) =>
        control.updateService(
          {
            id,
            version: service.meta?.version ?? 0,
            spec: next,
            noResolveImage: true,
            rollback: false,
            keepRegistryAuth: false,
          },
          context,
        ),
    );
    if (answer.kind === "done" && answer.value.service !== undefined) this.#written(answer.value.service);
  }

  async #removeService(): Promise<void> {
    const id = this.#in.world.pick([...this.#services]);
    if (id === undefined) return;
    this.#in.truth.removalAsked.add(id);
    const answer = await this.#call(`remove ${id.slice(0, 6)}`, ({ control }, context) =>
      control.removeService(newRemoveRequest({ ref: id }), context),
    );
    if (answer.kind !== "not-done") this.#services.delete(id);
  }

  async #updateNode(): Promise<void> {
    const { world, nodeIds } = this.#in;
    const node = world.pick(nodeIds);
    const availability = world.pick(["active", "active", "pause", "drain"] as const);
    if (node !== undefined && availability !== undefined) await this.#setAvailability(node, availability);
  }

  #setAvailability(id: string, availability: NodeAvailability): Promise<Answer<unknown>> {
    return this.#call(`${availability} ${id.slice(0, 6)}`, async ({ control, store }, context) => {
      const node = store.view((view) => view.get("node", id));
      if (node === undefined) return;
      const { meta, spec } = node;
      await control.updateNode(
        { id: node.id, version: meta?.version ?? 0, spec: { ...newNodeSpec(spec), availability }, advertiseAddr: "" },
        context,
      );
    });
  }
}
