// --network in its three spellings. The spec holds a network's id and people say its name, so what a change adds or takes away
// is looked up first.
import type { Command } from "commander";
import type { NetworkAttachmentConfig } from "../../proto/gen/objects.ts";
import type { ControlCalls } from "../connection.ts";
import { listOption } from "../options.ts";
import { parseNetwork } from "../parse/service-values.ts";
import { UsageError } from "../usage-error.ts";
import { type Edit, task } from "./edit.ts";
import { GROUP } from "./flag.ts";
import { notThere } from "./list-flag.ts";

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
          listOption("--network-add <network>", `Add: ${what}`, parseNetwork),
          listOption("--network-rm <network>", "Remove by name or id", (raw) => raw),
        ];
  for (const option of options) command.addOption(option.helpGroup(GROUP.network));
}

/** Removals first: what one update takes away and adds is there afterwards. */
export async function networkEdits(command: Command, control: ControlCalls): Promise<readonly Edit[]> {
  const options = command.opts<Options>();
  const [removals, additions] = await Promise.all([
    Promise.all((options.networkRm ?? []).map((ref) => lookUp(control, ref))),
    Promise.all(
      [...(options.network ?? []), ...(options.networkAdd ?? [])].map(async (config) => ({
        config,
        ...(await lookUp(control, config.target)),
      })),
    ),
  ]);
  // Only for an error, which names what the service is on.
  const names = removals.length === 0 ? new Map<string, string>() : await networkNames(control);
  const networks = (change: (of: readonly NetworkAttachmentConfig[]) => readonly NetworkAttachmentConfig[]): Edit =>
    task((of) => ({ ...of, networks: change(of.networks) }));
  return [
    ...removals.map(({ ref, id }) =>
      networks((of) => {
        const left = of.filter(({ target }) => target !== id);
        const there = of.map(({ target }) => names.get(target) ?? target);
        if (left.length === of.length) throw notThere(`--network-rm ${ref}`, there);
        return left;
      }),
    ),
    ...additions.map(({ config, ref, id }) =>
      networks((of) => {
        if (of.some(({ target }) => target === id)) {
          const again = options.networkAdd === undefined ? "" : `: with --network-rm ${ref} it is taken away first`;
          throw new UsageError(`network ${ref}: the service is on it already${again}`);
        }
        return [...of, { ...config, target: id }];
      }),
    ),
  ];
}

/** The ID of a network, as specs have it. */
async function lookUp(control: ControlCalls, ref: string): Promise<{ readonly ref: string; readonly id: string }> {
  return { ref, id: PREDEFINED.has(ref) ? ref : ((await control.getNetwork({ ref })).network?.id ?? ref) };
}

async function networkNames(control: ControlCalls): Promise<ReadonlyMap<string, string>> {
  const { networks } = await control.listNetworks({ filters: [] });
  return new Map(networks.map(({ id, spec }) => [id, spec?.name ?? id]));
}
