// Every flag of `service create` and `service update` that ends up in the spec: one table. A list flag is --NAME when
// creating and --NAME-add / --NAME-rm when updating, as Docker has it.
import { CONTAINER_FLAGS } from "./container-flags.ts";
import type { SpecFlag } from "./flag.ts";
import { KERNEL_FLAGS } from "./kernel-flags.ts";
import { NAME_FLAGS } from "./name-flags.ts";
import { PLACING_FLAGS } from "./placing-flags.ts";

export const SPEC_FLAGS: readonly SpecFlag[] = [...PLACING_FLAGS, ...NAME_FLAGS, ...CONTAINER_FLAGS, ...KERNEL_FLAGS];
