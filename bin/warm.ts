// Loads all of the program once, so that the launcher's cache of compiled code is filled before the first command; set-up
// runs it through the launcher's own settings: NODE_COMPILE_CACHE=node_modules/.cache/skep node bin/warm.ts
import { readdirSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
for (const folder of ["shared", "proto/gen", "manager", "agent", "cli", "bin/daemon", "deploy/dev"]) {
  for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    // A file that does not load is somebody else's news: this only saves time.
    await import(join(root, folder, file)).catch(() => undefined);
  }
}
flushCompileCache();
