// What goes out on a connection arrives so much later, and what comes in is passed on at once. For benches: a distance between
// managers, without the kernel's help.
import { Duplex } from "node:stream";

export function slowLink(socket: Duplex, delayMs: number): Duplex {
  const timers = new Set<NodeJS.Timeout>();
  const later = (act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, delayMs);
    timers.add(timer);
  };
  const link = new Duplex({
    read: () => socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      later(() => socket.write(chunk));
      done();
    },
    final: (done) => {
      later(() => socket.end());
      done();
    },
    destroy: (error, done) => {
      for (const timer of timers) clearTimeout(timer);
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk: Buffer) => {
    if (!link.push(chunk)) socket.pause();
  });
  socket.once("end", () => link.push(null));
  socket.once("error", (error) => link.destroy(error));
  socket.once("close", () => link.destroy());
  return link;
}
