// Bundles the program: everything of ours and every package, split so that a command loads only what it uses.
//
// The chunks are CommonJS, although the sources are ES modules. Measured for `skep service ls`, which loads about 15 of
// them and 8 modules of Node: 30 ms less of 140, because Node's CommonJS loader is synchronous, and because `require` of
// one of Node's modules does not evaluate every getter that it exports, as `import` of it does. esbuild splits ES modules
// only, so each chunk is converted afterwards.
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { build, type Metafile, type Plugin, transform } from "esbuild";
import { lookAt, type Source } from "./fresh.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
export const MAIN = "skep.js";
/** Packages with a part that is no JavaScript: they stay as they are, in node_modules. */
export const EXTERNAL = ["koffi"];
/** What runs in a process of its own is a file of its own, beside MAIN. */
const WORKER = {
  name: "network-worker",
  source: "agent/network/apply/network-worker.ts",
  inSource: 'join(import.meta.dirname, "network-worker.ts")',
};

export interface Bundle {
  /** Text by file name; the program starts with MAIN. */
  readonly files: ReadonlyMap<string, string>;
  /** The files of this checkout that each part was made from, as they were then; packages are not counted. */
  readonly sources: Sources;
  /** Names of the packages that are in it. */
  readonly packages: readonly string[];
}

export interface Sources {
  readonly daemon: readonly Source[];
  readonly cli: readonly Source[];
}

const NODE = { platform: "node", target: "node24", minifySyntax: true } as const;

/** @param place the folder, below the program's root, that the files will be run from, like "lib". */
export async function bundle(place: string, options: { readonly minify: boolean }): Promise<Bundle> {
  const read = new Map<string, Source>();
  const { outputFiles, metafile } = await build({
    ...NODE,
    entryPoints: { skep: join(ROOT, "bin/skep.ts"), [WORKER.name]: join(ROOT, WORKER.source) },
    external: EXTERNAL,
    absWorkingDir: ROOT,
    outdir: join(ROOT, place),
    bundle: true,
    splitting: true,
    format: "esm",
    plugins: [ownSources(place, read)],
    metafile: true,
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
  const sourcesOf = (part: string): readonly Source[] =>
    [...inputsOf(metafile, part), "bin/skep.ts"].flatMap((path) => {
      const source = read.get(path);
      return source === undefined ? [] : [source];
    });
  return {
    files: new Map([...files, ["package.json", `{ "type": "commonjs" }\n`]]),
    sources: {
      daemon: [...sourcesOf("bin/daemon/main.ts"), ...sourcesOf(WORKER.source)],
      cli: sourcesOf("cli/main.ts"),
    },
    packages: [...new Set([...Object.keys(metafile.inputs).flatMap(packageOf), ...EXTERNAL])].sort(),
  };
}

const packageOf = (path: string): string[] => /^node_modules\/((@[^/]+\/)?[^/]+)\//.exec(path)?.slice(1, 2) ?? [];

/** Everything that is in the chunk of this source, and in the chunks that it loads, now or later. */
function inputsOf({ outputs }: Metafile, part: string): ReadonlySet<string> {
  const inputs = new Set<string>();
  const seen = new Set<string>();
  const visit = (chunk: string): void => {
    const output = outputs[chunk];
    if (output === undefined || seen.has(chunk)) return;
    seen.add(chunk);
    for (const input of Object.keys(output.inputs)) inputs.add(input);
    for (const { path } of output.imports) visit(path);
  };
  for (const [chunk, { entryPoint }] of Object.entries(outputs)) if (entryPoint === part) visit(chunk);
  return inputs;
}

// Remembers what each source was when it was read, and keeps `import.meta.dirname` true: it is the source's folder in the
// checkout, or the same folder of an installed skep, told from where the chunk is, so that both may be moved.
function ownSources(place: string, read: Map<string, Source>): Plugin {
  return {
    name: "own-sources",
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path.includes("/node_modules/")) return undefined;
        const source = lookAt(ROOT, relative(ROOT, path)); // before it is read: a later edit is then seen as one
        if (source !== undefined) read.set(source[0], source);
        const folder = JSON.stringify(`/${relative(join(ROOT, place), dirname(path))}`);
        const text = readFileSync(path, "utf8")
          .replaceAll(WORKER.inSource, `join(__dirname, "${WORKER.name}.js")`)
          .replaceAll("import.meta.dirname", `(__dirname + ${folder})`);
        return { contents: text, loader: "ts" };
      });
    },
  };
}
