import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterJson } from "../../../cli/docker-json/cluster.ts";
import { nodeJson } from "../../../cli/docker-json/node.ts";
import { serviceJson } from "../../../cli/docker-json/service.ts";
import { taskJson } from "../../../cli/docker-json/task.ts";
import {
  newCluster,
  newClusterSpec,
  newContainerSpec,
  newPlacement,
  newResources,
  newRestartPolicy,
  newRootCA,
  newServiceSpec,
  newTaskSpec,
  newUpdateConfig,
  newUpdateStatus,
  type Service,
} from "../../../proto/gen/objects.ts";
import { NOW_MS } from "./harness.ts";
import { node, nodeId, service, serviceId, task, taskId } from "./objects.ts";

const META = { Version: { Index: 11 }, CreatedAt: "2023-11-14T22:12:20Z", UpdatedAt: "2023-11-14T22:12:20Z" };

const DEFAULT_UPDATE = {
  Parallelism: 1,
  FailureAction: "pause",
  Monitor: 5_000_000_000,
  MaxFailureRatio: 0,
  Order: "stop-first",
};

const full = service(
  1,
  "web",
  {
    labels: { a: "b" },
    mode: { kind: "replicated", replicas: 0 },
    taskTemplate: newTaskSpec({
      containerSpec: newContainerSpec({
        image: "web:1",
        command: ["sh"],
        env: ["A=1"],
        stopGracePeriodMs: 3_000,
        tty: true,
        dnsConfig: { nameservers: ["1.1.1.1"], search: [], options: [] },
        healthcheck: {
          test: ["NONE"],
          intervalMs: 1_500,
          timeoutMs: 0,
          retries: 2,
          startPeriodMs: 0,
          startIntervalMs: 0,
        },
        mounts: [
          { type: "tmpfs", source: "", target: "/t", readOnly: false, tmpfsOptions: { sizeBytes: 5, mode: 0o770 } },
        ],
        ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
        registryAuth: "c2VjcmV0",
      }),
      resources: {
        limits: newResources({ nanoCpus: 500_000_000 }),
        reservations: newResources({ genericResources: [{ kind: "gpu", amount: 2, value: "" }] }),
      },
      restartPolicy: newRestartPolicy({ condition: "on_failure", delayMs: 5_000 }),
      placement: newPlacement({
        constraints: ["node.role==worker"],
        preferences: [{ spread: { spreadDescriptor: "node.labels.z" } }],
        maxReplicas: 2,
      }),
      networks: [{ target: "host", aliases: [], driverOpts: {} }],
    }),
    updateConfig: newUpdateConfig({ parallelism: 2, delayMs: 1_000, order: "start_first", monitorMs: 5_000 }),
    endpointSpec: { mode: "dnsrr", ports: [] },
  },
  { updateStatus: newUpdateStatus({ state: "completed", startedAtMs: NOW_MS, message: "update completed" }) },
);

test("a service as docker writes it: names, nanoseconds, nothing that is not set, no credentials", () =>
  assert.deepEqual(serviceJson(full), {
    ID: serviceId(1),
    ...META,
    Spec: {
      Name: "web",
      Labels: { a: "b" },
      TaskTemplate: {
        ContainerSpec: {
          Image: "web:1",
          Command: ["sh"],
          Env: ["A=1"],
          TTY: true,
          Mounts: [{ Type: "tmpfs", Target: "/t", TmpfsOptions: { SizeBytes: 5, Mode: 504 } }],
          StopGracePeriod: 3_000_000_000,
          Healthcheck: { Test: ["NONE"], Interval: 1_500_000_000, Retries: 2 },
          DNSConfig: { Nameservers: ["1.1.1.1"] },
          Init: false,
          Ulimits: [{ Name: "nofile", Soft: 1, Hard: 2 }],
        },
        Resources: {
          Limits: { NanoCPUs: 500_000_000 },
          Reservations: { GenericResources: [{ DiscreteResourceSpec: { Kind: "gpu", Value: 2 } }] },
        },
        RestartPolicy: { Condition: "on-failure", Delay: 5_000_000_000, MaxAttempts: 0 },
        Placement: {
          Constraints: ["node.role==worker"],
          Preferences: [{ Spread: { SpreadDescriptor: "node.labels.z" } }],
          MaxReplicas: 2,
        },
        Networks: [{ Target: "host" }],
        ForceUpdate: 0,
      },
      Mode: { Replicated: { Replicas: 0 } },
      UpdateConfig: {
        Parallelism: 2,
        Delay: 1_000_000_000,
        FailureAction: "pause",
        Monitor: 5_000_000_000,
        MaxFailureRatio: 0,
        Order: "start-first",
      },
      RollbackConfig: DEFAULT_UPDATE,
      EndpointSpec: { Mode: "dnsrr" },
    },
    Endpoint: { Spec: { Mode: "dnsrr" } },
    UpdateStatus: { State: "completed", StartedAt: "2023-11-14T22:13:20Z", Message: "update completed" },
  }));

test("a global service's mode", () =>
  assert.deepEqual(serviceJson(service(1, "g", { mode: { kind: "global" } }))["Spec"], {
    Name: "g",
    Labels: {},
    TaskTemplate: {
      ContainerSpec: { Image: "docker.io/library/g:1", StopGracePeriod: 10_000_000_000, DNSConfig: {}, Init: false },
      Resources: { Limits: {}, Reservations: {} },
      RestartPolicy: { Condition: "any", Delay: 5_000_000_000, MaxAttempts: 0 },
      Placement: {},
      ForceUpdate: 0,
    },
    Mode: { Global: {} },
    UpdateConfig: DEFAULT_UPDATE,
    RollbackConfig: DEFAULT_UPDATE,
    EndpointSpec: { Mode: "vip" },
  }));

test("what a spec leaves open is shown as what it comes to; what it says stays, also all at once", () => {
  const parallelism = (service: Service): unknown =>
    Reflect.get(Object(Object(serviceJson(service)["Spec"]).UpdateConfig), "Parallelism");
  assert.equal(parallelism(service(1, "g", {})), 1);
  assert.equal(parallelism(service(1, "g", { updateConfig: newUpdateConfig({ parallelism: 0 }) })), 0);
  const before = serviceJson(service(1, "g", {}, { previousSpec: newServiceSpec({ name: "g" }) }))["PreviousSpec"];
  assert.deepEqual(before, { Name: "g", Labels: {} }, "as it was written, as Docker shows it");
});

test("a node", () =>
  assert.deepEqual(nodeJson(node(1, "ready", "leader")), {
    ID: nodeId(1),
    Version: { Index: 1 },
    CreatedAt: "2023-11-14T21:13:20Z",
    UpdatedAt: "1970-01-01T00:00:00Z",
    Spec: { Labels: {}, Role: "manager", Availability: "active" },
    Role: "manager",
    Description: {
      Hostname: "node1",
      Platform: { Architecture: "amd64", OS: "linux" },
      Engine: { EngineVersion: "0.1.0", Runtime: "containerd 1.6.20" },
    },
    Status: { State: "ready", Addr: "10.0.0.1", Addrs: ["10.0.0.1"] },
    ManagerStatus: { Leader: true, Reachability: "reachable", Addr: "10.0.0.1:7377" },
    TLSStatus: "Unknown",
  }));

test("a task", () => {
  const json = taskJson(
    task({ n: 1, of: full, slot: 2, state: "failed", node: 3, desired: "shutdown", err: "boom", exit: 7 }),
  );
  assert.deepEqual(
    [json["ID"], json["ServiceID"], json["Slot"], json["NodeID"], json["DesiredState"], json["Status"]],
    [
      taskId(1),
      serviceId(1),
      2,
      nodeId(3),
      "shutdown",
      {
        Timestamp: "2023-11-14T22:13:15Z",
        State: "failed",
        Err: "boom",
        ContainerStatus: { ContainerID: "c", PID: 0, ExitCode: 7 },
      },
    ],
  );
});

test("a cluster never shows its key or tokens", () => {
  const text = JSON.stringify(
    clusterJson(
      newCluster({
        spec: newClusterSpec({ name: "default" }),
        rootCa: newRootCA({ caKey: Buffer.from("PRIVATE"), joinTokens: { worker: "W-TOKEN", manager: "M-TOKEN" } }),
      }),
    ),
  );
  assert.doesNotMatch(text, /PRIVATE|TOKEN|CaKey/i);
  assert.match(text, /"Name":"default"/);
});
