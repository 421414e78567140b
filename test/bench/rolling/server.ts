// An HTTP server that stops as a good one does: at SIGTERM it answers what comes, tells the client to close, and goes when
// nobody is left. It runs inside a container, from the checkout, and imports nothing of it.
import { createServer } from "node:http";
import { Server } from "node:net";
import { hostname } from "node:os";

let isStopping = false;
const server = createServer((_request, response) => {
  if (isStopping) response.setHeader("Connection", "close");
  response.end(`${hostname()}\n`);
});
server.keepAliveTimeout = 60_000;
server.listen(8080, "::");
process.on("SIGTERM", () => {
  isStopping = true;
  // Not http's own close: that one hangs up on connections that are between two requests.
  Server.prototype.close.call(server, () => process.exit(0));
});
