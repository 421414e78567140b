import { SkepError } from "../../../shared/errors.ts";

const OLDEST = [1, 6] as const;

/**
 * "1.6.20~ds1", "v1.7.2", "2.0.0-rc.1" are all fine.
 * @throws {SkepError} `failed_precondition`: older than 1.6.
 */
export function checkVersion(version: string): void {
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  if (match === null) return; // a build of one's own: its owner knows
  const [major, minor] = [Number(match[1]), Number(match[2])];
  const [oldestMajor, oldestMinor] = OLDEST;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SkepError(
    "failed_precondition",
    `containerd ${version} is too old: ${OLDEST.join(".")} or later is needed; upgrade the package containerd`,
  );
}
