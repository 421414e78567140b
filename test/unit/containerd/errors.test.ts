import assert from "node:assert/strict";
import { test } from "node:test";
import { startError } from "../../../agent/runtime/containerd/errors.ts";
import { type Code, SkepError } from "../../../shared/errors.ts";

const RUNC =
  "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ";

const cases: readonly (readonly [from: Code, message: string, code: Code, plain: string])[] = [
  [
    "internal",
    `${RUNC}exec: "foo": executable file not found in $PATH: unknown`,
    "invalid_argument",
    'exec: "foo": executable file not found in $PATH',
  ],
  [
    "internal",
    `${RUNC}exec: "/x": stat /x: no such file or directory: unknown`,
    "invalid_argument",
    'exec: "/x": stat /x: no such file or directory',
  ],
  [
    "internal",
    `${RUNC}error during container init: error mounting "/a" to rootfs at "/etc/passwd": not a directory: unknown`,
    "invalid_argument",
    'error mounting "/a" to rootfs at "/etc/passwd": not a directory',
  ],
  [
    "internal",
    `${RUNC}unable to apply cgroup configuration: mkdir /sys/fs/cgroup/x: no space left on device: unknown`,
    "resource_exhausted",
    "unable to apply cgroup configuration: mkdir /sys/fs/cgroup/x: no space left on device",
  ],
  [
    "internal",
    `${RUNC}container init was OOM-killed (memory limit too low?): unknown`,
    "invalid_argument",
    "container init was OOM-killed (memory limit too low?)",
  ],
  [
    "internal",
    'failed to create shim task: OCI runtime create failed: unable to retrieve OCI runtime error: exec: "runc": executable file not found in $PATH: unknown',
    "failed_precondition",
    "runc is not installed on this node",
  ],
  [
    "not_found",
    `${RUNC}exec: "foo": executable file not found in $PATH: unknown`,
    "invalid_argument",
    'exec: "foo": executable file not found in $PATH',
  ],
  ["unavailable", "containerd at /x does not answer", "unavailable", "containerd at /x does not answer"],
  ["internal", "something else entirely", "internal", "something else entirely"],
];

for (const [from, message, code, plain] of cases) {
  test(`start error: ${from} ${plain}`, () => {
    const error = startError(new SkepError(from, message));
    assert.deepEqual([error.code, error.message], [code, plain]);
  });
}
