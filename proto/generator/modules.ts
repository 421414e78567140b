// Files of TypeScript from files of messages: what is in each, and what each needs of the others.
import protobuf from "protobufjs";
import { enumType, maker, messageType } from "./declarations.ts";
import { decoder } from "./decoder.ts";
import { encoder } from "./encoder.ts";
import { brandOf } from "./fields.ts";
import { serviceType } from "./services.ts";

function objectsOf(namespace: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
  return namespace.nestedArray.flatMap((object) => {
    if (object instanceof protobuf.Type) return [object, ...objectsOf(object)];
    if (object instanceof protobuf.Namespace && !(object instanceof protobuf.Service)) return objectsOf(object);
    return [object];
  });
}

/** One file of TypeScript for each file of messages; `files` are paths and the names they get. */
export function modules(
  root: protobuf.Root,
  files: ReadonlyMap<string, string>,
  titleOf: (path: string) => string,
): Map<string, string> {
  const all = objectsOf(root).filter((object) => object.filename !== null && files.has(object.filename));
  const home = new Map(all.map((object) => [object.name, files.get(object.filename ?? "") ?? ""]));
  const out = new Map<string, string>();
  for (const [path, name] of files) {
    const mine = all.filter((object) => object.filename === path);
    const body = mine.map((object) => {
      if (object instanceof protobuf.Enum) return enumType(object);
      if (object instanceof protobuf.Type)
        return [messageType(object), maker(object), encoder(object), decoder(object)].join("");
      if (object instanceof protobuf.Service) return serviceType(object);
      return "";
    });
    const text = body.join("\n");
    const uncommented = text.replace(/\/\*\*.*?\*\//gs, ""); // a word in a comment needs no import
    const used = (word: string): boolean => new RegExp(`\\b${word}\\b`).test(uncommented);
    const imports = new Map<string, string[]>();
    const enums = new Set(all.filter((o) => o instanceof protobuf.Enum).map((o) => o.name));
    for (const [object, file] of home) {
      if (file === name) continue;
      const words = [
        `type ${object}`,
        `new${object}`,
        `encode${object}`,
        `encode${object}Into`,
        `decode${object}`,
        `decode${object}From`,
      ];
      if (enums.has(object)) words.push(`${object}Number`, `read${object}`);
      const hits = words.filter((word) => used(word.replace("type ", "")));
      if (hits.length > 0) imports.set(file, [...(imports.get(file) ?? []), ...hits]);
    }
    const brands = new Set<string>();
    for (const object of mine) {
      if (object instanceof protobuf.Type)
        for (const f of object.fieldsArray) if (brandOf(f) !== undefined) brands.add(brandOf(f) ?? "");
    }
    const head = [
      `// Generated from ${titleOf(path)} by proto/generate.ts. Do not edit: npm run proto.`,
      `import { ${["Reader", "Writer", "toNumber", "nextTag", "asBuffer", "countField", "decodeBounded", "MAX_REQUEST_FIELDS"].filter(used).join(", ")} } from "../wire.ts";`,
      ...(brands.size > 0
        ? [`import type { ${[...brands].sort().join(", ")} } from "../../shared/model/ids.ts";`]
        : []),
      ...[...imports].map(([file, words]) => `import { ${words.sort().join(", ")} } from "./${file}.ts";`),
      "",
      "type Mutable<T> = { -readonly [K in keyof T]: T[K] };",
      ...(/\bEMPTY\b/.test(body.join("\n")) ? ["const EMPTY = new Uint8Array(0);"] : []),
      "",
    ];
    const code = `${head.join("\n")}${text}`;
    out.set(`${name}.ts`, code.replace(/\n{3,}/g, "\n\n"));
  }
  // An enum that another file reads needs its reader exported.
  for (const [file, code] of out) {
    for (const match of code.matchAll(/import \{ ([^}]*) \} from "\.\/([a-z0-9_-]+)\.ts"/g)) {
      for (const word of (match[1] ?? "").split(", ").filter((w) => /^read[A-Z]/.test(w))) {
        const target = `${match[2]}.ts`;
        const text = out.get(target);
        if (text !== undefined && target !== file)
          out.set(target, text.replace(`\nfunction ${word}(`, `\nexport function ${word}(`));
      }
    }
  }
  return out;
}
