#!/bin/sh
# Process 1 of a host of a dev cluster. It has its own network, mount, PID and UTS namespace; killing it is a power cut.
# Like any init it keeps the daemon running, and reaps what loses its parent (the shell does so while it waits).
set -eu
node=$1 dir=$2 root=$3 log=$4
shift 4

mount --make-rprivate /
mkdir -p "$dir/run/skep"
mount --bind "$dir/run" /run
mount -t proc proc /proc
hostname "$node"
mount --bind "$dir/hosts" /etc/hosts
mount --bind "$dir/hostname" /etc/hostname

export PATH="$root/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
export HOME=/root HOSTNAME="$node"
# What is in daemon-flags, one word per line, comes with the next start: a test changes the command line so.
while :; do
  extra=$(cat "$dir/daemon-flags" 2>/dev/null || :)
  # shellcheck disable=SC2086
  skep daemon "$@" $extra >>"$log" 2>&1 || echo "{\"msg\":\"the daemon ended with status $?; starting it again\"}" >>"$log"
  sleep 1
done
