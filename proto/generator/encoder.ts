// A message's way to bytes, over protobufjs' Writer.
import protobuf from "protobufjs";
import { camel, type Field, isOptionalScalar, kindOf, realOneof, scalarOf, zeroLiteral } from "./fields.ts";

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

export function encoder(type: protobuf.Type): string {
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
