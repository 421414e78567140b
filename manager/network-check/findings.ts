// What nodes found out, as they said it.
import type { ProbeArrived, ProbeReady, ProbeSent } from "../../proto/gen/agent.ts";
import type { NodeId } from "../../shared/model/ids.ts";

export type Finding =
  | {
      readonly kind: "tested";
      readonly ready: ProbeReady;
      /** How far its clock is ahead of ours, and how much of that may be an error. */
      readonly clockAheadMs: number;
      readonly clockErrorMs: number;
      readonly sent: ProbeSent;
      readonly arrived: ProbeArrived;
    }
  /** It could not be asked, or not to the end. */
  | { readonly kind: "untested"; readonly problem: string };

export type Findings = ReadonlyMap<NodeId, Finding>;
