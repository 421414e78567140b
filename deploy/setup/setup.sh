#!/bin/sh
# Sets up what skep needs on this machine, and says what it does: packages of npm (with a Node 24 of their own) in
# node_modules, and from Debian containerd, runc and the tools for networks, the dev cluster and its registry.
# Quick when there is nothing to do. Run by npm run demo, test, check and build; npm run setup runs it alone.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# --- npm packages: when package.json is not the one they were installed for
stamp=node_modules/.skep-setup
want=$(cksum <package.json)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ]; then
  say "installing npm packages into node_modules (Node 24, grpc-js, protobufjs, commander, pino …)"
  log=$(mktemp)
  if ! npm install --no-audit --no-fund --loglevel=error >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    fail "npm install failed: see above"
  fi
  rm -f "$log"
  printf '%s\n' "$want" >"$stamp"
fi
[ -x node_modules/.bin/node ] || fail "no Node 24 for this machine ($(uname -sm)): linux on x64 or arm64 is needed"

# --- the bundle that bin/skep runs from, unless it is of these sources already
node_modules/.bin/node deploy/bundle/checkout.ts || say "cannot bundle the sources: bin/skep runs them as they are, only slower"

# --- Debian packages: those whose command is missing
missing=
need() { # command, package
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need containerd containerd
need runc runc
need ip iproute2
need nft nftables
need docker-registry docker-registry
need nsenter util-linux
need perl perl-base # tests speak SCTP with it
need wg wireguard-tools
need wireguard-go wireguard-go # where the kernel has no WireGuard
need tcpdump tcpdump # tests look at what is on the wire
need openssl openssl # tests read certificates with it
need mkfs.ext4 e2fsprogs # tests freeze a disk
need curl curl # tests and the first five minutes ask for pages
[ -f /etc/protocols ] || missing="$missing netbase" # nft knows protocols by the names that are in it
[ -x /usr/bin/tini-static ] || missing="$missing tini"
[ -x /bin/busybox ] || [ -x /usr/bin/busybox ] || missing="$missing busybox-static"
[ -z "$missing" ] && exit 0

command -v apt-get >/dev/null 2>&1 || fail "please install:$missing (this machine has no apt-get)"
[ "$(id -u)" = 0 ] || fail "please install as root: apt-get install$missing"
say "installing Debian packages:$missing"
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
install_packages() { apt-get install -y --no-install-recommends $missing >"$log" 2>&1; }
if ! install_packages; then
  apt-get update >"$log" 2>&1 || { cat "$log" >&2; fail "apt-get update failed: see above"; }
  install_packages || { cat "$log" >&2; fail "apt-get install$missing failed: see above"; }
fi
rm -f "$log"
# The dev cluster starts a registry of its own on its own bridge: Debian's service is not wanted.
case "$missing" in
*docker-registry*)
  if command -v systemctl >/dev/null 2>&1; then systemctl disable --now docker-registry >/dev/null 2>&1 || true; fi
  ;;
esac
say "done"
