// What the store itself writes into an object that is put, beside Meta: what must hold whoever changes the object.
import type { Node } from "../../proto/gen/objects.ts";
import type { TableName, Tables } from "./types.ts";

type Stamp<T> = (present: T | undefined, next: T, version: number) => T;

/** Is to be a manager, or is one still. */
const isManager = (node: Node): boolean => node.spec?.role === "manager" || node.managerStatus !== undefined;

/**
 * Notes the write that ends a node's time as a manager. Every such write does, so that no certificate of that time outlives it:
 * certificates tell the version that they were issued over, and versions, other than clocks, have an order.
 */
export const stampedNode: Stamp<Node> = (present, next, version) => {
  const ends = present !== undefined && isManager(present) && !isManager(next);
  const demotedVersion = ends ? version : (present?.demotedVersion ?? next.demotedVersion);
  return demotedVersion === next.demotedVersion ? next : { ...next, demotedVersion };
};

export const STAMPS: { readonly [T in TableName]?: Stamp<Tables[T]> } = { node: stampedNode };
