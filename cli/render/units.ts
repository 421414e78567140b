// Amounts as Docker writes them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** "1.944GiB": four significant digits at most. */
export function memory(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number(value.toPrecision(4))}${UNITS[unit] ?? ""}`;
}

export const cpus = (nanoCpus: number): string => String(nanoCpus / 1e9);
