// What a user names an object by: its ID, its name, or the beginning of its ID where only one object's ID begins so. In that
// order: an object whose name looks like the beginning of another's ID is found by its name.
import type { Network, Node, Service, Task } from "../../proto/gen/objects.ts";
import { SkepError } from "../../shared/errors.ts";
import type { View } from "../store/types.ts";

const MAX_LISTED = 5;

interface Named {
  readonly id: string;
}

/**
 * @param byName objects that have the name; more than one only where names are not unique.
 * @throws {SkepError} `not_found`, or `invalid_argument` that lists what the reference may mean.
 */
function resolve<O extends Named>(
  noun: string,
  ref: string,
  exact: O | undefined,
  byName: readonly O[],
  all: Iterable<O>,
  nameOf: (object: O) => string,
): O {
  if (ref === "")
    throw new SkepError("invalid_argument", `which ${noun}? give its ID, its name or the beginning of its ID`);
  if (exact !== undefined) return exact;
  let matches = byName;
  if (matches.length === 0) {
    const prefixed: O[] = [];
    for (const object of all) if (object.id.startsWith(ref)) prefixed.push(object);
    matches = prefixed;
  }
  const [first] = matches;
  if (first === undefined) throw new SkepError("not_found", `no such ${noun}: ${ref}`);
  if (matches.length === 1) return first;
  const listed = matches
    .slice(0, MAX_LISTED)
    .map((match) => `${match.id}${nameOf(match) === "" ? "" : ` (${nameOf(match)})`}`);
  const more = matches.length - listed.length;
  throw new SkepError(
    "invalid_argument",
    `${noun} ${JSON.stringify(ref)} is ambiguous, it may be ${listed.join(", ")}${more > 0 ? ` or ${more} others` : ""}: give more of the ID`,
  );
}

export const hostnameOf = (node: Node | undefined): string => node?.description?.hostname ?? "";

export function resolveNode(view: View, ref: string): Node {
  const wanted = ref.toLowerCase();
  const all = [...view.all("node")];
  const named = all.filter((node) => hostnameOf(node).toLowerCase() === wanted);
  return resolve("node", ref, view.get("node", ref), named, all, hostnameOf);
}

export function resolveService(view: View, ref: string): Service {
  const named = view.byName("service", ref);
  const byName = named === undefined ? [] : [named];
  return resolve(
    "service",
    ref,
    view.get("service", ref),
    byName,
    view.all("service"),
    (service) => service.spec?.name ?? "",
  );
}

export function resolveNetwork(view: View, ref: string): Network {
  const named = view.byName("network", ref);
  const byName = named === undefined ? [] : [named];
  return resolve(
    "network",
    ref,
    view.get("network", ref),
    byName,
    view.all("network"),
    (network) => network.spec?.name ?? "",
  );
}

export function resolveTask(view: View, ref: string): Task {
  return resolve("task", ref, view.get("task", ref), [], view.all("task"), (task) => task.serviceName);
}
