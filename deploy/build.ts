// npm run build: the installed form of skep in dist/, or in the folder that is named. It may be copied to any host of the
// same kind of machine: nothing is looked for outside it, neither packages nor Node.
//   bin/skep          the launcher; a link to it on the PATH is all that an installation needs
//   lib/              the program, and its Node
//   deploy/           the service unit, and what `skep dev` runs
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { bundle, EXTERNAL, MAIN, ROOT } from "./bundle/bundle.ts";

const dist = process.argv[2] ?? join(ROOT, "dist");
if (existsSync(dist) && readdirSync(dist).length > 0 && !existsSync(join(dist, "lib", MAIN))) {
  throw new Error(`${dist} holds something else: name a folder that is empty, or one that this made before`);
}
rmSync(dist, { recursive: true, force: true });
mkdirSync(join(dist, "lib"), { recursive: true });

const { files, packages } = await bundle("lib", { minify: true });
for (const [name, text] of files) writeFileSync(join(dist, "lib", name), text);
for (const name of EXTERNAL.flatMap(withParts)) {
  const copied = (path: string): boolean =>
    statSync(path).isDirectory()
      ? !/\/(vendor|doc|musl_[^/]*)$/.test(path)
      : /\.(c?js|json|node)$|\/licen[cs]e[^/]*$/i.test(path);
  cpSync(packageDir(name), join(dist, "lib/node_modules", name), { recursive: true, filter: copied });
}
cpSync(realpathSync(process.execPath), join(dist, "lib/node"));
for (const file of ["bin/skep", "LICENSE", "README.md", "deploy/skep.service", "deploy/dev/host-boot.sh"]) {
  mkdirSync(dirname(join(dist, file)), { recursive: true });
  cpSync(join(ROOT, file), join(dist, file));
}
writeFileSync(join(dist, "LICENSES-OF-PACKAGES"), packages.map(licenseOf).join("\n"));

const bytes = [...files.values()].reduce((sum, text) => sum + text.length, 0);
console.log(`${join(dist, "bin/skep")}: ${(bytes / 2 ** 20).toFixed(1)} MiB of program, beside Node`);

/** With those of its optional packages that are installed here: the ones for this kind of machine. */
function withParts(name: string): readonly string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(packageDir(name), "package.json"), "utf8"));
  const parts =
    isObject(manifest) && isObject(manifest["optionalDependencies"]) ? manifest["optionalDependencies"] : {};
  return [name, ...Object.keys(parts).filter((part) => existsSync(packageDir(part)))];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function packageDir(name: string): string {
  return join(ROOT, "node_modules", name);
}

/** The licences ask that their text goes with what was made of the package. */
function licenseOf(name: string): string {
  const file = readdirSync(packageDir(name)).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name}\n${file === undefined ? "" : `\n${readFileSync(join(packageDir(name), file), "utf8")}`}`;
}
