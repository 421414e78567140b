// What the lists share: --filter, --format, -q.
import { type Command, Option } from "commander";
import { booleanOption, listOption } from "../options.ts";
import { groupFilters, type Pair, parseFilter } from "../parse/pairs.ts";
import { formatHelp, type ListView } from "../render/list.ts";

export interface ListCommandOptions {
  readonly filter?: readonly Pair[];
  readonly format?: string;
  readonly quiet?: boolean;
}

/** @param filters the keys that make sense, for help; the cluster refuses others. */
export function addListOptions(command: Command, headers: ListView["headers"], filters: string): Command {
  command.addOption(
    listOption(
      "-f, --filter <key=value>",
      `only what matches: ${filters}; values of one key are alternatives`,
      parseFilter,
    ),
  );
  command.addOption(new Option("--format <format>", formatHelp({ headers })));
  return booleanOption(command, "-q, --quiet", "ids only");
}

export const filtersOf = (options: ListCommandOptions): ReturnType<typeof groupFilters> =>
  groupFilters(options.filter ?? []);
