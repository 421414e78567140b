import type { Server } from "node:net";
import { SkepError } from "../errors.ts";
import { type Address, formatAddress } from "./address.ts";

/** It is the port's fault: another try may succeed. */
export class ListenError extends SkepError {}

/** Connections that wait until the daemon takes them; the kernel's own limit is net.core.somaxconn, 4,096. */
const BACKLOG = 4_096;

/**
 * Listens, and says in words why it cannot.
 * @param address port 0 takes a free one (tests).
 * @returns what is in use.
 * @throws {ListenError} `failed_precondition`
 */
export function listenTcp(server: Server, address: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(listenError(error, address));
    server.once("error", onError);
    server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
      server.off("error", onError);
      const bound = server.address();
      resolve({ host: address.host, port: bound !== null && typeof bound === "object" ? bound.port : address.port });
    });
  });
}

function listenError(error: NodeJS.ErrnoException, address: Address): ListenError {
  const where = formatAddress(address);
  const options = { cause: error };
  switch (error.code) {
    case "EADDRINUSE":
      return new ListenError(
        "failed_precondition",
        `cannot listen on ${where}: the port is taken by another program; stop it, or choose another with --listen-addr`,
        options,
      );
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return new ListenError(
        "failed_precondition",
        `cannot listen on ${where}: this host has no such address; choose another with --listen-addr`,
        options,
      );
    case "EACCES":
      return new ListenError(
        "failed_precondition",
        `cannot listen on ${where}: not permitted; run the daemon as root`,
        options,
      );
    default:
      return new ListenError("failed_precondition", `cannot listen on ${where}: ${error.message}`, options);
  }
}
