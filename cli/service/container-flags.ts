// Flags that say what a container is: network, process, mounts, health, rights, logging.
import { newLogDriver } from "../../proto/gen/objects.ts";
import { choice } from "../options.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseMount } from "../parse/mount.ts";
import { parseLabel, parsePair } from "../parse/pairs.ts";
import { parsePublish, parseUnpublish } from "../parse/port.ts";
import { parseInteger, parseWhole } from "../parse/quantity.ts";
import { parseCapability, parseHost, parseUlimit } from "../parse/service-values.ts";
import { splitWords } from "../parse/words.ts";
import { container, dns, drop, type Edit, endpoint, health, portKey, ports, put, self, task, without } from "./edit.ts";
import { both, GROUP, list, type SpecFlag } from "./flag.ts";

export const CONTAINER_FLAGS: readonly SpecFlag[] = [
  ...list({
    name: "publish",
    short: "p",
    value: "port",
    help: "8080:80, 80/udp, 8000-8005:8000-8005, or published=8080,target=80,protocol=tcp,mode=ingress (or host)",
    group: GROUP.network,
    removeValue: "target",
    add: (raw) => {
      const added = parsePublish(raw);
      return ports((of) => added.reduce((all, port) => put(all, port, portKey), of));
    },
    remove: (raw) => {
      const isMeant = parseUnpublish(raw);
      return ports((of) => of.filter((port) => !isMeant(port)));
    },
  }),
  {
    ...both,
    name: "endpoint-mode",
    value: "mode",
    help: "vip or dnsrr",
    group: GROUP.network,
    edit: (raw) => endpoint({ mode: choice("vip", "dnsrr")(raw) }),
  },
  {
    ...both,
    name: "hostname",
    value: "name",
    help: "Hostname of the containers",
    group: GROUP.network,
    edit: (raw) => container(() => ({ hostname: raw })),
  },
  ...list({
    name: "host",
    value: "host:ip",
    help: "Line of /etc/hosts: db:10.0.0.7",
    group: GROUP.network,
    removeValue: "host:ip",
    add: (raw) => {
      const value = parseHost(raw);
      return container((of) => ({ hosts: put(of.hosts, value, self) }));
    },
    remove: (raw) =>
      container((of) => ({
        hosts: raw.includes(":")
          ? drop(of.hosts, parseHost(raw), self)
          : drop(of.hosts, raw, (line) => line.split(" ")[1] ?? ""),
      })),
  }),
  ...list({
    name: "dns",
    value: "ip",
    help: "DNS server",
    group: GROUP.network,
    removeValue: "ip",
    add: (raw) => dns((of) => ({ nameservers: put(of.nameservers, raw, self) })),
    remove: (raw) => dns((of) => ({ nameservers: drop(of.nameservers, raw, self) })),
  }),
  ...list({
    name: "dns-search",
    value: "domain",
    help: "DNS search domain",
    group: GROUP.network,
    removeValue: "domain",
    add: (raw) => dns((of) => ({ search: put(of.search, raw, self) })),
    remove: (raw) => dns((of) => ({ search: drop(of.search, raw, self) })),
  }),
  ...list({
    name: "dns-option",
    value: "option",
    help: "DNS option: ndots:2",
    group: GROUP.network,
    removeValue: "option",
    add: (raw) => dns((of) => ({ options: put(of.options, raw, self) })),
    remove: (raw) => dns((of) => ({ options: drop(of.options, raw, self) })),
  }),

  {
    name: "image",
    value: "image",
    help: "The image",
    group: GROUP.container,
    on: "update",
    edit: (raw) => container(() => ({ image: raw })),
  },
  {
    ...both,
    name: "entrypoint",
    value: "command",
    help: 'Instead of the image\'s ENTRYPOINT: "sh -c"; empty restores it',
    group: GROUP.container,
    edit: (raw) => {
      const command = splitWords(raw);
      return container(() => ({ command }));
    },
  },
  {
    name: "args",
    value: "words",
    help: 'Arguments of the command: "-p 80"; empty restores the image\'s',
    group: GROUP.container,
    on: "update",
    edit: (raw) => {
      const args = splitWords(raw);
      return container(() => ({ args }));
    },
  },
  ...list({
    name: "container-label",
    value: "key=value",
    help: "Label of the containers",
    group: GROUP.container,
    removeValue: "key",
    add: (raw) => {
      const { key, value } = parseLabel(raw);
      return container((of) => ({ labels: { ...of.labels, [key]: value } }));
    },
    remove: (raw) => container((of) => ({ labels: without(of.labels, raw) })),
  }),
  ...list({
    name: "mount",
    value: "mount",
    help: "type=bind,source=/srv,target=/srv[,readonly]; also tmpfs and volume",
    group: GROUP.container,
    removeValue: "target",
    add: (raw) => {
      const value = parseMount(raw);
      return container((of) => ({ mounts: put(of.mounts, value, (one) => one.target) }));
    },
    remove: (raw) => container((of) => ({ mounts: drop(of.mounts, raw, (one) => one.target) })),
  }),
  {
    ...both,
    name: "user",
    short: "u",
    value: "name|uid[:group]",
    help: "User of the processes",
    group: GROUP.container,
    edit: (raw) => container(() => ({ user: raw })),
  },
  ...list({
    name: "group",
    value: "group",
    help: "Additional group",
    group: GROUP.container,
    removeValue: "group",
    add: (raw) => container((of) => ({ groups: put(of.groups, raw, self) })),
    remove: (raw) => container((of) => ({ groups: drop(of.groups, raw, self) })),
  }),
  {
    ...both,
    name: "workdir",
    short: "w",
    value: "dir",
    help: "Working directory",
    group: GROUP.container,
    edit: (raw) => container(() => ({ dir: raw })),
  },
  {
    ...both,
    name: "tty",
    short: "t",
    help: "Give the processes a pseudo-terminal",
    group: GROUP.container,
    edit: (raw) => container(() => ({ tty: raw === "true" })),
  },
  {
    ...both,
    name: "read-only",
    help: "Mount the root file system read-only",
    group: GROUP.container,
    edit: (raw) => container(() => ({ readOnly: raw === "true" })),
  },
  {
    ...both,
    name: "init",
    help: "Run an init that reaps processes and forwards signals",
    group: GROUP.container,
    edit: (raw) => container(() => ({ init: raw === "true" })),
  },
  {
    ...both,
    name: "stop-signal",
    value: "signal",
    help: "Signal to stop with (default: the image's, else SIGTERM)",
    group: GROUP.container,
    edit: (raw) => container(() => ({ stopSignal: raw })),
  },
  {
    ...both,
    name: "stop-grace-period",
    value: "duration",
    help: "Time before SIGKILL (default 10s)",
    group: GROUP.container,
    edit: (raw) => {
      const stopGracePeriodMs = parseDuration(raw);
      return container(() => ({ stopGracePeriodMs }));
    },
  },

  {
    ...both,
    name: "health-cmd",
    value: "command",
    help: "Shell command that succeeds while the task is healthy",
    group: GROUP.health,
    edit: (raw) => health({ test: ["CMD-SHELL", raw] }),
  },
  {
    ...both,
    name: "health-interval",
    value: "duration",
    help: "Time between checks",
    group: GROUP.health,
    edit: (raw) => health({ intervalMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "health-timeout",
    value: "duration",
    help: "A check that takes longer has failed",
    group: GROUP.health,
    edit: (raw) => health({ timeoutMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "health-retries",
    value: "n",
    help: "Failures in a row that make a task unhealthy",
    group: GROUP.health,
    edit: (raw) => health({ retries: parseWhole(raw) }),
  },
  {
    ...both,
    name: "health-start-period",
    value: "duration",
    help: "Failures in this first time do not count",
    group: GROUP.health,
    edit: (raw) => health({ startPeriodMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "health-start-interval",
    value: "duration",
    help: "Time between checks in that first time",
    group: GROUP.health,
    edit: (raw) => health({ startIntervalMs: parseDuration(raw) }),
  },
  {
    ...both,
    name: "no-healthcheck",
    help: "Without the image's health check",
    group: GROUP.health,
    edit: () => health({ test: ["NONE"] }),
  },

  ...capabilities("cap-add", "capabilityAdd", "capabilityDrop", "Give a Linux capability: NET_ADMIN, ALL"),
  ...capabilities("cap-drop", "capabilityDrop", "capabilityAdd", "Take a Linux capability away: CHOWN, ALL"),
  ...list({
    name: "sysctl",
    value: "key=value",
    help: "Kernel parameter: net.core.somaxconn=1024",
    group: GROUP.security,
    removeValue: "key",
    add: (raw) => {
      const { key, value } = parsePair(raw, "net.core.somaxconn=1024");
      return container((of) => ({ sysctls: { ...of.sysctls, [key]: value } }));
    },
    remove: (raw) => container((of) => ({ sysctls: without(of.sysctls, raw) })),
  }),
  ...list({
    name: "ulimit",
    value: "name=soft:hard",
    help: "Resource limit: nofile=1024:2048",
    group: GROUP.security,
    add: (raw) => {
      const value = parseUlimit(raw);
      return container((of) => ({ ulimits: put(of.ulimits, value, (one) => one.name) }));
    },
    remove: (raw) => container((of) => ({ ulimits: drop(of.ulimits, raw, (one) => one.name) })),
  }),
  {
    ...both,
    name: "oom-score-adj",
    value: "n",
    help: "-1000 to 1000: who is killed first when memory runs out",
    group: GROUP.security,
    edit: (raw) => {
      const oomScoreAdj = parseInteger(-1000, 1000, 100)(raw);
      return container(() => ({ oomScoreAdj }));
    },
  },

  {
    ...both,
    name: "log-driver",
    value: "driver",
    help: "Log driver",
    group: GROUP.logging,
    edit: (raw) => task((of) => ({ ...of, logDriver: newLogDriver({ ...of.logDriver, name: raw }) })),
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
      return task((of) => ({
        ...of,
        logDriver: newLogDriver({ ...of.logDriver, options: { ...of.logDriver?.options, [key]: value } }),
      }));
    },
  },
];
/** On update Docker's --cap-add and --cap-drop work upon what is there: adding undoes a drop, and dropping an addition. */
function capabilities(
  name: string,
  into: "capabilityAdd" | "capabilityDrop",
  outOf: "capabilityAdd" | "capabilityDrop",
  help: string,
): readonly SpecFlag[] {
  const edit = (raw: string): Edit => {
    const capability = parseCapability(raw);
    return container((of) => ({ [into]: put(of[into], capability, self), [outOf]: drop(of[outOf], capability, self) }));
  };
  return [{ name, value: "capability", help, group: GROUP.security, on: "both", repeat: true, edit }];
}
