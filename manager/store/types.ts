// The store's contract. Tables are in memory; the Raft log is the only way in. Readers see committed state; a transaction
// is a synchronous callback over the speculative head (committed state plus what is proposed and not yet committed), so
// that proposals pipeline. Watch events are emitted on commit.
import type { Cluster, Config, Network, Node, PortProtocol, Secret, Service, Task } from "../../proto/gen/objects.ts";
import type { SkepError } from "../../shared/errors.ts";
import type { NetworkId, NodeId, ServiceId } from "../../shared/model/ids.ts";

export interface Tables {
  readonly node: Node;
  readonly service: Service;
  readonly task: Task;
  readonly network: Network;
  readonly secret: Secret;
  readonly config: Config;
  readonly cluster: Cluster;
}
export type TableName = keyof Tables;

/** Valid only inside the callback it is given to. */
export interface View {
  /** The store's version at this view. */
  readonly version: number;
  readonly get: <T extends TableName>(table: T, id: string) => Tables[T] | undefined;
  readonly all: <T extends TableName>(table: T) => Iterable<Tables[T]>;
  readonly count: (table: TableName) => number;
  /** By Spec.Name without regard to case; nodes are found by hostname (which may not be unique), tasks have no names. */
  readonly byName: <T extends TableName>(table: T, name: string) => Tables[T] | undefined;
  readonly tasksOfService: (service: ServiceId) => Iterable<Task>;
  /** Tasks without a node are those of the empty id. */
  readonly tasksOfNode: (node: NodeId) => Iterable<Task>;
  /** Those that hold addresses of it: they have not ended. */
  readonly tasksOnNetwork: (network: NetworkId) => Iterable<Task>;
  /** By a task that has not ended, as a service's virtual IP, or by a node. `address` in formatIp's spelling. */
  readonly isAddressHeld: (network: NetworkId, address: string) => boolean;
  /** Those that were given the published port, in any mode. */
  readonly servicesOnPort: (protocol: PortProtocol, port: number) => Iterable<Service>;
  /** Those that have not ended and have it in mode host. */
  readonly tasksOnPort: (protocol: PortProtocol, port: number) => Iterable<Task>;
  /** The one cluster object; undefined before init. */
  readonly cluster: () => Cluster | undefined;
}

export interface Tx extends View {
  /**
   * Creates or replaces. The store stamps Meta (version, createdAtMs, updatedAtMs).
   * @throws {SkepError} `conflict` when `object.meta.version` is not that of the head (0 or no meta: create only);
   * `already_exists` when another object of the table has the name.
   */
  readonly put: <T extends TableName>(table: T, object: Tables[T]) => undefined;
  /** No error when it is not there. */
  readonly remove: (table: TableName, id: string) => undefined;
}

export type Change = {
  readonly [T in TableName]:
    | { readonly table: T; readonly action: "create"; readonly object: Tables[T] }
    | { readonly table: T; readonly action: "update"; readonly object: Tables[T]; readonly old: Tables[T] }
    | { readonly table: T; readonly action: "remove"; readonly object: Tables[T] };
}[TableName];

/** One transaction, whole. */
export interface Commit {
  readonly version: number;
  /** When the transaction was made, by the leader's clock. */
  readonly timeMs: number;
  readonly changes: readonly Change[];
}

export interface Store {
  /** Reads committed state. The callback must not keep the view. */
  readonly view: <R>(read: (view: View) => R) => R;
  /**
   * Runs `write` at once over the head and proposes what it changed; resolves with its result after the commit. An exception
   * from `write` discards the transaction and rejects. What changed nothing, or threw, is told once the head that it was
   * decided by is committed; when that is lost the answer is `unavailable`, and nothing was done.
   * @throws {SkepError} `unavailable` when this manager does not lead or stops leading before the commit.
   */
  readonly update: <R>(write: (tx: Tx) => R extends Promise<unknown> ? never : R) => Promise<R>;
  /**
   * Large work in pieces: `write` runs once per item, each item whole or not at all, several items to a transaction. An
   * item whose `write` throws changes nothing and is reported; the others go on.
   * @throws {SkepError} `unavailable` as `update` does; items before may be committed, so decide again from a fresh view.
   */
  readonly batch: <I>(
    items: Iterable<I>,
    write: (tx: Tx, item: I) => undefined,
  ) => Promise<{ readonly failed: readonly { readonly item: I; readonly error: SkepError }[] }>;
  /**
   * A view and every commit after it, without a gap, in order, once. A consumer that falls more than `maxBuffered` commits
   * behind gets `resource_exhausted`: view again.
   */
  readonly viewAndWatch: <R>(
    read: (view: View) => R,
    options: { readonly signal: AbortSignal; readonly maxBuffered?: number },
  ) => { readonly view: R; readonly commits: AsyncIterable<Commit> };
}
