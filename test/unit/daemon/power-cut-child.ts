// A daemon that makes a cluster and services in it, and says what it was told is done (power-cut.test.ts). Runs under
// test/support/forgetful/recorder.ts.
import { newContainerSpec, newServiceSpec, newTaskSpec } from "../../../proto/gen/objects.ts";
import { acknowledge } from "../../support/forgetful/recorder.ts";
import { LOCAL, testDaemon } from "./daemons.ts";

const daemon = await testDaemon(process.argv[2]);
await daemon.init();
acknowledge("init");
for (const name of ["one", "two", "three", "four"]) {
  const taskTemplate = newTaskSpec({ containerSpec: newContainerSpec({ image: "busybox:1.36" }) });
  const spec = newServiceSpec({ name, mode: { kind: "replicated", replicas: 0 }, taskTemplate });
  await daemon.node().control.createService({ spec, noResolveImage: true }, LOCAL);
  acknowledge(name);
  if (name === "two") await daemon.restart();
}
process.exit(0);
