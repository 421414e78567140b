// Small images from this machine's busybox: nothing has to be downloaded for a cluster to run something.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import type { Env } from "../shared/env/env.ts";
import { SkepError } from "../shared/errors.ts";
import { type BuiltImage, buildImage, type ImageFile } from "../shared/image/build.ts";
import { createHttpTransport } from "../shared/image/http.ts";
import { hostPlatform } from "../shared/image/platform.ts";
import { pushImage } from "../shared/image/push.ts";
import { RegistryClient } from "../shared/image/registry.ts";

const BUSYBOX_PATHS = ["/bin/busybox", "/usr/bin/busybox"];
const APPLET = /^[a-z0-9[_-]+$/;

/** Says hello every few seconds until it is told to stop; process 1 gets no signal that it does not trap. */
const HELLO = `#!/bin/sh
trap 'echo "goodbye from $(hostname)"; exit 0' TERM INT
n=0
while :; do
  n=$((n + 1))
  echo "hello from $(hostname), number $n"
  sleep 5 &
  wait $!
done
`;

/** A page on port 8080, or on that of its argument, that says who answers, and to whom. */
const PAGE = `#!/bin/sh
mkdir -p /tmp/www/cgi-bin
cat > /tmp/www/cgi-bin/index.cgi <<'END'
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
addr=\${REMOTE_ADDR#"[::ffff:"}
addr=\${addr#"["}
echo "hello from $(hostname) to \${addr%"]"}"
END
chmod +x /tmp/www/cgi-bin/index.cgi
# What is under way may end: nothing new comes once the signal is here.
trap 'sleep 1; kill $!; exit 0' TERM INT
echo "serving a page on port \${1:-8080}"
httpd -f -v -p "\${1:-8080}" -h /tmp/www &
wait $!
`;

/** Prints a page, by name: `ask page 8080`. The wget of Debian's busybox dies of a name that DNS answers. */
const ASK = `#!/bin/sh
printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 "$1" "\${2:-80}" | sed '1,/^\\r*$/d'
`;

async function readBusybox(): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  for (const path of BUSYBOX_PATHS) {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined) return { path, bytes };
  }
  throw new SkepError(
    "failed_precondition",
    "busybox is not installed on this machine; install the package busybox-static",
  );
}

/** A root file system of busybox: its programs, a few accounts, the usual folders. */
export async function busyboxFiles(): Promise<ImageFile[]> {
  const { path, bytes } = await readBusybox();
  const { stdout } = await promisify(execFile)(path, ["--list"]);
  const applets = stdout.split("\n").filter((name) => APPLET.test(name) && name !== "busybox");
  const directory = (name: string, mode = 0o755): ImageFile => ({ kind: "directory", path: name, mode });
  const file = (name: string, content: string): ImageFile => ({ kind: "file", path: name, mode: 0o644, content });
  return [
    ...["bin", "etc", "root", "var", "home", "proc", "sys", "dev"].map((name) => directory(name)),
    directory("tmp", 0o1777),
    { kind: "file", path: "bin/busybox", mode: 0o755, content: bytes },
    ...applets.map((name): ImageFile => ({ kind: "symlink", path: `bin/${name}`, target: "busybox" })),
    file(
      "etc/passwd",
      "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n",
    ),
    file("etc/group", "root:x:0:\ndaemon:x:1:\ntty:x:5:\naudio:x:29:nobody\nnobody:x:65534:\n"),
  ];
}

/** Runs `hello`; `page` instead serves one. */
async function buildDemoImage(): Promise<BuiltImage> {
  const script = (path: string, content: string): ImageFile => ({ kind: "file", path, mode: 0o755, content });
  return buildImage({
    platform: hostPlatform(),
    layers: [await busyboxFiles(), [script("bin/hello", HELLO), script("bin/page", PAGE), script("bin/ask", ASK)]],
    cmd: ["hello"],
  });
}

/**
 * Builds the demo image and pushes it to a registry that is spoken to over plain HTTP.
 * @returns its reference: "10.213.0.1:5000/demo:latest"
 */
export async function pushDemoImage(
  registry: string,
  { env, signal }: { readonly env: Env; readonly signal: AbortSignal },
): Promise<string> {
  await pushTo(registry, "demo", "latest", await buildDemoImage(), { env, signal });
  return `${registry}/demo:latest`;
}

/** Pushes `image` as `registry/path:tag`, over plain HTTP. */
export async function pushTo(
  registry: string,
  path: string,
  tag: string,
  image: BuiltImage,
  { env, signal }: { readonly env: Env; readonly signal: AbortSignal },
): Promise<void> {
  const transport = createHttpTransport({ env });
  try {
    const insecureRegistries = [registry];
    const client = new RegistryClient({ env, transport, host: registry, path, insecureRegistries, access: "push" });
    await pushImage(client, image, tag, signal);
  } finally {
    transport.close();
  }
}
