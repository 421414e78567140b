// What this node knows of its networks, for the beginning of a session: what managers know just so, they need not tell again.
import { type NetworkHeld, newNetworkHeld } from "../../proto/gen/network.ts";
import { networkDigest } from "../../shared/network/network-digest.ts";
import type { NetworkView, NetworkViews } from "./view.ts";

/** A view is never changed, so its digest is made once. */
const digests = new WeakMap<NetworkView, Uint8Array>();

export const heldNetworks = (views: NetworkViews): NetworkHeld[] =>
  [...views].map(([networkId, view]) => {
    const digest = digests.get(view) ?? networkDigest(view);
    digests.set(view, digest);
    return newNetworkHeld({ networkId, version: view.version, digest });
  });
