// Flags that say what runs in a container: image, process, environment, mounts, health.
import type { Mount } from "../../proto/gen/objects.ts";
import { parseReference } from "../../shared/image/reference.ts";
import { cleanPath, groupProblem, pathProblem, userProblem } from "../../shared/model/container-values.ts";
import { HEALTH_RETRIES } from "../../shared/model/ranges.ts";
import { signalProblem } from "../../shared/model/signals.ts";
import { checked } from "../options.ts";
import { parseDuration } from "../parse/duration.ts";
import { parseMount } from "../parse/mount.ts";
import { parseInteger } from "../parse/quantity.ts";
import { splitWords } from "../parse/words.ts";
import { container, health, self } from "./edit.ts";
import { both, GROUP, type SpecFlag } from "./flag.ts";
import { byKey, type Entry, entries, inContainer, keyOf, labelEntry, list } from "./list-flag.ts";

export const CONTAINER_FLAGS: readonly SpecFlag[] = [
  {
    name: "image",
    value: "image",
    help: "The image",
    group: GROUP.container,
    on: "update",
    edit: (raw) => {
      parseReference(raw);
      return container(() => ({ image: raw }));
    },
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
  ...list<Entry>({
    name: "container-label",
    value: "key=value",
    help: "Label of the containers",
    group: GROUP.container,
    items: entries(
      (spec) => spec.taskTemplate?.containerSpec?.labels ?? {},
      (labels) => container(() => ({ labels })),
    ),
    parse: labelEntry,
    key: keyOf,
    text: keyOf,
    double: "replace",
    removeValue: "key",
    removes: byKey,
  }),
  ...list<Mount>({
    name: "mount",
    value: "mount",
    help: "type=bind,source=/srv,target=/srv[,readonly]; also tmpfs and volume",
    group: GROUP.container,
    items: inContainer(
      (of) => of.mounts,
      (mounts) => () => ({ mounts }),
    ),
    parse: (raw) => [parseMount(raw)],
    key: ({ target }) => cleanPath(target),
    text: ({ target }) => target,
    double: "replace",
    clash: ({ target }) => `Two mounts have the target ${cleanPath(target)}.`,
    removeValue: "target",
    removes: (raw) => (mount) => cleanPath(mount.target) === cleanPath(raw),
  }),
  {
    ...both,
    name: "user",
    short: "u",
    value: "name|uid[:group]",
    help: "User of the processes",
    group: GROUP.container,
    edit: (raw) => {
      const user = raw === "" ? raw : checked(raw, userProblem);
      return container(() => ({ user }));
    },
  },
  ...list<string>({
    name: "group",
    value: "group",
    help: "Additional group",
    group: GROUP.container,
    items: inContainer(
      (of) => of.groups,
      (groups) => () => ({ groups }),
    ),
    parse: (raw) => [checked(raw, groupProblem)],
    key: self,
    text: self,
    double: "keep",
    removeValue: "group",
    removes: (raw) => (group) => group === raw,
  }),
  {
    ...both,
    name: "workdir",
    short: "w",
    value: "dir",
    help: "Working directory",
    group: GROUP.container,
    edit: (raw) => {
      const dir = raw === "" ? raw : checked(raw, pathProblem);
      return container(() => ({ dir }));
    },
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
    edit: (raw) => {
      const stopSignal = raw === "" ? raw : checked(raw, signalProblem);
      return container(() => ({ stopSignal }));
    },
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
    edit: (raw) => health({ retries: parseInteger(HEALTH_RETRIES.least, HEALTH_RETRIES.most, 3)(raw) }),
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
];
