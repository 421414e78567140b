// The signals that stop a container, as the API takes them and the agent sends them.
import { SkepError } from "../errors.ts";

/** Linux's, the same on x86-64 and arm64: the first is 1. */
const NAMES = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ " +
  "VTALRM PROF WINCH IO PWR SYS"
).split(" ");
const ALIASES: readonly (readonly [string, string])[] = [
  ["IOT", "ABRT"],
  ["CLD", "CHLD"],
  ["POLL", "IO"],
];
const NUMBERS = new Map<string, number>([
  ...NAMES.map((name, i) => [name, i + 1] as const),
  ...ALIASES.map(([alias, name]) => [alias, NAMES.indexOf(name) + 1] as const),
]);
const RTMIN = 34;
const RTMAX = 64;

/**
 * "SIGTERM", "TERM", "15", "RTMIN+3" or "RTMAX-2", in any case.
 * @throws {SkepError} `invalid_argument`: no such signal.
 */
export function signalNumber(name: string): number {
  const number = parseSignal(name);
  if (number === undefined) throw new SkepError("invalid_argument", signalProblem(name) ?? `no signal: ${name}`);
  return number;
}

/** Why it is no signal; undefined when it is one. */
export const signalProblem = (name: string): string | undefined =>
  parseSignal(name) === undefined
    ? `${JSON.stringify(name)} is not a signal: write it like SIGTERM, 15 or SIGRTMIN+3`
    : undefined;

function parseSignal(name: string): number | undefined {
  const upper = name.trim().toUpperCase();
  if (/^\d+$/.test(upper)) {
    const number = Number(upper);
    return number >= 1 && number <= RTMAX ? number : undefined;
  }
  const short = upper.replace(/^SIG/, "");
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(short);
  if (realtime !== null) {
    const offset = Number(realtime[3] ?? 0) * (realtime[2] === "-" ? -1 : 1);
    const number = (realtime[1] === "MIN" ? RTMIN : RTMAX) + offset;
    return number >= RTMIN && number <= RTMAX ? number : undefined;
  }
  return NUMBERS.get(short);
}
