import { constants } from "node:os";
import { SkepError } from "../../../shared/errors.ts";

const NUMBERS = new Map<string, number>(Object.entries(constants.signals));
const RTMIN = 34;
const RTMAX = 64;

/**
 * "SIGTERM", "TERM", "15", "RTMIN+3" or "RTMAX-2", in any case.
 * @throws {SkepError} `invalid_argument`: no such signal.
 */
export function signalNumber(name: string): number {
  const upper = name.trim().toUpperCase();
  const wrong = (): never => {
    throw new SkepError("invalid_argument", `invalid signal: ${name}`);
  };
  if (/^\d+$/.test(upper)) {
    const number = Number(upper);
    return number >= 1 && number <= RTMAX ? number : wrong();
  }
  const short = upper.replace(/^SIG/, "");
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(short);
  if (realtime !== null) {
    const offset = Number(realtime[3] ?? 0) * (realtime[2] === "-" ? -1 : 1);
    const number = (realtime[1] === "MIN" ? RTMIN : RTMAX) + offset;
    return number >= RTMIN && number <= RTMAX ? number : wrong();
  }
  return NUMBERS.get(`SIG${short}`) ?? wrong();
}
