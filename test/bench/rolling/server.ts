// An HTTP server that stops as a good one does: at SIGTERM it answers what comes, tells the client to close, and goes when
// nobody is left. It runs inside a container, from the checkout, and imports nothing of it.
import { createServer } from "node:http";
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
  server.close(() => process.exit(0));
});
