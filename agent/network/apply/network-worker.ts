// The process that works on the kernel, as worker-port.ts starts it. It ends with the daemon: at once, so that it changes nothing
// that the next daemon has looked at already.
import { realEnv } from "../../../shared/env/real-env.ts";
import { trimAtRest } from "../../../shared/trim.ts";
import { endWithParent } from "../netlink/libc.ts";
import { createWorker, type JobMessage } from "./worker.ts";

endWithParent();
process.on("disconnect", () => process.exit(0));
const [nodeNamespacePath] = process.argv.slice(2);
const work = createWorker({ nodeNamespacePath });
trimAtRest(realEnv, new AbortController().signal);
process.on("message", (message: JobMessage) => process.send?.(work(message)));
