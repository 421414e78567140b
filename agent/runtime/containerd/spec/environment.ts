// The environment of a container's main process: Docker's defaults first, then what image and service say.

const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Later entries replace earlier ones of the same name, in place. An entry without "=" is no variable and is left out. */
export function environment(
  env: readonly string[],
  defaults: { readonly hostname: string; readonly home: string; readonly tty: boolean },
): string[] {
  const values = new Map<string, string>([
    ["PATH", DEFAULT_PATH],
    ["HOSTNAME", defaults.hostname],
    ...(defaults.tty ? ([["TERM", "xterm"]] as const) : []),
  ]);
  for (const entry of env) {
    const equals = entry.indexOf("=");
    if (equals > 0) values.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  if (!values.has("HOME")) values.set("HOME", defaults.home);
  return [...values].map(([name, value]) => `${name}=${value}`);
}
