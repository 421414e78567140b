// An image made of this machine's busybox-static, for tests with real containers. Two layers, the upper one with account
// files of its own over those of the lower one.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { buildImage, type ImageFile, ociArchive } from "../../shared/image/build.ts";
import { hostPlatform } from "../../shared/image/platform.ts";

const BUSYBOX = "/bin/busybox";

/** Nothing listens on that port: whoever asks the registry is refused at once. */
export const TEST_IMAGE = "127.0.0.1:9/skep-test/busybox:1";

export async function busyboxArchive(): Promise<Uint8Array> {
  const applets = execFileSync(BUSYBOX, ["--list"], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const folder = (path: string, mode = 0o755): ImageFile => ({ kind: "directory", path, mode });
  const file = (path: string, content: string | Uint8Array, mode = 0o644): ImageFile => {
    return { kind: "file", path, mode, content };
  };
  const lower: ImageFile[] = [
    ...["bin", "etc", "root", "home", "proc", "sys", "dev"].map((path) => folder(path)),
    folder("tmp", 0o1777),
    file("bin/busybox", readFileSync(BUSYBOX), 0o755),
    ...applets.map((name): ImageFile => ({ kind: "symlink", path: `bin/${name}`, target: "busybox" })),
    file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    file("etc/group", "root:x:0:\n"),
  ];
  const upper: ImageFile[] = [
    file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/home/app:/bin/sh\n"),
    file("etc/group", "root:x:0:\napp:x:1001:\nextra:x:2000:app\ngames:x:60:\n"),
  ];
  const image = await buildImage({ platform: hostPlatform(), layers: [lower, upper], cmd: ["sh"] });
  return await ociArchive(TEST_IMAGE, image);
}
