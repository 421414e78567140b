// Two sides find out whether they know the same of a network without telling one another all of it. The digest is of the encoded
// parts in the order of their ids, so it does not depend on how they became known.
import { createHash } from "node:crypto";
import {
  encodeNetworkEndpoint,
  encodeNetworkNode,
  encodeNetworkService,
  encodeOverlayNetwork,
  type NetworkEndpoint,
  type NetworkNode,
  type NetworkService,
  type OverlayNetwork,
} from "../../proto/gen/network.ts";

export interface NetworkContent {
  readonly network: OverlayNetwork;
  readonly nodes: ReadonlyMap<string, NetworkNode>;
  readonly services: ReadonlyMap<string, NetworkService>;
  readonly endpoints: ReadonlyMap<string, NetworkEndpoint>;
}

/** 32 bytes. About 3 ms for a thousand endpoints. */
export function networkDigest({ network, nodes, services, endpoints }: NetworkContent): Uint8Array {
  const hash = createHash("sha256");
  const length = Buffer.alloc(4);
  const add = (bytes: Uint8Array): void => {
    length.writeUInt32LE(bytes.length);
    hash.update(length).update(bytes);
  };
  const addAll = <T>(parts: ReadonlyMap<string, T>, encode: (part: T) => Uint8Array): void => {
    length.writeUInt32LE(parts.size);
    hash.update(length);
    for (const key of [...parts.keys()].sort()) {
      const part = parts.get(key);
      if (part !== undefined) add(encode(part));
    }
  };
  add(encodeOverlayNetwork(network));
  addAll(nodes, encodeNetworkNode);
  addAll(services, encodeNetworkService);
  addAll(endpoints, encodeNetworkEndpoint);
  return hash.digest();
}
