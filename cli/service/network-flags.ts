// --network in its three spellings. The spec holds a network's id and people say its name, so what a change adds or takes away
// is looked up first.
import type { Command } from "commander";
import type { NetworkAttachmentConfig } from "../../proto/gen/objects.ts";
import type { ControlCalls } from "../connection.ts";
import { listOption } from "../options.ts";
import { parseNetwork } from "../parse/service-values.ts";
import { drop, type Edit, put, task } from "./edit.ts";
import { GROUP } from "./flag.ts";

interface Options {
  readonly network?: readonly NetworkAttachmentConfig[];
  readonly networkAdd?: readonly NetworkAttachmentConfig[];
  readonly networkRm?: readonly string[];
}

const PREDEFINED = new Set(["host", "none", "bridge"]);

export function addNetworkOptions(command: Command, kind: "create" | "update"): void {
  const what = "a network's name, host, none, bridge, or name=web,alias=www";
  const options =
    kind === "create"
      ? [listOption("--network <network>", `${what} (default bridge: a way out, no way in)`, parseNetwork)]
      : [
          listOption("--network-add <network>", `Add or replace: ${what}`, parseNetwork),
          listOption("--network-rm <network>", "Remove by name or id", (raw) => raw),
        ];
  for (const option of options) command.addOption(option.helpGroup(GROUP.network));
}

/** Removals first: what one update takes away and adds is there afterwards. */
export async function networkEdits(command: Command, control: ControlCalls): Promise<readonly Edit[]> {
  const options = command.opts<Options>();
  const idOf = async (ref: string): Promise<string> =>
    PREDEFINED.has(ref) ? ref : ((await control.getNetwork({ ref })).network?.id ?? ref);
  const removals = await Promise.all((options.networkRm ?? []).map(idOf));
  const additions = await Promise.all(
    [...(options.network ?? []), ...(options.networkAdd ?? [])].map(async (one) => ({
      ...one,
      target: await idOf(one.target),
    })),
  );
  const key = ({ target }: NetworkAttachmentConfig): string => target;
  return [
    ...removals.map((id) => task((of) => ({ ...of, networks: drop(of.networks, id, key) }))),
    ...additions.map((one) => task((of) => ({ ...of, networks: put(of.networks, one, key) }))),
  ];
}
