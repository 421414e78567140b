// Messages as interfaces with a maker each, enums as unions of string literals.
import protobuf from "protobufjs";
import {
  camel,
  docOf,
  elementType,
  enumLiteral,
  type Field,
  isOptionalScalar,
  kindOf,
  realOneof,
  zeroOf,
} from "./fields.ts";

function fieldDeclaration(field: Field): string {
  const name = camel(field.name);
  const doc = docOf(field, "  ");
  const element = elementType(field);
  if (field instanceof protobuf.MapField) return `${doc}  readonly ${name}: Readonly<Record<string, ${element}>>;`;
  if (field.repeated) return `${doc}  readonly ${name}: readonly ${element}[];`;
  const optional = kindOf(field).kind === "message" || isOptionalScalar(field);
  return optional ? `${doc}  readonly ${name}?: ${element} | undefined;` : `${doc}  readonly ${name}: ${element};`;
}

function oneofMember(field: Field): string {
  const kind = kindOf(field);
  const tag = `{ readonly kind: "${camel(field.name)}" }`;
  return kind.kind === "message"
    ? `(${tag} & ${kind.name})`
    : `{ readonly kind: "${camel(field.name)}"; readonly value: ${elementType(field)} }`;
}

export function messageType(type: protobuf.Type): string {
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

export const maker = (type: protobuf.Type): string => {
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

export function enumType(type: protobuf.Enum): string {
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
