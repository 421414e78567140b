// What a hollow container does is said by its image's name; everything else about a task is as in a real cluster.
//
//   hollow/exit:N       runs for `runMs`, then exits with code N
//   hollow/print:N      prints "line 1" to "line N" on stdout, then exits with 0
//   hollow/crash:MS     exits with 1 after a random time of MS milliseconds on average
//   hollow/oom          runs for `runMs`, then is killed for want of memory (137)
//   hollow/stubborn     runs for ever and ignores every signal but SIGKILL
//   hollow/missing      cannot be pulled: not_found
//   hollow/denied       cannot be pulled: permission_denied
//   hollow/unreachable  cannot be pulled: unavailable
//   hollow/flaky:N      the first N pulls fail with unavailable, then as hollow/sleep
//   hollow/nouser       cannot be created: invalid_argument
//   hollow/nobinary     cannot be started: invalid_argument
//   anything else       runs until a signal ends it (hollow/sleep, nginx:latest …)
//
// `docker.io/` in front and `@sha256:…` behind are as if they were not there.

export type Behaviour =
  | { readonly kind: "sleep"; readonly stubborn: boolean }
  | { readonly kind: "exit"; readonly exitCode: number; readonly oomKilled: boolean }
  | { readonly kind: "print"; readonly lines: number }
  | { readonly kind: "crash"; readonly meanMs: number }
  | {
      readonly kind: "no-pull";
      readonly code: "not_found" | "permission_denied" | "unavailable";
      readonly words: string;
    }
  | { readonly kind: "flaky-pull"; readonly times: number }
  | { readonly kind: "no-create"; readonly words: string }
  | { readonly kind: "no-start"; readonly words: string };

export function behaviourOf(image: string): Behaviour {
  const match = /^(?:docker\.io\/)?hollow\/([a-z]+)(?::(\d+))?(?:@.*)?$/.exec(image);
  const count = Number(match?.[2] ?? 0);
  switch (match?.[1]) {
    case "exit":
      return { kind: "exit", exitCode: count, oomKilled: false };
    case "oom":
      return { kind: "exit", exitCode: 137, oomKilled: true };
    case "print":
      return { kind: "print", lines: count };
    case "crash":
      return { kind: "crash", meanMs: Math.max(1, count) };
    case "stubborn":
      return { kind: "sleep", stubborn: true };
    case "missing":
      return { kind: "no-pull", code: "not_found", words: `manifest unknown: ${image} is not in the registry` };
    case "denied":
      return { kind: "no-pull", code: "permission_denied", words: `denied: requested access to ${image} is denied` };
    case "unreachable":
      return { kind: "no-pull", code: "unavailable", words: `cannot reach the registry of ${image}` };
    case "flaky":
      return { kind: "flaky-pull", times: count };
    case "nouser":
      return { kind: "no-create", words: 'unable to find user "nobody-here": no matching entries in the passwd file' };
    case "nobinary":
      return { kind: "no-start", words: 'exec: "no-such-binary": executable file not found in $PATH' };
    default:
      return { kind: "sleep", stubborn: false };
  }
}
