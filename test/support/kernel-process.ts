// The thread that works on the kernel (agent/network/apply/thread.ts) as a program of its own, for hosts of tests whose /run/netns
// is not this process's: KernelProcess starts it there.
import { createWorker, type JobMessage } from "../../agent/network/apply/thread.ts";

const work = createWorker({ nodeNamespacePath: undefined });
process.on("message", (message: JobMessage) => process.send?.(work(message)));
process.on("disconnect", () => process.exit(0));
