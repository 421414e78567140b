// Bundles the program: everything of ours and every pure package, split so that a command loads only what it uses. lmdb
// stays a package, because it carries native code.
//
// The chunks are CommonJS, although the sources are ES modules. Measured for `skep service ls`, which loads about 15 of
// them and 8 modules of Node: 30 ms less of 140, because Node's CommonJS loader is synchronous, and because `require` of
// one of Node's modules does not evaluate every getter that it exports, as `import` of it does. esbuild splits ES modules
// only, so each chunk is converted afterwards.
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { build, type Plugin, transform } from "esbuild";
import { lookAt, type Source } from "./fresh.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
export const MAIN = "skep.js";

export interface Bundle {
  /** Text by file name; the program starts with MAIN. */
  readonly files: ReadonlyMap<string, string>;
  /** The files of this checkout that it was made from, as they were then; packages are not counted. */
  readonly sources: readonly Source[];
}

const NODE = { platform: "node", target: "node24", minifySyntax: true } as const;

/** @param place the folder, below the program's root, that the files will be run from, like "lib". */
export async function bundle(place: string, options: { readonly minify: boolean }): Promise<Bundle> {
  const sources: Source[] = [];
  const { outputFiles } = await build({
    ...NODE,
    entryPoints: [join(ROOT, "bin/skep.ts")],
    absWorkingDir: ROOT,
    outdir: join(ROOT, place),
    bundle: true,
    splitting: true,
    format: "esm",
    external: ["lmdb"],
    plugins: [ownSources(place, sources)],
    logLevel: "silent", // the error that is thrown tells it
    write: false,
  });
  const files = await Promise.all(
    outputFiles.map(async ({ path, text }): Promise<readonly [string, string]> => {
      const supported = { "dynamic-import": false }; // so that import() becomes require as well
      const { code } = await transform(text, { ...NODE, format: "cjs", supported, minifyWhitespace: options.minify });
      return [basename(path), code];
    }),
  );
  return { files: new Map([...files, ["package.json", `{ "type": "commonjs" }\n`]]), sources };
}

// Remembers what each source was when it was read, and keeps `import.meta.dirname` true: it is the source's folder in the
// checkout, or the same folder of an installed skep, told from where the chunk is, so that both may be moved.
function ownSources(place: string, sources: Source[]): Plugin {
  return {
    name: "own-sources",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path.includes("/node_modules/")) return undefined;
        const source = lookAt(ROOT, relative(ROOT, path)); // before it is read: a later edit is then seen as one
        if (source !== undefined) sources.push(source);
        const folder = JSON.stringify(`/${relative(join(ROOT, place), dirname(path))}`);
        const text = readFileSync(path, "utf8").replaceAll("import.meta.dirname", `(__dirname + ${folder})`);
        return { contents: text, loader: "ts" };
      });
    },
  };
}
