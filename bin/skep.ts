// Both halves of the program are loaded only when asked for: the daemon has no use for the command line, nor the other way
// round.
const [command, ...rest] = process.argv.slice(2);
if (command === "daemon") {
  const { runDaemon } = await import("./daemon/main.ts");
  process.exit(await runDaemon(rest)); // whatever is still open: the daemon has let go of it
} else {
  const { runCli } = await import("../cli/main.ts");
  process.exitCode = await runCli(process.argv.slice(2));
}

export {};
