import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_CAPABILITIES } from "../../../agent/runtime/containerd/spec/capabilities.ts";
import type { OciSeccomp } from "../../../agent/runtime/containerd/spec/oci.ts";
import { seccompProfile } from "../../../agent/runtime/containerd/spec/seccomp.ts";

const plain = seccompProfile("amd64", DEFAULT_CAPABILITIES);

/** Allowed whatever its arguments. */
const allows = (profile: OciSeccomp, name: string): boolean =>
  profile.syscalls.some(
    ({ names, action, args }) => action === "SCMP_ACT_ALLOW" && args === undefined && names.includes(name),
  );
const rules = (profile: OciSeccomp, name: string): OciSeccomp["syscalls"] =>
  profile.syscalls.filter(
    ({ names, args, errnoRet }) => names.includes(name) && (args !== undefined || errnoRet !== undefined),
  );

test("seccomp: what is not listed fails with EPERM", () => {
  assert.equal(plain.defaultAction, "SCMP_ACT_ERRNO");
  assert.equal(plain.defaultErrnoRet, 1);
});

const always = "read write openat execve mmap clock_gettime futex epoll_pwait2 ptrace getrandom rseq statx faccessat2";
const never =
  "mount umount2 reboot kexec_load init_module bpf perf_event_open setns unshare keyctl add_key io_uring_setup " +
  "open_by_handle_at settimeofday swapon iopl userfaultfd acct syslog vhangup mbind";
for (const name of always.split(" ")) test(`seccomp: ${name} is allowed`, () => assert.ok(allows(plain, name)));
for (const name of never.split(" ")) test(`seccomp: ${name} is refused`, () => assert.ok(!allows(plain, name)));

test("seccomp: clone may not make namespaces, and clone3 says that it does not exist", () => {
  const [clone] = rules(plain, "clone");
  assert.deepEqual(clone?.args, [{ index: 0, value: 0x7e020000, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" }]);
  const [clone3] = rules(plain, "clone3");
  assert.deepEqual([clone3?.action, clone3?.errnoRet], ["SCMP_ACT_ERRNO", 38]);
});

test("seccomp: sockets of every family but the hypervisor's", () => {
  assert.deepEqual(rules(plain, "socket")[0]?.args, [{ index: 0, value: 40, op: "SCMP_CMP_NE" }]);
});

for (const [capability, name] of [
  ["CAP_SYS_ADMIN", "mount"],
  ["CAP_SYS_ADMIN", "clone3"],
  ["CAP_SYS_BOOT", "reboot"],
  ["CAP_SYS_TIME", "clock_settime"],
  ["CAP_SYS_MODULE", "init_module"],
  ["CAP_SYS_NICE", "mbind"],
  ["CAP_SYSLOG", "syslog"],
  ["CAP_BPF", "bpf"],
  ["CAP_SYS_PTRACE", "kcmp"],
] as const) {
  test(`seccomp: ${capability} allows ${name}`, () => {
    assert.ok(!allows(seccompProfile("amd64", []), name));
    assert.ok(allows(seccompProfile("amd64", [capability]), name));
  });
}

test("seccomp: with CAP_SYS_ADMIN clone is not examined", () => {
  const admin = seccompProfile("amd64", ["CAP_SYS_ADMIN"]);
  assert.ok(allows(admin, "clone"));
  assert.deepEqual(rules(admin, "clone"), []);
});

test("seccomp: each architecture with its own calls and its 32-bit sisters", () => {
  const arm = seccompProfile("arm64", DEFAULT_CAPABILITIES);
  assert.deepEqual(arm.architectures, ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
  assert.deepEqual(plain.architectures, ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
  assert.ok(allows(plain, "arch_prctl") && !allows(arm, "arch_prctl"));
  assert.ok(allows(arm, "cacheflush") && !allows(plain, "cacheflush"));
});

test("seccomp: no call is listed twice", () => {
  const names = plain.syscalls[0]?.names ?? [];
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length > 300);
});
