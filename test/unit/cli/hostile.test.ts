// Whatever workers, containers and other users have put into names, labels, errors and logs: no command obeys it on a terminal.
// Every text of every answer is poisoned here, and every command that shows answers is run.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ENTRIES } from "../../../cli/commands/index.ts";
import {
  newEvent,
  newLogLine,
  newNetworkCheckNode,
  newNetworkCheckPair,
  newNetworkCheckResponse,
  newNetworkDetails,
  newStatusResponse,
} from "../../../proto/gen/control.ts";
import { newInfoResponse } from "../../../proto/gen/local.ts";
import {
  newCluster,
  newClusterSpec,
  newJoinTokens,
  newNetwork,
  newNetworkSpec,
  newNodeSpec,
  newRootCA,
  newUpdateStatus,
} from "../../../proto/gen/objects.ts";
import { SkepError } from "../../../shared/errors.ts";
import { fastEnv, NOW_MS, skep, startDaemon } from "./harness.ts";
import { node, nodeId, service, serviceId, task, taskId } from "./objects.ts";

/** Clears the screen, sets the title, hides, turns text round, and claims a line of its own. */
const EVIL = "\u001b[2J\u001b]0;owned\u0007\u009b1A\u001b[8m\u202e\u2028\b\r\nFORGED line";
/** Fields whose values are of a closed set, ids, or bytes; all other text is poisoned. */
const CLOSED = new Set(
  "id taskId serviceId nodeId fromNodeId toNodeId kind state desiredState role availability reachability type action stream mode protocol publishMode failureAction order condition driver localNodeState tlsStatus tcp vxlan encryption membership isolation scope status".split(
    " ",
  ),
);

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function poisonValue(value: unknown, key: string): unknown {
  if (typeof value === "string") return CLOSED.has(key) ? value : `${value}${EVIL}`;
  if (Array.isArray(value)) return value.map((one) => poisonValue(one, key));
  if (value instanceof Uint8Array || !isRecord(value)) return value;
  const isMap = key === "labels" || key === "attributes";
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) =>
      isMap ? [key === "labels" ? `${name}${EVIL}` : name, `${one}${EVIL}`] : [name, poisonValue(one, name)],
    ),
  );
}
const poison = <T>(value: T): T => poisonValue(value, "") as T;

const web = service(
  1,
  "web",
  { labels: { a: "b" } },
  { updateStatus: newUpdateStatus({ state: "paused", message: "why" }) },
);
const nodes = [
  { ...node(1, "ready", "leader"), spec: newNodeSpec({ role: "manager", labels: { zone: "a" } }) },
  node(2, "down"),
];
const tasks = [task({ n: 1, of: web, slot: 1, state: "failed", node: 1, err: "no such image", exit: 1 })];
const health = { service: web, status: { runningTasks: 0, desiredTasks: 1, completedTasks: 0, unknownTasks: 0 } };
const network = newNetwork({
  spec: newNetworkSpec({ name: "net", driver: "overlay", labels: { a: "b" } }),
  ipam: [{ subnet: "10.0.1.0/24", gateway: "10.0.1.1", ipRange: "" }],
});
const event = newEvent({
  type: "task",
  action: "update",
  id: taskId(1),
  attributes: { name: "web.1", node: nodeId(1), "node.name": "node1", "state.new": "failed", err: "gone" },
  timeMs: NOW_MS,
});
const nodeEvent = newEvent({
  type: "node",
  action: "update",
  id: nodeId(2),
  attributes: { name: "node2", "state.old": "ready", "state.new": "down", message: "why" },
  timeMs: NOW_MS,
});
const cluster = newCluster({
  spec: newClusterSpec({ name: "prod" }),
  rootCa: newRootCA({ joinTokens: newJoinTokens({ worker: "SWMTKN-w", manager: "SWMTKN-m" }) }),
});

const daemon = await startDaemon({
  control: {
    getNode: async ({ ref }) => {
      const found = nodes.find(({ id }) => id === ref || ref === "self" || ref === "node1");
      if (found === undefined) throw new SkepError("not_found", `no such node${EVIL}`);
      return poison(found);
    },
    listNodes: async () => poison({ nodes }),
    getService: async () => poison(health),
    listServices: async () => poison({ services: [health] }),
    createService: async () => poison({ service: web, warnings: ["no digest"] }),
    updateService: async () => poison({ service: web, warnings: ["no digest"] }),
    removeService: async () => {
      throw new SkepError("failed_precondition", `in use${EVIL}`);
    },
    listTasks: async () => poison({ tasks }),
    getNetwork: async () =>
      poison(
        newNetworkDetails({
          network,
          services: [{ serviceId: serviceId(1), name: "web", virtualIps: ["10.0.1.2"], ports: [] }],
          tasks: [
            {
              taskId: taskId(1),
              serviceId: serviceId(1),
              name: "web.1",
              addresses: ["10.0.1.3"],
              nodeId: nodeId(1),
              state: "ready",
            },
          ],
          peers: [{ nodeId: nodeId(1), hostname: "node1", addresses: ["10.0.0.1"], appliedVersion: 1 }],
        }),
      ),
    listNetworks: async () => poison({ networks: [network] }),
    checkNetwork: async () =>
      poison(
        newNetworkCheckResponse({
          nodes: [1, 2].map((n) => newNetworkCheckNode({ nodeId: nodeId(n), hostname: `node${n}`, problem: "down" })),
          pairs: [
            newNetworkCheckPair({ fromNodeId: nodeId(1), toNodeId: nodeId(2), tcp: "failed", tcpError: "refused" }),
          ],
          problems: ["blocked"],
          notes: ["left out"],
        }),
      ),
    getCluster: async () => poison(cluster),
    status: async () =>
      poison(
        newStatusResponse({
          cluster,
          nodes,
          managers: [
            {
              id: nodeId(1),
              hostname: "node1",
              addr: "10.0.0.1:7377",
              leader: true,
              reachability: "reachable",
              lag: 0,
            },
          ],
          quorum: 1,
          services: [{ ...health, problems: ["it fails"] }],
          problems: ["no disk"],
          lastEvents: [event, nodeEvent],
        }),
      ),
    async *logs() {
      const line = newLogLine({
        taskId: taskId(1),
        serviceId: serviceId(1),
        nodeId: nodeId(1),
        data: Buffer.from(`out${EVIL}`),
      });
      yield { lines: [line, { ...line, stream: "stderr" as const }], warnings: [`node3${EVIL}`], caughtUp: false };
    },
    async *events() {
      yield poison(event);
      yield poison(nodeEvent);
    },
  },
  local: {
    info: async () =>
      poison(newInfoResponse({ controlAvailable: true, localNodeState: "active", error: "e", managers: ["m"] })),
  },
});
const { socket } = daemon;
after(() => daemon.close());

const COMMANDS: readonly string[] = [
  "swarm join-token worker",
  "swarm ca",
  "node ls",
  "node ls --format {{.Hostname}}",
  "node ls --format json",
  "node ls -q",
  "node inspect node1",
  "node inspect --pretty node1",
  "node inspect --format {{json.}} node1",
  "node inspect --format {{.Description.Hostname}} node1",
  "node inspect nobody",
  "node ps node1",
  "node ps --no-trunc node1",
  "service create --name web nginx",
  "service ls",
  "service ls --format {{.Name}}",
  "service ps web",
  "service ps --no-trunc web",
  "service ps --format {{.Error}} web",
  "service inspect web",
  "service inspect --pretty web",
  "service update --label-add x=y web",
  "service scale web=2",
  "service logs web",
  "service logs --no-resolve web",
  "service logs --details -t web",
  "service rm web",
  "network ls",
  "network ls --no-trunc --format {{.Labels}}",
  "network inspect net",
  "network inspect --pretty net",
  "network prune",
  "network check",
  "network check --verbose",
  "status",
  "status --format json",
  "events",
  "events --format raw",
  "events --format json",
  "info",
  "info --format json",
  "version",
  "version --format {{.Server.Version}}",
];
/** Their answers hold no text, or they do not answer with what others wrote. */
const WITHOUT_TEXT = new Set(
  "swarm init,swarm join,swarm leave,swarm update,swarm unlock,swarm unlock-key,swarm backup,swarm restore,node update,node promote,node demote,node rm,network create,network rm,dev,daemon,completion,man".split(
    ",",
  ),
);

test("every command is here, or is known to show nothing of others", () => {
  const all = ENTRIES.flatMap((entry) =>
    entry.kind === "noun" ? entry.verbs.map((verb) => `${entry.name} ${verb.name}`) : [entry.name],
  );
  const missing = all.filter(
    (name) => !WITHOUT_TEXT.has(name) && !COMMANDS.some((line) => line === name || line.startsWith(`${name} `)),
  );
  assert.deepEqual(missing, []);
});

const ESCAPE = "\u001b";
const OURS = new RegExp(`${ESCAPE}\\[(?:[0-9]+A|2K|J|H|[0-9]+m)`, "g");
/** Controls but for line ends and tabs, what turns text round, and Unicode's line ends. */
const UNSAFE = /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

for (const line of COMMANDS) {
  for (const colour of [false, true]) {
    test(`hostile answers on a terminal${colour ? " with colour" : ""}: ${line}`, async () => {
      const abort = new AbortController();
      const argv = line.split(" ").map((word) => (word === "{{json.}}" ? "{{json .}}" : word));
      // Who waits for a service sees some pictures of it.
      const env = fastEnv((nowMs) => nowMs > 1_000 && abort.abort(new SkepError("canceled", "enough")));
      const { out, err } = await skep(argv, { socket, isTty: true, colour, env, signal: abort.signal });
      const text = `${out}${err}`;
      assert.ok(text.includes("FORGED") || /-q|ca$/.test(line), `the poison is in the answer: ${text}`);
      assert.doesNotMatch(text.replace(OURS, ""), UNSAFE);
      const isLog = line.startsWith("service logs"); // a container's own styles end with its line
      assert.ok(isLog || !text.includes("\u001b[8m"), "nothing is hidden");
      const isTemplate = line.includes("{{.Desc") || line.includes("{{.Server");
      if (!isTemplate) assert.doesNotMatch(text.replace(OURS, ""), /^FORGED/m, "nobody gets a line of their own");
    });
  }
}

test("into a pipe a log goes as it was written, and --raw on a terminal gives the very bytes, UTF-8 or not", async () => {
  const bytes = Buffer.from([0xff, 0xfe, 0x1b, 0x5b, 0x32, 0x4a, 0x80, 0x0d, 0x41]);
  const odd = await startDaemon({
    control: {
      listNodes: async () => ({ nodes }),
      listTasks: async () => ({ tasks }),
      async *logs() {
        const line = newLogLine({ taskId: taskId(1), serviceId: serviceId(1), nodeId: nodeId(1) });
        yield {
          lines: [
            { ...line, data: bytes.subarray(0, 4), partial: true },
            { ...line, data: bytes.subarray(4) },
          ],
          warnings: [],
          caughtUp: false,
        };
      },
    },
  });
  try {
    for (const [argv, isTty] of [
      [["--raw"], true],
      [["--raw"], false],
      [[], false],
    ] as const) {
      let got: Buffer = Buffer.alloc(0);
      await skep(["service", "logs", ...argv, "web"], {
        socket: odd.socket,
        isTty,
        onBytes: (all) => {
          got = all;
        },
      });
      const want = Buffer.concat([bytes, Buffer.from("\n")]);
      assert.deepEqual(got.subarray(-want.length), want, `${argv.join()} ${isTty}`);
      if (argv.length > 0) assert.equal(got.length, want.length);
    }
    const { out } = await skep(["service", "logs", "web"], { socket: odd.socket, isTty: true });
    assert.match(out, /\| \ufffd\ufffd\\u001b\[2J\ufffd\\u000dA\n$/);
  } finally {
    odd.close();
  }
});
