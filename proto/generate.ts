// Turns the .proto files of this folder into the TypeScript of proto/gen: plain readonly interfaces with one encode and
// one decode function each, over protobufjs' Writer and Reader.
//
// Why our own and not pbts or ts-proto: pbts makes every field nullable and cannot express a oneof; ts-proto left
// protobufjs. Here a oneof is a discriminated union (`kind`), an enum a union of string literals (an unknown number from
// the wire is refused at the decoder), and an id is branded by its field option: `[(brand) = "NodeId"]`.
//
//   node proto/generate.ts            writes proto/gen
//   node proto/generate.ts --check    fails when proto/gen is not what would be written
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { modules } from "./generator/modules.ts";

const here = import.meta.dirname;
const outDir = join(here, "gen");

// Each folder is a world of its own: containerd's Task is not ours.
function generateFolder(dir: string, prefix: string): Map<string, string> {
  const root = new protobuf.Root();
  const files = new Map<string, string>();
  for (const file of readdirSync(join(here, dir)).sort()) {
    if (!file.endsWith(".proto")) continue;
    const path = join(here, dir, file);
    Object.assign(protobuf.parse, { filename: path });
    protobuf.parse(readFileSync(path, "utf8"), root, { keepCase: true, alternateCommentMode: true });
    files.set(path, `${prefix}${file.replace(/\.proto$/, "")}`);
  }
  Object.assign(protobuf.parse, { filename: null });
  root.resolveAll();
  return modules(root, files, (path) => path.slice(here.length + 1));
}

function main(): void {
  const out = new Map([...generateFolder("skep/v1", ""), ...generateFolder("containerd", "containerd_")]);
  out.delete("options.ts");
  if (process.argv.includes("--check")) {
    const stale = [...out].filter(([file, code]) => readOrEmpty(join(outDir, file)) !== code).map(([file]) => file);
    if (stale.length === 0) return;
    console.error(`proto/gen is stale (${stale.join(", ")}); run npm run proto and commit the result`);
    process.exitCode = 1;
    return;
  }
  mkdirSync(outDir, { recursive: true });
  for (const [file, code] of out) writeFileSync(join(outDir, file), code);
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

main();
