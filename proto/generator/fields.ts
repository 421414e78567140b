// What a field of a message is in TypeScript: its name, its type, its zero value.
import protobuf from "protobufjs";

export type Field = protobuf.Field;
export type Kind =
  | { readonly kind: "scalar"; readonly type: string }
  | { readonly kind: "enum"; readonly name: string }
  | { readonly kind: "message"; readonly name: string };

export interface Scalar {
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

export const scalarOf = (type: string): Scalar => {
  const scalar = SCALARS[type];
  if (scalar === undefined) throw new Error(`scalar type ${type} is not supported by proto/generator`);
  return scalar;
};

export const camel = (name: string): string => name.replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());
const snakeUpper = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
const typeName = (t: protobuf.ReflectionObject): string => t.name;

export function kindOf(field: Field): Kind {
  const resolved = field.resolvedType;
  if (resolved instanceof protobuf.Enum) return { kind: "enum", name: typeName(resolved) };
  if (resolved instanceof protobuf.Type) return { kind: "message", name: typeName(resolved) };
  return { kind: "scalar", type: field.type };
}

export function brandOf(field: Field): string | undefined {
  const brand = field.options?.["(brand)"];
  return typeof brand === "string" ? brand : undefined;
}

export function elementType(field: Field): string {
  const kind = kindOf(field);
  if (kind.kind !== "scalar") return kind.name;
  return brandOf(field) ?? scalarOf(kind.type).ts;
}

export const isOptionalScalar = (field: Field): boolean => field.partOf?.isProto3Optional === true;
export const realOneof = (field: Field): protobuf.OneOf | null =>
  field.partOf !== null && !field.partOf.isProto3Optional ? field.partOf : null;

export function docOf(object: protobuf.ReflectionObject, indent: string): string {
  if (object.comment === null || object.comment === undefined || object.comment === "") return "";
  const lines = object.comment.split("\n");
  const [first] = lines;
  if (lines.length === 1) return `${indent}/** ${first} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join("\n")}\n${indent} */\n`;
}

export function zeroOf(field: Field): string | undefined {
  if (field instanceof protobuf.MapField) return "{}";
  if (field.repeated) return "[]";
  const kind = kindOf(field);
  if (kind.kind === "message" || isOptionalScalar(field)) return undefined;
  if (kind.kind === "enum") return `"${zeroLiteral(field.resolvedType)}"`;
  const brand = brandOf(field);
  return brand === undefined ? scalarOf(kind.type).zero : `"" as ${brand}`;
}

export function zeroLiteral(resolved: protobuf.ReflectionObject | null): string {
  if (!(resolved instanceof protobuf.Enum)) throw new Error("not an enum");
  const zero = resolved.valuesById[0];
  if (zero === undefined) throw new Error(`enum ${resolved.name} has no zero value`);
  return enumLiteral(resolved, zero);
}

export function enumLiteral(type: protobuf.Enum, key: string): string {
  const prefix = `${snakeUpper(type.name)}_`;
  return (key.startsWith(prefix) ? key.slice(prefix.length) : key).toLowerCase();
}
