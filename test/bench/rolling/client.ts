// Asks a URL again and again over a few connections until its standard input ends, then says what it saw, as JSON. A failed
// request is not tried again. It runs inside a container, from the checkout, and imports nothing of it.
//
//   node client.ts URL kept|fresh CONNECTIONS
import { Agent, get } from "node:http";

const [url = "", mode = "kept", connections = "4"] = process.argv.slice(2);
const PAUSE_MS = 5;
const LIMIT_MS = 10_000;
let isOver = false;
process.stdin.on("end", () => {
  isOver = true;
});
process.stdin.resume();

const failures: Record<string, number> = {};
const servers: Record<string, number> = {};
let requests = 0;
let slowestMs = 0;

const ask = (agent: Agent): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent, timeout: LIMIT_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => {
        body += text;
      });
      response.on("error", reject);
      response.on("end", () => (response.statusCode === 200 ? resolve(body.trim()) : reject(new Error(body))));
    });
    request.on("timeout", () => request.destroy(new Error("timeout")));
    request.on("error", reject);
  });

async function load(): Promise<void> {
  const agent = new Agent({ keepAlive: mode === "kept", maxSockets: 1 });
  while (!isOver) {
    const startedMs = performance.now();
    requests += 1;
    try {
      const server = await ask(agent);
      servers[server] = (servers[server] ?? 0) + 1;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const name = code ?? message;
      failures[name] = (failures[name] ?? 0) + 1;
    }
    slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  agent.destroy();
}

await Promise.all(Array.from({ length: Number(connections) }, load));
process.stdout.write(`${JSON.stringify({ requests, failures, servers, slowestMs })}\n`);
