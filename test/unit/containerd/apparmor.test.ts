import assert from "node:assert/strict";
import { test } from "node:test";
import { createAppArmor, PROFILE_NAME, profileText } from "../../../agent/runtime/containerd/apparmor.ts";
import { silentLog } from "../../../shared/log.ts";

interface Host {
  readonly enabled: string | undefined;
  loaded: string;
  /** What apparmor_parser answers; it loads the profile when that is 0. */
  code: number;
}

function appArmorOn(host: Host): { readonly profile: () => Promise<string>; readonly runs: string[] } {
  const runs: string[] = [];
  const { profile } = createAppArmor({
    log: silentLog,
    read: async (path) => {
      if (path.endsWith("/enabled") && host.enabled !== undefined) return host.enabled;
      if (path.endsWith("/profiles")) return host.loaded;
      throw new Error("ENOENT");
    },
    tools: {
      run: async ({ command, input = "" }) => {
        runs.push(`${command} ${input.length > 0 ? "with a profile" : ""}`);
        if (host.code === 0) host.loaded += `${PROFILE_NAME} (enforce)\n`;
        return { code: host.code, stdout: "", stderr: host.code === 0 ? "" : "parser says no" };
      },
    },
  });
  return { profile, runs };
}

for (const enabled of [undefined, "N\n"]) {
  test(`a host whose kernel says ${JSON.stringify(enabled)} of AppArmor has no profile`, async () => {
    const { profile, runs } = appArmorOn({ enabled, loaded: "", code: 0 });
    assert.equal(await profile(), "");
    assert.deepEqual(runs, []);
  });
}

test("the profile is loaded once, by many at a time, and again when it was unloaded", async () => {
  const host = { enabled: "Y\n", loaded: "docker-default (enforce)\nskep-default-other (enforce)\n", code: 0 };
  const { profile, runs } = appArmorOn(host);
  assert.deepEqual(await Promise.all([profile(), profile()]), [PROFILE_NAME, PROFILE_NAME]);
  assert.equal(await profile(), PROFILE_NAME);
  assert.deepEqual(runs, ["apparmor_parser with a profile"]);
  host.loaded = "";
  assert.equal(await profile(), PROFILE_NAME);
  assert.equal(runs.length, 2);
});

test("a host with AppArmor whose profile cannot be loaded starts nothing unconfined, and tries again", async () => {
  const host = { enabled: "Y\n", loaded: "", code: 1 };
  const { profile } = appArmorOn(host);
  await assert.rejects(profile(), {
    code: "failed_precondition",
    message: /skep-default cannot be loaded: parser says no/,
  });
  host.code = 0;
  assert.equal(await profile(), PROFILE_NAME);
});

for (const denied of ["mount", "@{PROC}/sysrq-trigger", "@{PROC}/kcore", "/sys/kernel/security/", "/sys/firmware/"]) {
  test(`the profile denies ${denied}`, () => assert.ok(profileText().includes(`deny ${denied}`)));
}
