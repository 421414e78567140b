// npm run build: the installed form of skep in dist/. Everything of ours and every pure package is bundled, split so that a
// command loads only what it uses; lmdb stays a package because it carries native code.
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

// CommonJS packages inside an ES module bundle still ask for `require`.
const BANNER = `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`;

rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "bin"), { recursive: true });
const result = await build({
  entryPoints: [join(root, "bin/skep.ts")],
  outdir: join(dist, "lib"),
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  minify: true,
  keepNames: true,
  legalComments: "linked",
  external: ["lmdb"],
  banner: { js: BANNER },
  metafile: true,
});
writeFileSync(
  join(dist, "bin/skep"),
  `#!/bin/sh
# The installed launcher: Node 24 of the folder beside it, or of the PATH.
self=$(readlink -f "$0")
lib=$(dirname "$(dirname "$self")")/lib
node=$(dirname "$(dirname "$self")")/node_modules/.bin/node
[ -x "$node" ] || node=node
exec "$node" --disable-warning=ExperimentalWarning "$lib/skep.js" "$@"
`,
);
chmodSync(join(dist, "bin/skep"), 0o755);
for (const file of ["package.json", "LICENSE", "README.md"]) cpSync(join(root, file), join(dist, file));
const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
console.log(`dist/bin/skep, ${(bytes / 2 ** 20).toFixed(1)} MiB in dist/lib`);
