// The dispatcher's service as managers serve it: a network's words are the same for every agent that is at the same version, and
// are made into bytes once. With a thousand nodes on one network that is the difference between a new leader that is busy for
// seconds and one that is not (test/bench/network-views.ts).
import { type DispatcherMessage, DispatcherService } from "../../proto/gen/dispatcher.ts";

/** As long as the message itself is kept: see network/messages.ts. */
const encoded = new WeakMap<DispatcherMessage, Buffer>();

function encode(message: DispatcherMessage): Buffer {
  const plain = DispatcherService.session.responseSerialize;
  if (message.message?.kind !== "network") return plain(message);
  const known = encoded.get(message);
  if (known !== undefined) return known;
  const bytes = plain(message);
  encoded.set(message, bytes);
  return bytes;
}

export const ServedDispatcherService: typeof DispatcherService = {
  ...DispatcherService,
  session: { ...DispatcherService.session, responseSerialize: encode },
};
