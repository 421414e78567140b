import type { Resources } from "../../proto/gen/objects.ts";
import { type Fields, list, object, positive } from "./fields.ts";

export function resources(value: Resources | undefined): Fields | undefined {
  if (value === undefined) return undefined;
  return object({
    NanoCPUs: positive(value.nanoCpus),
    MemoryBytes: positive(value.memoryBytes),
    Pids: positive(value.pids),
    GenericResources: list(
      value.genericResources.map((one) =>
        one.value === ""
          ? { DiscreteResourceSpec: { Kind: one.kind, Value: one.amount } }
          : { NamedResourceSpec: { Kind: one.kind, Value: one.value } },
      ),
    ),
  });
}
