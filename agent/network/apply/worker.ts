// What the process that works on the kernel does (network-worker.ts): it alone enters namespaces, calls C and waits for the kernel.
// One job at a time, in the order in which they come; what is thrown goes back as an error.
import { assertNever, type Code, SkepError } from "../../../shared/errors.ts";
import { Namespaces } from "../netlink/namespaces.ts";
import type { FlowNet } from "../plan/flows.ts";
import type { NamespaceState } from "../plan/kernel.ts";
import type { ObservedRuleset } from "../plan/ruleset.ts";
import type { Step } from "../plan/steps.ts";
import { type Executed, execute } from "./execute.ts";
import { endFlows } from "./flows.ts";
import { type ObservedNode, observeNamespace, observeNode } from "./observe.ts";

export interface WorkerOptions {
  /** The node's own network namespace, when the agent itself is in another one: only in tests. */
  readonly nodeNamespacePath: string | undefined;
}

/** What the thread can do, with what it gives for it. */
export interface Jobs {
  observeNode: { readonly ask: { readonly sysctls: readonly string[] }; readonly answer: ObservedNode };
  observeNamespaces: {
    /** By namespace: the sysctls to be read. */
    readonly ask: { readonly sysctls: ReadonlyMap<string, readonly string[]> };
    /** Without those that are not there. */
    readonly answer: ReadonlyMap<string, NamespaceState<ObservedRuleset>>;
  };
  execute: { readonly ask: { readonly steps: readonly Step[] }; readonly answer: Executed };
  endFlows: { readonly ask: { readonly nets: readonly FlowNet[]; readonly all: boolean }; readonly answer: undefined };
}

export type JobKind = keyof Jobs;
export type Job = { [K in JobKind]: { readonly kind: K; readonly ask: Jobs[K]["ask"] } }[JobKind];

export interface JobMessage {
  readonly id: number;
  readonly job: Job;
}

export type Outcome =
  | { readonly id: number; readonly kind: "done"; readonly answer: Jobs[JobKind]["answer"] }
  | { readonly id: number; readonly kind: "failed"; readonly code: Code; readonly message: string };

/** Answers one message after the other. @throws {SkepError} it can work no more: the process is to end, and another one to begin. */
export function createWorker(
  { nodeNamespacePath }: WorkerOptions,
  namespaces = new Namespaces(nodeNamespacePath),
): (message: JobMessage) => Outcome {
  return (message) => {
    const outcome = outcomeOf(message, namespaces);
    namespaces.closeAll();
    // The next job would work in the wrong place.
    if (namespaces.isLost) throw new SkepError("internal", "it cannot leave the namespace that it went into");
    return outcome;
  };
}

function outcomeOf({ id, job }: JobMessage, namespaces: Namespaces): Outcome {
  try {
    return { id, kind: "done", answer: doJob(job, namespaces) };
  } catch (error) {
    const { code, message } = SkepError.from(error);
    return { id, kind: "failed", code, message };
  }
}

function doJob(job: Job, namespaces: Namespaces): Jobs[JobKind]["answer"] {
  switch (job.kind) {
    case "observeNode":
      return observeNode(namespaces, job.ask.sysctls);
    case "observeNamespaces":
      return new Map(
        [...job.ask.sysctls]
          .filter(([name]) => namespaces.has(name))
          .map(([name, keys]) => [name, observeNamespace(namespaces, name, keys)] as const),
      );
    case "execute":
      return execute(job.ask.steps, namespaces);
    case "endFlows":
      endFlows(job.ask.nets, job.ask.all, namespaces);
      return undefined;
    default:
      return assertNever(job);
  }
}
