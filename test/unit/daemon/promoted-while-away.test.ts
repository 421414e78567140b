// A worker is made a manager, and leads, while a manager is away: that one takes it for what it was, and must come to know better.
import { after, test } from "node:test";
import { newSetNodeRoleRequest } from "../../../proto/gen/control.ts";
import { type Node, type NodeRole, newContainerSpec, newServiceSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { eventually, LOCAL, type TestDaemon, testDaemon } from "./daemons.ts";

const TASK = newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox" }) });
const daemons: TestDaemon[] = [];
after(() => Promise.all(daemons.map((daemon) => daemon.remove())));

const newDaemon = async (): Promise<TestDaemon> => {
  const daemon = await testDaemon();
  daemons.push(daemon);
  return daemon;
};
const nodesOf = async (daemon: TestDaemon): Promise<readonly Node[]> =>
  (await daemon.node().control.listNodes({ filters: [] }, LOCAL)).nodes;
const reachable = async (askable: TestDaemon): Promise<readonly string[]> =>
  (await nodesOf(askable).catch(() => []))
    .filter(({ managerStatus }) => managerStatus?.reachability === "reachable")
    .map(({ addr }) => addr);
const leaderOf = async (askable: TestDaemon): Promise<string | undefined> =>
  (await nodesOf(askable).catch(() => [])).find(({ managerStatus }) => managerStatus?.leader === true)?.addr;

const setRole = async (daemon: TestDaemon, role: NodeRole): Promise<void> => {
  const { nodeId: ref } = await daemon.info();
  await eventually(`it may become a ${role}`, () =>
    daemons[0] === undefined
      ? false
      : daemons[0]
          .node()
          .control.setNodeRole(newSetNodeRoleRequest({ ref, role }), LOCAL)
          .then(
            () => true,
            () => false,
          ),
  );
};

test("a manager that was away follows a leader that it knew as a worker", async () => {
  const [one, two, away, promoted] = [await newDaemon(), await newDaemon(), await newDaemon(), await newDaemon()];
  const { joinTokens } = await one.init();
  for (const daemon of [two, away]) await daemon.join(joinTokens?.manager ?? "", one.addr);
  await promoted.join(joinTokens?.worker ?? "", one.addr);
  await eventually("three managers", async () => (await reachable(one)).length === 3);
  // So that the one that goes knows the worker: what is committed it hears, and keeps, with what comes next.
  for (const name of ["a", "b", "c"]) {
    const spec = newServiceSpec({ name, mode: { kind: "replicated", replicas: 0 }, taskTemplate: TASK });
    await one.node().control.createService({ spec, noResolveImage: true }, LOCAL);
  }
  await away.stop();
  await setRole(promoted, "manager");
  await eventually("it counts as a manager, and the one that is away is missed", async () => {
    const { quorum } = await one.node().control.status({}, LOCAL);
    const there = await reachable(one);
    return quorum === 3 && there.includes(promoted.addr) && !there.includes(away.addr);
  });
  await setRole(two, "worker"); // two are left beside the one that is away, and whoever stops hands over to the other
  await eventually("two managers", async () => (await reachable(one)).length === 2);
  await eventually("the promoted one leads", async () => {
    const leader = await leaderOf(one);
    if (leader === one.addr) await one.restart();
    return leader === promoted.addr && (await reachable(promoted)).length === 2;
  });
  await away.restart();
  await eventually("it answers as one of three", async () => (await reachable(away)).length === 3);
});
