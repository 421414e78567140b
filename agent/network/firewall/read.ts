// Reads the firewall of the host, and changes nothing: not even by looking, since the old iptables begin to be there when they are
// asked for what is not.
import type { Json } from "../apply/parse.ts";
import type { ToolRunner } from "../apply/run.ts";
import { parseIptablesSave } from "./iptables-save.ts";
import { parseNftRuleset } from "./nft-json.ts";
import type { Drop, Table } from "./packet.ts";

/** Of each listing. Where there is more than this, it is left out. */
const MAX_CHARACTERS = 8 * 1024 * 1024;

/** All filters of the host. What cannot be read is left out. @throws `signal.reason` when aborted. */
export async function readFirewall(runner: ToolRunner, signal: AbortSignal): Promise<readonly Table[]> {
  const iptables = await Promise.all(
    ["iptables", "ip6tables"].map(async (tool) => [
      ...(await savedBy(runner, `${tool}-nft-save`, tool, signal)),
      ...((await hasLegacy(runner, tool, signal))
        ? await savedBy(runner, `${tool}-legacy-save`, `${tool}-legacy`, signal)
        : []),
    ]),
  ).then((lists) => lists.flat());
  const nft = parseNftRuleset(readJson(await output(runner, "nft", ["-j", "list", "ruleset"], signal)));
  // What iptables keeps in nftables it tells in words of its own; nft knows only part of it.
  const isTold = (table: Table): boolean =>
    iptables.some(
      ({ tool, family, name }) => !tool.endsWith("-legacy") && family === table.family && name === table.name,
    );
  return [...nft.filter((table) => !isTold(table)), ...iptables];
}

/** A rule of nft as nft writes it: the ruleset as JSON has only its handle. "" for any other. */
export async function ruleTextOf(
  { table, chain, rule }: Drop,
  runner: ToolRunner,
  signal: AbortSignal,
): Promise<string> {
  if (table.tool !== "nft" || rule === undefined) return "";
  const listing = await output(runner, "nft", ["-a", "list", "chain", table.family, table.name, chain.name], signal);
  return ruleWithHandle(listing, rule.text);
}

/** The line of `nft -a list chain` that ends with this handle. */
export const ruleWithHandle = (listing: string, handle: string): string =>
  listing
    .split("\n")
    .find((line) => line.endsWith(` # handle ${handle}`))
    ?.replace(/ # handle \d+$/, "")
    .trim() ?? "";

const savedBy = async (
  runner: ToolRunner,
  command: string,
  tool: string,
  signal: AbortSignal,
): Promise<readonly Table[]> => parseIptablesSave(tool, await output(runner, command, [], signal));

/** Are the old tables in use? */
const hasLegacy = async (runner: ToolRunner, tool: string, signal: AbortSignal): Promise<boolean> =>
  (await output(runner, "cat", [`/proc/self/net/${tool === "iptables" ? "ip" : "ip6"}_tables_names`], signal)) !== "";

async function output(
  runner: ToolRunner,
  command: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  try {
    const { code, stdout } = await runner.run({ command, args }, signal);
    return code === 0 && stdout.length <= MAX_CHARACTERS ? stdout : "";
  } catch {
    signal.throwIfAborted();
    return ""; // not installed
  }
}

function readJson(text: string): Json {
  try {
    return JSON.parse(text || "{}") as Json; // the boundary: everything is looked at before it is used
  } catch {
    return {};
  }
}
