// Every command with its one-line summary, and how to load it. Nothing here imports a command: help stays fast.
import type { CommandEntry, Entry } from "./entry.ts";

const command = (
  name: string,
  summary: string,
  load: CommandEntry["load"],
  aliases?: readonly string[],
): CommandEntry => ({
  kind: "command",
  name,
  summary,
  load,
  ...(aliases === undefined ? {} : { aliases }),
});

export const ENTRIES: readonly Entry[] = [
  {
    kind: "noun",
    name: "swarm",
    summary: "Make a swarm, join it, leave it, configure it",
    verbs: [
      command("init", "Make a new swarm with this node as its manager", () => import("./swarm/init.ts")),
      command("join", "Join this node to a swarm", () => import("./swarm/join.ts")),
      command("join-token", "Show or rotate the token that lets nodes join", () => import("./swarm/join-token.ts")),
      command("leave", "Leave the swarm", () => import("./swarm/leave.ts")),
      command("update", "Change the swarm's settings", () => import("./swarm/update.ts")),
      command("unlock", "Unlock this manager after its restart", () => import("./swarm/unlock.ts")),
      command("unlock-key", "Show or rotate the key that unlocks managers", () => import("./swarm/unlock-key.ts")),
      command("ca", "Show or rotate the root CA", () => import("./swarm/ca.ts")),
      command("backup", "Write the swarm's whole state to a file", () => import("./swarm/backup.ts")),
      command("restore", "Take up a swarm from a backup, on a host in no swarm", () => import("./swarm/restore.ts")),
    ],
  },
  {
    kind: "noun",
    name: "node",
    summary: "Manage the swarm's nodes",
    verbs: [
      command("ls", "List nodes", () => import("./node/ls.ts"), ["list"]),
      command("inspect", "Show a node in full", () => import("./node/inspect.ts")),
      command("ps", "List tasks on nodes", () => import("./node/ps.ts")),
      command("update", "Change a node: availability, role, address, labels", () => import("./node/update.ts")),
      command("promote", "Make managers of nodes", () => import("./node/promote.ts")),
      command("demote", "Make workers of managers", () => import("./node/demote.ts")),
      command("rm", "Remove nodes from the swarm", () => import("./node/rm.ts"), ["remove"]),
    ],
  },
  {
    kind: "noun",
    name: "service",
    summary: "Manage services",
    verbs: [
      command("create", "Create a service", () => import("./service/create.ts")),
      command("ls", "List services", () => import("./service/ls.ts"), ["list"]),
      command("ps", "List the tasks of services", () => import("./service/ps.ts")),
      command("inspect", "Show a service in full", () => import("./service/inspect.ts")),
      command("update", "Change a service", () => import("./service/update.ts")),
      command("scale", "Set the number of replicas of services", () => import("./service/scale.ts")),
      command("logs", "Show what services or tasks have written", () => import("./service/logs.ts")),
      command("rm", "Remove services", () => import("./service/rm.ts"), ["remove"]),
    ],
  },
  {
    kind: "noun",
    name: "network",
    summary: "Manage networks",
    verbs: [
      command("create", "Create a network", () => import("./network/create.ts")),
      command("ls", "List networks", () => import("./network/ls.ts"), ["list"]),
      command("inspect", "Show a network in full", () => import("./network/inspect.ts")),
      command("rm", "Remove networks", () => import("./network/rm.ts"), ["remove"]),
      command("prune", "Remove networks that nobody uses", () => import("./network/prune.ts")),
      command("check", "Test every way between nodes, and say what to open", () => import("./network/check.ts")),
    ],
  },
  command("status", "How the cluster is, on one screen", () => import("./root/status.ts")),
  command("events", "Show what changes in the cluster, as it happens", () => import("./root/events.ts")),
  command("info", "Show this node's daemon and swarm", () => import("./root/info.ts")),
  command("completion", "Print a completion script for bash, zsh or fish", () => import("./root/completion.ts")),
  command("man", "Print the manual page", () => import("./root/man.ts")),
  command("version", "Show the versions of client and daemon", () => import("./root/version.ts")),
  {
    kind: "foreign",
    name: "dev",
    summary: "A cluster of several hosts on this one machine",
    load: async () => (await import("./dev/index.ts")).devCommand(),
  },
  {
    kind: "foreign",
    name: "daemon",
    summary: "Run this node's daemon (needs root)",
    load: async () => {
      throw new (await import("../usage-error.ts")).UsageError(
        "the daemon is run as `skep daemon`, by the skep program itself",
      );
    },
  },
];
