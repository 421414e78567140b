// A message's way from bytes, over protobufjs' Reader.
import protobuf from "protobufjs";
import { brandOf, camel, elementType, type Field, kindOf, realOneof, scalarOf, zeroOf } from "./fields.ts";

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

export function decoder(type: protobuf.Type): string {
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
