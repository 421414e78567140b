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

type Field = protobuf.Field;
type Kind =
  | { readonly kind: "scalar"; readonly type: string }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "message"; readonly name: string };

const here = import.meta.dirname;
const outDir = join(here, "gen");

interface Scalar {
  readonly ts: string;
  readonly write: string;
  readonly zero: string;
  readonly wire: number;
}

const SCALARS: Readonly<Record<string, Scalar>> = {
  string: { ts: "string", write: "string", zero: '""', wire: 2 },
  bytes: { ts: "Uint8Array", write: "bytes", zero: "EMPTY", wire: 2 },
  bool: { ts: "boolean", write: "bool", zero: "false", wire: 0 },
  int32: { ts: "number", write: "int32", zero: "0", wire: 0 },
  uint32: { ts: "number", write: "uint32", zero: "0", wire: 0 },
  int64: { ts: "number", write: "int64", zero: "0", wire: 0 },
  uint64: { ts: "number", write: "uint64", zero: "0", wire: 0 },
  double: { ts: "number", write: "double", zero: "0", wire: 1 },
};

const scalarOf = (type: string): Scalar => {
  const scalar = SCALARS[type];
  if (scalar === undefined) throw new Error(`scalar type ${type} is not supported by proto/generate.ts`);
  return scalar;
};

const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const snakeUpper = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
const typeName = (t: protobuf.ReflectionObject): string => t.name;

function kindOf(field: Field): Kind {
  const resolved = field.resolvedType;
  if (resolved instanceof protobuf.Enum) return { kind: "enum", name: typeName(resolved) };
  if (resolved instanceof protobuf.Type) return { kind: "message", name: typeName(resolved) };
  return { kind: "scalar", type: field.type };
}

function brandOf(field: Field): string | undefined {
  const brand = field.options?.["(brand)"];
  return typeof brand === "string" ? brand : undefined;
}

function elementType(field: Field): string {
  const kind = kindOf(field);
  if (kind.kind !== "scalar") return kind.name;
  return brandOf(field) ?? scalarOf(kind.type).ts;
}

const isOptionalScalar = (field: Field): boolean => field.partOf?.isProto3Optional === true;
const realOneof = (field: Field): protobuf.OneOf | null =>
  field.partOf !== null && !field.partOf.isProto3Optional ? field.partOf : null;

function fieldDeclaration(field: Field): string {
  const name = camel(field.name);
  const doc = docOf(field, "  ");
  const element = elementType(field);
  if (field instanceof protobuf.MapField) return `${doc}  readonly ${name}: Readonly<Record<string, ${element}>>;`;
  if (field.repeated) return `${doc}  readonly ${name}: readonly ${element}[];`;
  const optional = kindOf(field).kind === "message" || isOptionalScalar(field);
  return optional ? `${doc}  readonly ${name}?: ${element} | undefined;` : `${doc}  readonly ${name}: ${element};`;
}

function docOf(object: protobuf.ReflectionObject, indent: string): string {
  if (object.comment === null || object.comment === undefined || object.comment === "") return "";
  const lines = object.comment.split("\n");
  const [first] = lines;
  if (lines.length === 1) return `${indent}/** ${first} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

function oneofMember(field: Field): string {
  const kind = kindOf(field);
  const tag = `{ readonly kind: "${camel(field.name)}" }`;
  return kind.kind === "message"
    ? `(${tag} & ${kind.name})`
    : `{ readonly kind: "${camel(field.name)}"; readonly value: ${elementType(field)} }`;
}

function messageType(type: protobuf.Type): string {
  const lines: string[] = [];
  const oneofs = new Set<protobuf.OneOf>();
  for (const field of type.fieldsArray) {
    const oneof = realOneof(field);
    if (oneof === null) lines.push(fieldDeclaration(field));
    else if (!oneofs.has(oneof)) {
      oneofs.add(oneof);
      const members = oneof.fieldsArray.map((member) => `\n    | ${oneofMember(member)}`).join("");
      lines.push(`${docOf(oneof, "  ")}  readonly ${camel(oneof.name)}?:${members}\n    | undefined;`);
    }
  }
  return `${docOf(type, "")}export interface ${type.name} {\n${lines.join("\n")}\n}\n`;
}

function zeroOf(field: Field): string | undefined {
  if (field instanceof protobuf.MapField) return "{}";
  if (field.repeated) return "[]";
  const kind = kindOf(field);
  if (kind.kind === "message" || isOptionalScalar(field)) return undefined;
  if (kind.kind === "enum") return `"${zeroLiteral(field.resolvedType)}"`;
  const brand = brandOf(field);
  return brand === undefined ? scalarOf(kind.type).zero : `"" as ${brand}`;
}

function zeroLiteral(resolved: protobuf.ReflectionObject | null): string {
  if (!(resolved instanceof protobuf.Enum)) throw new Error("not an enum");
  const zero = resolved.valuesById[0];
  if (zero === undefined) throw new Error(`enum ${resolved.name} has no zero value`);
  return enumLiteral(resolved, zero);
}

function enumLiteral(type: protobuf.Enum, key: string): string {
  const prefix = `${snakeUpper(type.name)}_`;
  return (key.startsWith(prefix) ? key.slice(prefix.length) : key).toLowerCase();
}

const maker = (type: protobuf.Type): string => {
  const zeros = type.fieldsArray
    .filter((field) => realOneof(field) === null)
    .map((field) => [camel(field.name), zeroOf(field)] as const)
    .filter(([, zero]) => zero !== undefined)
    .map(([name, zero]) => `${name}: ${zero}`);
  return `/** A ${type.name} with every field that is not given at its zero value. */
export function new${type.name}(init: Partial<${type.name}> = {}): ${type.name} {
  return { ${[...zeros, "...init"].join(", ")} };
}
`;
};

function writeValue(field: Field, value: string): string {
  const kind = kindOf(field);
  const tag = (wire: number): string => `w.uint32(${((field.id << 3) | wire) >>> 0})`;
  if (kind.kind === "message") return `encode${kind.name}Into(${value}, ${tag(2)}.fork()).ldelim();`;
  if (kind.kind === "enum") return `${tag(0)}.int32(${kind.name}Number[${value}]);`;
  const scalar = scalarOf(kind.type);
  return `${tag(scalar.wire)}.${scalar.write}(${value});`;
}

function encodeField(field: Field): string {
  const access = `m.${camel(field.name)}`;
  if (field instanceof protobuf.MapField) {
    const entry = new protobuf.Field("value", 2, field.type);
    entry.resolvedType = field.resolvedType;
    return `  for (const [key, value] of Object.entries(${access})) {
    w.uint32(${((field.id << 3) | 2) >>> 0}).fork().uint32(10).string(key);
    ${writeValue(entry, "value")}
    w.ldelim();
  }`;
  }
  if (field.repeated) {
    const kind = kindOf(field);
    const packed = kind.kind === "enum" || (kind.kind === "scalar" && scalarOf(kind.type).wire !== 2);
    if (!packed) return `  for (const value of ${access}) ${writeValue(field, "value")}`;
    const put = kind.kind === "enum" ? `int32(${kind.name}Number[value])` : `${scalarOf(field.type).write}(value)`;
    return `  if (${access}.length > 0) {
    w.uint32(${((field.id << 3) | 2) >>> 0}).fork();
    for (const value of ${access}) w.${put};
    w.ldelim();
  }`;
  }
  const kind = kindOf(field);
  if (kind.kind === "message" || isOptionalScalar(field)) {
    return `  if (${access} !== undefined) ${writeValue(field, access)}`;
  }
  if (kind.kind === "scalar" && kind.type === "bytes")
    return `  if (${access}.length > 0) ${writeValue(field, access)}`;
  const zero = kind.kind === "enum" ? `"${zeroLiteral(field.resolvedType)}"` : scalarOf(field.type).zero;
  return `  if (${access} !== ${zero}) ${writeValue(field, access)}`;
}

function encodeOneof(oneof: protobuf.OneOf): string {
  const name = camel(oneof.name);
  const cases = oneof.fieldsArray.map((field) => {
    const value = kindOf(field).kind === "message" ? `m.${name}` : `m.${name}.value`;
    return `    case "${camel(field.name)}":\n      ${writeValue(field, value)}\n      break;`;
  });
  return `  switch (m.${name}?.kind) {\n${cases.join("\n")}\n    case undefined:\n      break;\n  }`;
}

function encoder(type: protobuf.Type): string {
  const done = new Set<protobuf.OneOf>();
  const body: string[] = [];
  for (const field of type.fieldsArray) {
    const oneof = realOneof(field);
    if (oneof === null) body.push(encodeField(field));
    else if (!done.has(oneof)) {
      done.add(oneof);
      body.push(encodeOneof(oneof));
    }
  }
  const unused = type.fieldsArray.length === 0 ? "_m" : "m";
  return `export function encode${type.name}Into(${unused}: ${type.name}, w: Writer): Writer {
${body.join("\n")}
  return w;
}
export function encode${type.name}(m: ${type.name}): Uint8Array {
  return encode${type.name}Into(m, Writer.create()).finish();
}
`;
}

function readValue(field: Field): string {
  const kind = kindOf(field);
  if (kind.kind === "message") return `decode${kind.name}From(r, r.uint32())`;
  if (kind.kind === "enum") return `read${kind.name}(r.int32())`;
  const brand = brandOf(field);
  const read = `r.${scalarOf(kind.type).write}()`;
  if (kind.type === "int64" || kind.type === "uint64") return `toNumber(${read})`;
  return brand === undefined ? read : `(${read} as ${brand})`;
}

function decodeCase(field: Field): string {
  const name = camel(field.name);
  const oneof = realOneof(field);
  if (field instanceof protobuf.MapField) {
    const entry = new protobuf.Field("value", 2, field.type);
    entry.resolvedType = field.resolvedType;
    const kind = kindOf(entry);
    const zero = kind.kind === "message" ? `new${kind.name}()` : (zeroOf(entry) ?? "undefined");
    return `      case ${field.id}: {
        const stop = r.uint32() + r.pos;
        let key = "";
        let value: ${elementType(field)} = ${zero};
        while (r.pos < stop) {
          const t = nextTag(r);
          if (t >>> 3 === 1) key = r.string();
          else if (t >>> 3 === 2) value = ${readValue(entry)};
          else r.skipType(t & 7);
        }
        ${name}[key] = value;
        break;
      }`;
  }
  if (field.repeated) {
    const kind = kindOf(field);
    const packable = kind.kind === "enum" || (kind.kind === "scalar" && scalarOf(kind.type).wire !== 2);
    const push = `${name}.push(${readValue(field)});`;
    if (!packable) return `      case ${field.id}:\n        ${push}\n        break;`;
    return `      case ${field.id}:
        if ((tag & 7) === 2) {
          const stop = r.uint32() + r.pos;
          while (r.pos < stop) {
            countField();
            ${push}
          }
        } else ${push}
        break;`;
  }
  if (oneof !== null) {
    const value =
      kindOf(field).kind === "message"
        ? `{ kind: "${name}", ...${readValue(field)} }`
        : `{ kind: "${name}", value: ${readValue(field)} }`;
    return `      case ${field.id}:\n        m.${camel(oneof.name)} = ${value};\n        break;`;
  }
  return `      case ${field.id}:\n        m.${name} = ${readValue(field)};\n        break;`;
}

function decoder(type: protobuf.Type): string {
  const collections = type.fieldsArray.filter((field) => field.repeated || field instanceof protobuf.MapField);
  const locals = collections.map((field) => {
    const of = elementType(field);
    return field instanceof protobuf.MapField
      ? `  const ${camel(field.name)}: Record<string, ${of}> = {};`
      : `  const ${camel(field.name)}: ${of}[] = [];`;
  });
  const names = collections.map((field) => camel(field.name)).join(", ");
  const switchBody =
    type.fieldsArray.length === 0
      ? "    r.skipType(tag & 7);"
      : `    switch (tag >>> 3) {
${type.fieldsArray.map(decodeCase).join("\n")}
      default:
        r.skipType(tag & 7);
    }`;
  return `export function decode${type.name}From(r: Reader, length: number): ${type.name} {
  const end = r.pos + length;
${locals.join("\n")}
  const m: Mutable<${type.name}> = new${type.name}(${names === "" ? "" : `{ ${names} }`});
  while (r.pos < end) {
    const tag = nextTag(r);
${switchBody}
  }
  return m;
}
/** @throws RangeError or Error when the bytes are not a ${type.name}. */
export function decode${type.name}(bytes: Uint8Array): ${type.name} {
  const r = Reader.create(bytes);
  return decode${type.name}From(r, bytes.length);
}
`;
}

function enumType(type: protobuf.Enum): string {
  const entries = Object.entries(type.values).map(([key, number]) => ({ literal: enumLiteral(type, key), number }));
  return `${docOf(type, "")}export type ${type.name} = ${entries.map((e) => `"${e.literal}"`).join(" | ")};
export const ${type.name}Number: Readonly<Record<${type.name}, number>> = {
${entries.map((e) => `  ${/^[a-z_][a-z0-9_]*$/.test(e.literal) ? e.literal : `"${e.literal}"`}: ${e.number},`).join("\n")}
};
function read${type.name}(number: number): ${type.name} {
  switch (number) {
${entries.map((e) => `    case ${e.number}:\n      return "${e.literal}";`).join("\n")}
    default:
      throw new RangeError(\`unknown ${type.name} \${number} on the wire\`);
  }
}
`;
}

function serviceType(service: protobuf.Service): string {
  const full = service.fullName.replace(/^\./, "");
  const maxFields = service.options?.["(max_fields)"] ?? "MAX_REQUEST_FIELDS";
  const maxResponseFields = service.options?.["(max_response_fields)"];
  const decodeResponse = (response: string | undefined): string =>
    maxResponseFields === undefined
      ? `decode${response} as (b: Buffer) => ${response}`
      : `(b: Buffer): ${response} => decodeBounded(decode${response}, b, ${maxResponseFields})`;
  const methods = service.methodsArray.map((method) => {
    const request = method.resolvedRequestType?.name;
    const response = method.resolvedResponseType?.name;
    return `${docOf(method, "  ")}  ${lowerFirst(method.name)}: {
    path: "/${full}/${method.name}",
    requestStream: ${method.requestStream === true},
    responseStream: ${method.responseStream === true},
    requestSerialize: (m: ${request}): Buffer => asBuffer(encode${request}(m)),
    requestDeserialize: (b: Buffer): ${request} => decodeBounded(decode${request}, b, ${maxFields}),
    responseSerialize: (m: ${response}): Buffer => asBuffer(encode${response}(m)),
    responseDeserialize: ${decodeResponse(response)},
  },`;
  });
  return `${docOf(service, "")}export const ${service.name}Service = {\n${methods.join("\n")}\n} as const;\n`;
}

function objectsOf(namespace: protobuf.NamespaceBase): protobuf.ReflectionObject[] {
  return namespace.nestedArray.flatMap((object) => {
    if (object instanceof protobuf.Type) return [object, ...objectsOf(object)];
    if (object instanceof protobuf.Namespace && !(object instanceof protobuf.Service)) return objectsOf(object);
    return [object];
  });
}

function generate(root: protobuf.Root, files: ReadonlyMap<string, string>): Map<string, string> {
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
      `// Generated from ${path.slice(here.length + 1)} by proto/generate.ts. Do not edit: npm run proto.`,
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
  return generate(root, files);
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
