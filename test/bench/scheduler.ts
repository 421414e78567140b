// The scheduler alone, in memory: how many placements a second, by size of cluster and by how alike the tasks are.
//
//   node_modules/.bin/node test/bench/scheduler.ts
import { type Decision, Planner } from "../../manager/scheduler/planner.ts";
import {
  newContainerSpec,
  newNode,
  newNodeDescription,
  newNodeSpec,
  newNodeStatus,
  newPlacement,
  newPlatform,
  newResourceRequirements,
  newResources,
  newTask,
  newTaskSpec,
  newTaskStatus,
  type Task,
} from "../../proto/gen/objects.ts";
import type { NodeId, ServiceId, TaskId } from "../../shared/model/ids.ts";
import { printTable } from "./table.ts";

const ROUND = 2_000;
const nodeId = (index: number): NodeId => `n${String(index).padStart(24, "0")}` as NodeId;

function cluster(nodes: number): Planner {
  const planner = new Planner();
  for (let index = 0; index < nodes; index++) {
    planner.setNode(
      newNode({
        id: nodeId(index),
        spec: newNodeSpec({ labels: { zone: `z${index % 5}`, disk: index % 2 === 0 ? "ssd" : "hdd" } }),
        status: newNodeStatus({ state: "ready" }),
        description: newNodeDescription({
          hostname: `host${index}`,
          platform: newPlatform({ os: "linux", architecture: "x86_64" }),
          resources: newResources({ nanoCpus: 64e9, memoryBytes: 256 * 2 ** 30 }),
        }),
      }),
    );
  }
  return planner;
}

function tasks(count: number, services: number, rich: boolean): Task[] {
  const specs = Array.from({ length: services }, (_, index) =>
    newTaskSpec({
      containerSpec: newContainerSpec({ image: `image${index}:1` }),
      ...(rich
        ? {
            resources: newResourceRequirements({ reservations: newResources({ nanoCpus: 1e8, memoryBytes: 2 ** 26 }) }),
            placement: newPlacement({
              constraints: ["node.labels.disk == ssd"],
              platforms: [newPlatform({ os: "linux", architecture: "amd64" })],
              preferences: [{ spread: { spreadDescriptor: "node.labels.zone" } }],
            }),
          }
        : {}),
    }),
  );
  return Array.from({ length: count }, (_, index) => {
    const service = index % services;
    return newTask({
      id: `t${String(index).padStart(24, "0")}` as TaskId,
      serviceId: `s${String(service).padStart(24, "0")}` as ServiceId,
      spec: specs[service],
      specVersion: 1,
      slot: Math.floor(index / services) + 1,
      status: newTaskStatus({ state: "pending" }),
      desiredState: "running",
    });
  });
}

interface Run {
  readonly nodes: number;
  readonly tasks: number;
  readonly services: number;
  readonly rich: boolean;
}

/** From the tasks' commits to the last placement, with the placements' own commits. */
function measure(run: Run): { readonly ms: number; readonly placed: number } {
  const planner = cluster(run.nodes);
  const all = tasks(run.tasks, run.services, run.rich);
  const byId = new Map(all.map((task) => [task.id, task]));
  const startMs = performance.now();
  for (const task of all) planner.setTask(task);
  let placed = 0;
  for (;;) {
    const decisions: Decision[] = planner.decide(ROUND, 0);
    if (decisions.length === 0) break;
    for (const decision of decisions) {
      const task = byId.get(decision.task);
      if (task === undefined || decision.kind !== "place") continue;
      placed++;
      planner.setTask({ ...task, nodeId: decision.node, status: newTaskStatus({ state: "assigned" }) });
    }
  }
  return { ms: performance.now() - startMs, placed };
}

const RUNS: readonly Run[] = [1_000, 5_000].flatMap((nodes) =>
  [10_000, 100_000].flatMap((count) =>
    [1, 100, count / 10].flatMap((services) => [false, true].map((rich) => ({ nodes, tasks: count, services, rich }))),
  ),
);

measure({ nodes: 1_000, tasks: 20_000, services: 100, rich: true }); // the compiler has seen it
printTable(
  ["nodes", "tasks", "services", "placement", "placed", "seconds", "placements/s"],
  RUNS.map((run) => {
    const { ms, placed } = measure(run);
    return [
      String(run.nodes),
      String(run.tasks),
      String(run.services),
      run.rich ? "reservation, constraint, platform, spread" : "none",
      String(placed),
      (ms / 1000).toFixed(2),
      Math.round(placed / (ms / 1000)).toLocaleString("en"),
    ];
  }),
);
