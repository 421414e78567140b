// The `skep dev` commands: thin; the work is in the files beside this one.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { realEnv } from "../../shared/env/real-env.ts";
import { SkepError } from "../../shared/errors.ts";
import { safeText } from "../../shared/safe-text.ts";
import { hostServes } from "./answers.ts";
import { DEV_DIR, listClusters, requireCluster } from "./clusters.ts";
import { runDemo } from "./demo.ts";
import { bringDown } from "./down.ts";
import { enterArgs, enterEnv, hostProcess, powerOff, powerOn } from "./hosts.ts";
import { cutLinks, healLinks, readCut } from "./links.ts";
import { loadArchive } from "./load.ts";
import { type DevCluster, nodeByName, type Paths, pathsOf, registryOf } from "./model.ts";
import { bringUp } from "./up.ts";

const onto =
  (stream: NodeJS.WriteStream) =>
  (line: string): void =>
    void stream.write(`${stream.isTTY ? safeText(line, false) : line}\n`);
const print = onto(process.stdout);
const tell = onto(process.stderr);

function count(raw: string): number {
  if (!/^\d{1,3}$/.test(raw)) throw new InvalidArgumentError(`${JSON.stringify(raw)} is not a whole number such as 3.`);
  return Number(raw);
}

/** A node's daemon and containerd write about 10 MB before anything runs. */
const MIN_DISK_MEGABYTES = 32;

function megabytes(raw: string): number {
  if (/^\d{1,5}$/.test(raw) && Number(raw) >= MIN_DISK_MEGABYTES) return Number(raw);
  throw new InvalidArgumentError(`${JSON.stringify(raw)} is not a whole number from ${MIN_DISK_MEGABYTES} on.`);
}

/** Aborts with Ctrl-C, so that what was begun is taken down again. */
function interruptible(): AbortSignal {
  const abort = new AbortController();
  process.once("SIGINT", () => abort.abort(new SkepError("canceled", "interrupted")));
  process.once("SIGTERM", () => abort.abort(new SkepError("canceled", "terminated")));
  return abort.signal;
}

interface Named {
  readonly name: string;
}

function open({ name }: Named): { readonly cluster: DevCluster; readonly paths: Paths } {
  const cluster = requireCluster(name);
  return { cluster, paths: pathsOf(DEV_DIR, cluster.name) };
}

const NAME_OPTION = ["--name <name>", "which dev cluster", "dev"] as const;

const up = (): Command =>
  new Command("up")
    .description("Start a cluster of several hosts on this machine")
    .option("--managers <n>", "managers", count, 3)
    .option("--workers <n>", "workers", count, 2)
    .option(
      "--disk-mb <n>",
      "a disk of its own for each node, of so many megabytes (in memory), which can fill up",
      megabytes,
    )
    .option(...NAME_OPTION)
    .action(async (options: Named & { managers: number; workers: number; diskMb?: number }) => {
      const started = realEnv.nowMs();
      const { diskMb: diskMegabytes, ...size } = options;
      const cluster = await bringUp({ ...size, diskMegabytes, env: realEnv, signal: interruptible(), tell });
      const seconds = ((realEnv.nowMs() - started) / 1000).toFixed(1);
      tell(`dev cluster ${cluster.name} is ready: ${cluster.nodes.length} nodes in ${seconds} s. Try: skep node ls`);
    });

const ls = (): Command =>
  new Command("ls")
    .description("List dev clusters and their hosts")
    .option("--name <name>", "only this one")
    .action(({ name }: Partial<Named>) => {
      const clusters = name === undefined ? listClusters() : [requireCluster(name)];
      const rows = clusters.flatMap((cluster) => {
        const paths = pathsOf(DEV_DIR, cluster.name);
        const cut = readCut(paths);
        return cluster.nodes.map((node) => {
          const state = hostProcess(paths, node) === undefined ? "off" : cut.includes(node.name) ? "cut" : "on";
          return [cluster.name, node.name, node.role, node.addr, state];
        });
      });
      for (const row of [["CLUSTER", "NODE", "ROLE", "ADDRESS", "STATE"], ...rows]) {
        print(row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd([12, 10, 10, 16][i] ?? 0))).join(""));
      }
    });

const down = (): Command =>
  new Command("down")
    .description("Stop a dev cluster and remove everything of it")
    .option(...NAME_OPTION)
    .option("--all", "all dev clusters of this machine")
    .action(async ({ name, all }: Named & { all?: true }) => {
      const names = all === true ? listClusters().map((cluster) => cluster.name) : [name];
      for (const one of names) {
        await bringDown(one, realEnv);
        tell(`dev cluster ${one} is gone`);
      }
    });

const exec = (): Command =>
  new Command("exec")
    .description("Run a command inside a host (skep is on its path)")
    .usage("[--name NAME] NODE -- COMMAND [ARG...]")
    .argument("<node>")
    .argument("<command...>")
    .option(...NAME_OPTION)
    .passThroughOptions()
    .action(async (nodeName: string, command: readonly string[], options: Named) => {
      const { name = options.name, words } = commandWords(command);
      if (words.length === 0)
        throw new SkepError("invalid_argument", "which command? write it after the node: NODE -- COMMAND");
      const { cluster, paths } = open({ name });
      const node = nodeByName(cluster, nodeName);
      process.exitCode = await inherit("nsenter", [...enterArgs(paths, node), ...words], enterEnv(node));
    });

/**
 * What follows NODE, as it was typed: --name is ours there too when a "--" comes after it, as with the other commands, where
 * it may stand anywhere. All else is the command's own.
 */
export function commandWords(typed: readonly string[]): { readonly name?: string; readonly words: readonly string[] } {
  const [first = "", second = "", third = ""] = typed;
  if (first === "--") return { words: typed.slice(1) };
  if (first === "--name" && third === "--") return { name: second, words: typed.slice(3) };
  if (first.startsWith("--name=") && second === "--")
    return { name: first.slice("--name=".length), words: typed.slice(2) };
  return { words: typed };
}

function inherit(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const terminal = process.env["TERM"];
    const child = spawn(command, args, {
      stdio: "inherit",
      env: terminal === undefined ? env : { ...env, TERM: terminal },
    });
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
    child.on("error", (error) => reject(SkepError.from(error)));
    child.on("close", (code, ended) => resolve(code ?? (ended === null ? 1 : 128 + constants.signals[ended])));
  });
}

const kill = (): Command =>
  new Command("kill")
    .description("Cut a host's power: everything on it dies at once")
    .argument("<node...>")
    .option(...NAME_OPTION)
    .action(async (names: readonly string[], options: Named) => {
      const { cluster, paths } = open(options);
      const nodes = names.map((name) => nodeByName(cluster, name));
      for (const node of nodes) {
        if (hostProcess(paths, node) === undefined)
          throw new SkepError("failed_precondition", `${node.name} is off already`);
      }
      await Promise.all(nodes.map((node) => powerOff(cluster, paths, node, realEnv)));
    });

const start = (): Command =>
  new Command("start")
    .description("Boot a host again from its disk, and wait until it answers")
    .argument("<node...>")
    .option(...NAME_OPTION)
    .action(async (names: readonly string[], options: Named) => {
      const { cluster, paths } = open(options);
      const nodes = names.map((name) => nodeByName(cluster, name));
      for (const node of nodes) await powerOn(cluster, paths, node);
      const waiting = { env: realEnv, signal: interruptible() };
      for (const problem of await Promise.all(nodes.map((node) => hostServes(paths, node, waiting)))) {
        if (problem !== undefined) tell(problem);
      }
    });

const cut = (): Command =>
  new Command("cut")
    .description("Cut hosts off the network; hosts named together still reach one another")
    .argument("<node...>")
    .option(...NAME_OPTION)
    .action(async (names: readonly string[], options: Named) => {
      const { cluster, paths } = open(options);
      await cutLinks(cluster, paths, names);
    });

const heal = (): Command =>
  new Command("heal")
    .description("Mend all links that were cut")
    .option(...NAME_OPTION)
    .action(async (options: Named) => {
      const { cluster, paths } = open(options);
      await healLinks(cluster, paths);
    });

const load = (): Command =>
  new Command("load")
    .description("Load an image archive (docker save, OCI) onto all nodes")
    .argument("<archive>")
    .option(...NAME_OPTION)
    .action(async (file: string, options: Named) => {
      const { cluster, paths } = open(options);
      for (const name of await loadArchive(cluster, paths, file, interruptible())) print(`Loaded image: ${name}`);
    });

const registry = (): Command =>
  new Command("registry")
    .description("Print the address of the dev cluster's registry")
    .option(...NAME_OPTION)
    .action((options: Named) => print(registryOf(open(options).cluster)));

const demo = (): Command =>
  new Command("demo")
    .description("A dev cluster with a service on it, and what to look at next")
    .option(...NAME_OPTION)
    .action(async ({ name }: Named) => {
      process.exitCode = await runDemo({ name, env: realEnv, signal: interruptible(), tell, print });
    });

export function devCommand(): Command {
  const dev = new Command("dev")
    .description("Run a whole cluster of several hosts on this one machine")
    .enablePositionalOptions()
    .addHelpText(
      "after",
      `
Examples:
  skep dev up                      3 managers and 2 workers: node1 to node5
  skep node ls                     skep finds the one dev cluster that runs
  skep dev exec node4 -- skep info
  skep dev kill node1              a power cut; "skep dev start node1" boots it again
  skep dev cut node4 node5         both off the network, together; "skep dev heal" mends it
  skep dev down                    nothing is left behind`,
    );
  for (const command of [up(), ls(), down(), exec(), kill(), start(), cut(), heal(), load(), registry(), demo()]) {
    dev.addCommand(command);
  }
  return dev;
}
