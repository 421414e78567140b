// The images of the end-to-end tests: busybox of this machine, in the dev cluster's registry, in one with a password, and
// as an archive.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import bcrypt from "bcryptjs";
import { pushDemoImage, pushTo } from "../../deploy/demo-image.ts";
import { readCluster } from "../../deploy/dev/clusters.ts";
import { bridgeAddrOf, type DevCluster, registryOf } from "../../deploy/dev/model.ts";
import { realEnv } from "../../shared/env/real-env.ts";
import { ociArchive } from "../../shared/image/build.ts";
import { createHttpTransport } from "../../shared/image/http.ts";
import { pushImage } from "../../shared/image/push.ts";
import { RegistryClient } from "../../shared/image/registry.ts";
import { busyboxImage, busyboxIndex } from "../support/busybox-image.ts";
import { E2E_CLUSTER, eventually } from "./support.ts";

const signal = new AbortController().signal;

function testCluster(name: string): DevCluster {
  const cluster = readCluster(name);
  if (cluster === undefined) throw new Error(`no dev cluster ${name}`);
  return cluster;
}

/** The address of the test cluster's registry. */
export const devRegistry = (): string => registryOf(testCluster(E2E_CLUSTER));

/** Pushes busybox, as an index of two platforms, to a cluster's registry; resolves with its name. */
export async function busyboxTo(cluster: DevCluster): Promise<string> {
  await pushTo(registryOf(cluster), "busybox", "1", await busyboxIndex(), { env: realEnv, signal });
  return `${registryOf(cluster)}/busybox:1`;
}

export const busybox = (name = E2E_CLUSTER): Promise<string> => busyboxTo(testCluster(name));

/** The demo image: `page` serves a page on port 8080. */
export const pageImage = (): Promise<string> => pushDemoImage(devRegistry(), { env: realEnv, signal });

/** An archive file that holds busybox under `name`; its digest is in no registry. */
export async function busyboxArchiveFile(name: string, file: string): Promise<void> {
  const image = await busyboxImage([{ kind: "file", path: "etc/loaded", mode: 0o644, content: "from an archive\n" }]);
  writeFileSync(file, await ociArchive(name, image));
}

export interface PasswordRegistry {
  readonly host: string;
  readonly image: string;
  readonly stop: () => Promise<void>;
}

const PASSWORD_PORT = 5001;
const BCRYPT_ROUNDS = 4;

/** A registry on the test cluster's bridge that knows user "user" with password "secret". */
export async function startPasswordRegistry(): Promise<PasswordRegistry> {
  const host = `${bridgeAddrOf(testCluster(E2E_CLUSTER).number)}:${PASSWORD_PORT}`;
  const dir = mkdtempSync(join(tmpdir(), "skep-registry-"));
  mkdirSync(join(dir, "data"));
  writeFileSync(join(dir, "htpasswd"), `user:${await bcrypt.hash("secret", BCRYPT_ROUNDS)}\n`);
  writeFileSync(
    join(dir, "config.yml"),
    `version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: ${dir}/data } }
http: { addr: "${host}" }
auth: { htpasswd: { realm: test, path: ${dir}/htpasswd } }
`,
  );
  const child: ChildProcess = spawn("docker-registry", ["serve", join(dir, "config.yml")], { stdio: "ignore" });
  const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
    rmSync(dir, { recursive: true, force: true });
  };
  const transport = createHttpTransport({ env: realEnv });
  try {
    const credentials = { username: "user", password: "secret", identityToken: "" };
    const client = new RegistryClient({
      ...{ env: realEnv, transport, host, path: "private/busybox", credentials },
      ...{ insecureRegistries: [host], access: "push" as const },
    });
    // Another digest than that of the open registry: a node that has the image already would ask no registry.
    const image = await busyboxImage([{ kind: "file", path: "etc/private", mode: 0o644, content: "private\n" }]);
    await eventually("the registry with a password takes the image", async () => {
      await pushImage(client, image, "1", signal);
    });
  } catch (error) {
    await stop();
    throw error;
  } finally {
    transport.close();
  }
  return { host, image: `${host}/private/busybox:1`, stop };
}
