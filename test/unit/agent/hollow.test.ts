import { HollowHost, openHollowRuntime } from "../../../agent/runtime/hollow/hollow.ts";
import { realEnv } from "../../../shared/env/real-env.ts";
import { runtimeConformance } from "../../conformance/runtime.ts";

runtimeConformance("hollow", async () => {
  const host = new HollowHost();
  const open = () => openHollowRuntime({ env: realEnv, host });
  let runtime = open();
  return {
    runtime,
    reopen: async () => {
      await runtime.close();
      runtime = open();
      return runtime;
    },
    workloads: {
      sleep: { image: "hollow/sleep", args: [] },
      stubborn: { image: "hollow/stubborn", args: [] },
      exit: (code) => ({ image: `hollow/exit:${code}`, args: [] }),
      print: (lines) => ({ image: `hollow/print:${lines}`, args: [] }),
      missingBinary: { image: "hollow/nobinary", args: ["no-such-binary"] },
      missingImage: "hollow/missing",
    },
    dispose: () => runtime.close(),
  };
});
