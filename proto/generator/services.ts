// A service as a table of methods, with what puts each message into bytes and back.
import type protobuf from "protobufjs";
import { docOf } from "./fields.ts";

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

export function serviceType(service: protobuf.Service): string {
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
