// Flags that say what the kernel allows a container, and where its output is kept.
import { newLogDriver, type Ulimit } from "../../proto/gen/objects.ts";
import { capabilityName } from "../../shared/model/capabilities.ts";
import { logDriverProblem, logOptionProblem } from "../../shared/model/log-driver.ts";
import { OOM_SCORE } from "../../shared/model/ranges.ts";
import { sysctlName, sysctlProblem } from "../../shared/model/sysctls.ts";
import { checked } from "../options.ts";
import { parsePair } from "../parse/pairs.ts";
import { parseInteger } from "../parse/quantity.ts";
import { parseCapability, parseUlimit } from "../parse/service-values.ts";
import { container, drop, type Edit, put, task } from "./edit.ts";
import { both, GROUP, type SpecFlag } from "./flag.ts";
import { type Entry, entries, inContainer, keyOf, list } from "./list-flag.ts";

export const KERNEL_FLAGS: readonly SpecFlag[] = [
  ...capabilities("cap-add", "capabilityAdd", "capabilityDrop", "Give a Linux capability: NET_ADMIN, ALL"),
  ...capabilities("cap-drop", "capabilityDrop", "capabilityAdd", "Take a Linux capability away: CHOWN, ALL"),
  ...list<Entry>({
    name: "sysctl",
    value: "key=value",
    help: "Kernel parameter: net.core.somaxconn=1024",
    group: GROUP.security,
    items: entries(
      (spec) => spec.taskTemplate?.containerSpec?.sysctls ?? {},
      (sysctls) => container(() => ({ sysctls })),
    ),
    parse: (raw) => {
      const { key, value } = parsePair(raw, "net.core.somaxconn=1024");
      checked(key, (name) => sysctlProblem(name, false));
      return [[key, value]];
    },
    key: ([name]) => sysctlName(name),
    text: keyOf,
    double: "replace",
    removeValue: "key",
    removes: (raw) => (entry) => sysctlName(keyOf(entry)) === sysctlName(raw),
  }),
  ...list<Ulimit>({
    name: "ulimit",
    value: "name=soft:hard",
    help: "Resource limit: nofile=1024:2048",
    group: GROUP.security,
    items: inContainer(
      (of) => of.ulimits,
      (ulimits) => () => ({ ulimits }),
    ),
    parse: (raw) => [parseUlimit(raw)],
    key: ({ name }) => name,
    text: ({ name }) => name,
    double: "replace",
    removeValue: "name",
    removes: (raw) => (ulimit) => ulimit.name === raw,
  }),
  {
    ...both,
    name: "oom-score-adj",
    value: "n",
    help: "-1000 to 1000: who is killed first when memory runs out",
    group: GROUP.security,
    edit: (raw) => {
      const oomScoreAdj = parseInteger(OOM_SCORE.least, OOM_SCORE.most, 100)(raw);
      return container(() => ({ oomScoreAdj }));
    },
  },

  {
    ...both,
    name: "log-driver",
    value: "driver",
    help: "Log driver",
    group: GROUP.logging,
    edit: (raw) => {
      const name = checked(raw, logDriverProblem);
      return task((of) => ({ ...of, logDriver: newLogDriver({ ...of.logDriver, name }) }));
    },
  },
  {
    ...both,
    name: "log-opt",
    value: "key=value",
    help: "Option of the log driver: max-size=10m",
    group: GROUP.logging,
    repeat: true,
    edit: (raw) => {
      const { key, value } = parsePair(raw, "max-size=10m");
      checked(raw, () => logOptionProblem(key, value));
      return task((of) => ({
        ...of,
        logDriver: newLogDriver({ ...of.logDriver, options: { ...of.logDriver?.options, [key]: value } }),
      }));
    },
  },
];

/** One that came from elsewhere may be written as net_admin. */
const nameOfCapability = (raw: string): string => capabilityName(raw) ?? raw;

/** On update Docker's --cap-add and --cap-drop work upon what is there: adding undoes a drop, and dropping an addition. */
function capabilities(
  name: string,
  into: "capabilityAdd" | "capabilityDrop",
  outOf: "capabilityAdd" | "capabilityDrop",
  help: string,
): readonly SpecFlag[] {
  const edit = (raw: string): Edit => {
    const capability = parseCapability(raw);
    return container((of) => ({
      [into]: put(of[into], capability, nameOfCapability),
      [outOf]: drop(of[outOf], capability, nameOfCapability),
    }));
  };
  return [{ name, value: "capability", help, group: GROUP.security, on: "both", repeat: true, edit }];
}
