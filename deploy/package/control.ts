// The texts that a Debian package carries about itself. Pure.
import { createHash } from "node:crypto";

export type DebianArch = "amd64" | "arm64";

const MAINTAINER = "skep maintainers <maintainers@skep.invalid>";

/** What skep runs with beside what is in the package. `tini` serves `--init`, WireGuard encrypted networks. */
const DEPENDS = ["containerd (>= 1.6)", "runc", "nftables", "iproute2", "netbase", "libc6 (>= 2.34)"];
const RECOMMENDS = ["tini", "wireguard-tools"];
const SUGGESTS = ["wireguard-go", "apparmor"];

export function control(facts: {
  readonly version: string;
  readonly arch: DebianArch;
  readonly installedKib: number;
}): string {
  return `Package: skep
Version: ${facts.version}
Architecture: ${facts.arch}
Maintainer: ${MAINTAINER}
Installed-Size: ${facts.installedKib}
Depends: ${DEPENDS.join(", ")}
Recommends: ${RECOMMENDS.join(", ")}
Suggests: ${SUGGESTS.join(", ")}
Section: admin
Priority: optional
Description: container orchestrator for many hosts, with the commands of Docker Swarm
 skep runs containers on many hosts: services with replicas, networks over all
 nodes, published ports on every node. Managers keep the state of the cluster
 through Raft; an agent on each node runs containers with containerd.
 .
 Commands, flags and defaults are those of Docker's swarm mode.
`;
}

/** @param packages the licences' texts. Apache's own is left out: Debian has it once for all. */
export function copyright(packages: string): string {
  const apache = /^.*TERMS AND CONDITIONS FOR USE[\s\S]*?END OF TERMS AND CONDITIONS.*$/gm;
  const indented = packages
    .replace(apache, "(The Apache License, version 2.0: /usr/share/common-licenses/Apache-2.0)\n")
    .split("\n")
    .map((line) => (line.trim() === "" ? " ." : ` ${line}`))
    .join("\n");
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: skep

Files: *
Copyright: the skep maintainers
License: Apache-2.0
 On Debian systems the text of the Apache License, version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.

Files: usr/lib/skep/lib/*
Copyright: the authors of the packages named below
License: bundled
${indented}
`;
}

/** Debian wants one of its own form; what changed is in the project's CHANGELOG.md. */
export const changelog = (version: string): string =>
  `skep (${version}) unstable; urgency=medium

  * See the project's CHANGELOG.md.

 -- ${MAINTAINER}  Thu, 01 Jan 2026 00:00:00 +0000
`;

export function md5sums(files: readonly (readonly [path: string, bytes: Uint8Array])[]): string {
  return files
    .filter(([path]) => !path.startsWith("etc/"))
    .map(([path, bytes]) => `${createHash("md5").update(bytes).digest("hex")}  ${path}\n`)
    .join("");
}
