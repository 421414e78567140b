// Does the steps of a plan, in their order, over netlink. What fails for one task stops the steps of that task only; any other
// failure stops everything. The next look at the kernel and the next plan go on from what is then there. Runs in the process of
// its own (network-worker.ts), because it goes into namespaces and waits for the kernel.
import { writeFileSync } from "node:fs";
import { assertNever, SkepError } from "../../../shared/errors.ts";
import type { Request } from "../netlink/attributes.ts";
import { putFact, removeFact } from "../netlink/facts.ts";
import { hasErrno } from "../netlink/libc.ts";
import { addLink, removeLink, setLink } from "../netlink/links.ts";
import type { Namespaces } from "../netlink/namespaces.ts";
import { runNft } from "../netlink/nftables.ts";
import { isTaskNamespace, NODE } from "../plan/names.ts";
import { nftLines, type RuleChange } from "../plan/rule-changes.ts";
import { describeStep, type Step } from "../plan/steps.ts";
import { encodeChanges } from "./nft-binary.ts";

export interface Executed {
  /** What failed for a task alone, by its namespace: which step, and why. */
  readonly failed: ReadonlyMap<string, string>;
  /** What of IPv6 the kernel refused, the first few; all else is done. Nobody need go without IPv4 for it. */
  readonly without: readonly string[];
}

/** @throws {SkepError} `internal`: the kernel refused a step of all; the message says which, where and why. */
export function execute(steps: readonly Step[], namespaces: Namespaces): Executed {
  const run = new Run(namespaces);
  for (const step of steps) run.do(step);
  run.flush();
  return { failed: run.failed, without: run.without };
}

const MAX_TOLD = 3;

/** What may already be so: done by a repeat, or gone with something else. */
const ALREADY = ["EEXIST", "ENODEV", "ESRCH", "ENOENT", "EADDRNOTAVAIL"];

class Run {
  readonly failed = new Map<string, string>();
  readonly without: string[] = [];
  readonly #namespaces: Namespaces;
  /** Whose a link of the switchboard is. */
  readonly #owners = new Map<string, string>();
  // Requests to one namespace, in the order of the steps, that go to the kernel in one call.
  #at = NODE;
  #requests: Request[] = [];
  #steps: Step[] = [];
  readonly #indexes = new Map<string, number>();
  // Namespaces with the same rules get the very same change: it is encoded once.
  readonly #encoded = new Map<readonly RuleChange[], ReturnType<typeof encodeChanges>>();

  constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces;
  }

  do(step: Step): void {
    if (step.kind === "addLink" && step.link.make.kind === "veth")
      this.#owners.set(step.name, step.link.make.peerNamespace);
    if (this.failed.has(this.#ownerOf(step) ?? "")) return;
    try {
      this.#do(step);
    } catch (error) {
      if (error instanceof SkepError) throw error; // of an earlier step, which was only queued then
      this.#refused(step, error);
    }
  }

  /** The namespace of the task that the step is for; undefined: it is for all. */
  #ownerOf(step: Step): string | undefined {
    if (isTaskNamespace(step.namespace)) return step.namespace;
    const link = "name" in step ? step.name : step.kind === "putFact" && step.fact === "bridge-port" ? step.value : "";
    const owner = this.#owners.get(link);
    return owner !== undefined && isTaskNamespace(owner) ? owner : undefined;
  }

  #do(step: Step): void {
    const { namespace } = step;
    const indexOf = (link: string): number => this.#indexOf(namespace, link);
    const places = { fileOf: (name: string) => this.#namespaces.fileOf(name), indexOf };
    switch (step.kind) {
      case "addNamespace":
        this.flush();
        this.#namespaces.add(namespace);
        return;
      case "removeNamespace":
        this.flush();
        this.#forgetLinksOf(namespace);
        this.#namespaces.remove(namespace);
        return;
      case "addLink": {
        this.#forget(namespace, step.name);
        const { make } = step.link;
        if (make.kind === "veth") this.#forget(make.peerNamespace, make.peerName);
        this.#queue(make.kind === "vxlan" ? NODE : namespace, step, addLink(step.name, step.link, namespace, places));
        return;
      }
      case "setLink":
        this.#queue(namespace, step, setLink(step.name, step.link, places));
        return;
      case "removeLink":
        this.#forget(namespace, step.name);
        this.#queue(namespace, step, [removeLink(step.name)]);
        return;
      case "putFact":
        if (step.fact === "sysctl") this.#putSysctl(step);
        else this.#queue(namespace, step, [putFact(step.fact, step.key, step.value, indexOf)]);
        return;
      case "removeFact":
        if (step.fact === "sysctl") return; // never taken back: others may rely on it
        this.#queue(namespace, step, [removeFact(step.fact, step.key, step.value, indexOf)]);
        return;
      case "rules":
        this.flush();
        this.#changeRules(step);
        return;
      default:
        assertNever(step);
    }
  }

  #queue(namespace: string, step: Step, requests: readonly Request[]): void {
    if (namespace !== this.#at) this.flush();
    this.#at = namespace;
    for (const request of requests) {
      this.#requests.push(request);
      this.#steps.push(step);
    }
  }

  /** Does what is queued. What keeps all of it from being done is told of each step. */
  flush(): void {
    if (this.#requests.length === 0) return;
    const steps = this.#steps;
    const requests = this.#requests;
    this.#steps = [];
    this.#requests = [];
    const outcomes = this.#outcomes(requests);
    steps.forEach((step, i) => {
      const error = outcomes[i];
      const { tolerates } = requests[i] ?? {};
      if (error !== undefined && !(tolerates !== undefined && hasErrno(error, tolerates))) this.#refused(step, error);
    });
  }

  #outcomes(requests: readonly Request[]): readonly unknown[] {
    try {
      return this.#namespaces.connection(this.#at, "route").request(requests);
    } catch (error) {
      if (error instanceof SkepError) throw error;
      return requests.map(() => error);
    }
  }

  #indexOf(namespace: string, link: string): number {
    const key = `${namespace} ${link}`;
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    this.flush(); // it may be among what is queued
    const index = this.#namespaces.linkIndex(namespace, link);
    this.#indexes.set(key, index);
    return index;
  }

  #forget(namespace: string, link: string): void {
    this.#indexes.delete(`${namespace} ${link}`);
  }

  #forgetLinksOf(namespace: string): void {
    for (const key of [...this.#indexes.keys()]) if (key.startsWith(`${namespace} `)) this.#indexes.delete(key);
  }

  /** A key that this kernel does not have is told by its absence when we look again. */
  #putSysctl({ namespace, key, value }: Extract<Step, { kind: "putFact" }>): void {
    this.flush();
    this.#namespaces.within(namespace, () => {
      const path = `/proc/sys/${key}`;
      try {
        writeFileSync(path, value, { flag: "r+" });
      } catch (error) {
        if (!hasErrno(error, "ENOENT")) throw error;
      }
    });
  }

  #changeRules(step: Extract<Step, { kind: "rules" }>): void {
    const { namespace, changes } = step;
    if (!this.#encoded.has(changes)) this.#encoded.set(changes, encodeChanges(changes));
    const encoded = this.#encoded.get(changes);
    if (encoded !== undefined) {
      this.#namespaces.connection(namespace, "netfilter").transact(encoded.bytes, encoded.messages);
      return;
    }
    const lines = changes.flatMap(nftLines);
    const { ok, errors } = this.#namespaces.within(namespace, () => runNft(`${lines.join("\n")}\n`));
    if (!ok) throw new Error(errors.trim().split("\n").slice(0, 5).join("; "));
  }

  /** @throws {SkepError} unless it is only about what was so already, or about one task. */
  #refused(step: Step, error: unknown): void {
    const tolerant =
      step.kind === "removeLink" ||
      step.kind === "removeFact" ||
      (step.kind === "putFact" && step.fact === "rule") ||
      step.kind === "removeNamespace";
    if (tolerant && ALREADY.some((code) => hasErrno(error, code))) return;
    const why = error instanceof Error ? error.message : String(error);
    const message = `cannot set up the network of ${whereOf(step)}: ${describeStep(step)}: ${why}`;
    if (isOfIpv6(step)) {
      if (this.without.length < MAX_TOLD) this.without.push(message);
      return;
    }
    const owner = this.#ownerOf(step);
    if (owner === undefined) throw new SkepError("internal", message);
    if (!this.failed.has(owner)) this.failed.set(owner, message);
  }
}

/** An address, neighbour, route, routing rule or switch of IPv6. What goes there by IPv4 does without it. */
export function isOfIpv6(step: Step): boolean {
  if (step.kind !== "putFact") return false;
  switch (step.fact) {
    case "address":
    case "neighbour":
    case "route":
      return step.key.includes(":");
    case "rule":
      return step.key.startsWith("6 ");
    case "sysctl":
      return step.key.startsWith("net/ipv6/");
    case "fdb":
    case "bridge-port":
      return false; // of a MAC
    default:
      return assertNever(step.fact);
  }
}

const whereOf = ({ namespace }: Step): string => (namespace === NODE ? "this node" : `namespace ${namespace}`);
