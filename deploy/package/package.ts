// npm run package: skep as a Debian package and as a tarball, in dist/. Both hold what `npm run build` makes (the program and
// its own Node), the service unit, completion for bash, zsh and fish, and the manual pages.
//
//   dist/skep_VERSION_ARCH.deb             installed with apt; brings containerd, runc and nftables
//   dist/skep-VERSION-linux-ARCH.tar.gz    unpacked anywhere; bin/skep is the program
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { VERSION } from "../../shared/version.ts";
import { ROOT } from "../bundle/bundle.ts";
import { changelog, control, copyright, type DebianArch, md5sums } from "./control.ts";

const out = process.argv[2] ?? join(ROOT, "dist");
const arch: DebianArch = process.arch === "arm64" ? "arm64" : "amd64";
const work = mkdtempSync(join(tmpdir(), "skep-package-"));
try {
  main();
} finally {
  rmSync(work, { recursive: true, force: true });
}

function main(): void {
  const program = join(work, "program");
  execFileSync(process.execPath, [join(ROOT, "deploy/build.ts"), program], { stdio: "ignore" });
  for (const [path, text] of references(join(program, "bin/skep"))) write(join(program, "share", path), text);
  mkdirSync(out, { recursive: true });
  const tarball = join(out, `skep-${VERSION}-linux-${process.arch}.tar.gz`);
  const name = `skep-${VERSION}`;
  execFileSync("tar", [
    ...["-C", work, "--owner=0", "--group=0", "--numeric-owner", "--sort=name"],
    ...["--transform", `s,^program,${name},`, "-czf", tarball, "program"],
  ]);
  const deb = join(out, `skep_${VERSION}_${arch}.deb`);
  const tree = debianTree(program);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "-z3", "--build", tree, deb], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  for (const file of [deb, tarball]) console.log(`${file}: ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
}

/** Texts that the program tells of itself, by their place below share/. */
function references(skep: string): readonly (readonly [path: string, text: string])[] {
  const told = (...args: readonly string[]): string => execFileSync(skep, args, { encoding: "utf8" });
  return [
    ["bash-completion/completions/skep", told("completion", "bash")],
    ["zsh/vendor-completions/_skep", told("completion", "zsh")],
    ["fish/vendor_completions.d/skep.fish", told("completion", "fish")],
    ["man/man1/skep.1", told("man")],
    ["man/man8/skep-daemon.8", daemonPage(told("daemon", "--help"))],
  ];
}

function daemonPage(help: string): string {
  const text = help
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^([.'])/gm, "\\&$1");
  return `.TH SKEP-DAEMON 8 "" "skep ${VERSION}" "System Administration"
.SH NAME
skep\\-daemon \\- this host's part of a skep cluster
.SH DESCRIPTION
The service skep.service runs it. /etc/default/skep holds its options, as SKEP_DAEMON_OPTIONS.
.PP
.nf
${text.trimEnd()}
.fi
.SH SEE ALSO
\\fBskep\\fR(1)
`;
}

function debianTree(program: string): string {
  const tree = join(work, "debian");
  const lib = join(tree, "usr/lib/skep");
  for (const part of ["bin", "lib", "deploy"]) cpSync(join(program, part), join(lib, part), { recursive: true });
  cpSync(join(ROOT, "deploy/package/debian/stop-everything"), join(lib, "deploy/stop-everything"));
  chmodSync(join(lib, "deploy/stop-everything"), 0o755);
  mkdirSync(join(tree, "usr/bin"), { recursive: true });
  symlinkSync("../lib/skep/bin/skep", join(tree, "usr/bin/skep"));
  cpSync(join(program, "share"), join(tree, "usr/share"), { recursive: true });
  for (const page of ["man1/skep.1", "man8/skep-daemon.8"]) compress(join(tree, "usr/share/man", page));

  const unit = readFileSync(join(ROOT, "deploy/skep.service"), "utf8");
  write(join(tree, "lib/systemd/system/skep.service"), packagedUnit(unit));
  write(join(tree, "etc/default/skep"), readFileSync(join(ROOT, "deploy/package/debian/default"), "utf8"));
  const doc = join(tree, "usr/share/doc/skep");
  write(join(doc, "copyright"), copyright(readFileSync(join(program, "LICENSES-OF-PACKAGES"), "utf8")));
  write(join(doc, "changelog"), changelog(VERSION));
  compress(join(doc, "changelog"));
  cpSync(join(ROOT, "README.md"), join(doc, "README.md"));

  // Node comes as its makers built it: with its symbols and its own zlib.
  const overrides = ["embedded-library", "unstripped-binary-or-object", "hardening-no-pie"];
  const lintian = overrides.map((tag) => `skep: ${tag} *[usr/lib/skep/lib/node]*\n`).join("");
  write(join(tree, "usr/share/lintian/overrides/skep"), lintian);

  for (const path of filesBelow(tree)) chmodSync(path, isProgram(path) ? 0o755 : 0o644);
  const meta = join(tree, "DEBIAN");
  const installedKib = Math.ceil(filesBelow(tree).reduce((sum, path) => sum + statSync(path).size, 0) / 1024);
  const sums = md5sums(filesBelow(tree).map((path) => [relative(tree, path), readFileSync(path)]));
  write(join(meta, "control"), control({ version: VERSION, arch, installedKib }));
  write(join(meta, "md5sums"), sums);
  write(join(meta, "conffiles"), "/etc/default/skep\n");
  for (const script of ["postinst", "prerm", "postrm"]) {
    write(join(meta, script), readFileSync(join(ROOT, "deploy/package/debian", script), "utf8"));
    chmodSync(join(meta, script), 0o755);
  }
  return tree;
}

/** The unit as the package installs it: its own place of the program, and options from /etc/default. */
function packagedUnit(unit: string): string {
  return unit
    .replace("/usr/local/bin/skep daemon", "/usr/bin/skep daemon $SKEP_DAEMON_OPTIONS")
    .replace("file:///opt/skep/README.md", "man:skep-daemon(8) file:///usr/share/doc/skep/README.md")
    .replace("[Service]\n", "[Service]\nEnvironmentFile=-/etc/default/skep\n");
}

function isProgram(path: string): boolean {
  return /\/(bin\/skep|lib\/node|deploy\/stop-everything)$/.test(path);
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function compress(path: string): void {
  writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
  rmSync(path);
}
