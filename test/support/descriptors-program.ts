// Stands for a daemon with very many files open: network-descriptors.test.ts starts it under a limit of its own. One JSON line tells
// what came of it.
import { closeSync, openSync, readdirSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { KernelProcess } from "../../agent/network/apply/kernel-process.ts";
import { NetworkNode } from "../../agent/network/apply/network-node.ts";
import { startWorker, type WorkerPort } from "../../agent/network/apply/worker-port.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { SkepError } from "../../shared/errors.ts";
import { silentLog } from "../../shared/log.ts";
import { inputOf, type Story } from "./network-story.ts";

const [mode = "", nodeNamespacePath = "", storyText = "", count = "0"] = process.argv.slice(2);
const story = JSON.parse(storyText) as Story;
const signal = AbortSignal.timeout(120_000);
const openFiles = (): number => readdirSync("/proc/self/fd").length;

/** Connections to ourselves: each is two descriptors. */
async function connections(n: number): Promise<Socket[]> {
  const held: Socket[] = [];
  const server = createServer((socket) => held.push(socket)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  for (let i = 0; i < n; i++) {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    held.push(socket);
  }
  return held;
}

let port: WorkerPort | undefined;
const kernel = new KernelProcess({ env: realEnv, nodeNamespacePath }, (options) => {
  port = startWorker(options);
  return port;
});
const node = new NetworkNode({
  kernel,
  isOurs: (name) => name.slice(4).startsWith(story.ids),
  log: silentLog,
});
const without = (name: string): Story => ({ ...story, tasks: story.tasks.filter((task) => task.name !== name) });

/** Services come and go while the connections are open. The process of the kernel is started only then, too. */
async function many() {
  await connections(Number(count) / 2);
  const open = openFiles();
  const steps: number[] = [];
  for (let i = 0; i < 5; i++) {
    for (const now of [story, without("a1")]) {
      node.doubt();
      steps.push((await node.reconcile(inputOf(now, "n1"), signal)).steps);
    }
  }
  return { open, steps, differences: await node.check(inputOf(without("a1"), "n1"), signal) };
}

/** No descriptor is left: what runs goes on, and what cannot be started anew is told, until there are some again. */
async function noneLeft() {
  const wordsOf = (now: Story): Promise<string> =>
    node.reconcile(inputOf(now, "n1"), signal).then(
      () => "done",
      (error) => `${SkepError.from(error).code}: ${SkepError.from(error).message}`,
    );
  const words: string[] = [await wordsOf(without("a1"))];
  const held: number[] = [];
  let full = "";
  while (full === "") {
    try {
      held.push(openSync("/dev/null", "r"));
    } catch (error) {
      full = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    }
  }
  words.push(await wordsOf(story));
  port?.kill();
  words.push(await wordsOf(without("a1")), await wordsOf(without("a1")));
  for (const file of held) closeSync(file);
  words.push(await wordsOf(without("a1")));
  return { full, words };
}

process.stdout.write(`${JSON.stringify(mode === "many" ? await many() : await noneLeft())}\n`);
process.exit(0);
