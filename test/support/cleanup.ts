// What a test opened is closed by a hook: also when the test fails. Something that stays open keeps the file's process alive, and
// with it the whole run.
import { after, afterEach, type TestContext } from "node:test";

export type Close = () => unknown;

/** Once for a file. What is handed over is closed after the test, the last first, all of it even if one of them fails. */
export function closeAfterEach(): (close: Close) => void {
  const open: Close[] = [];
  const closeAll = async (): Promise<void> => {
    const closes = open.splice(0).reverse();
    const results = await Promise.allSettled(closes.map(async (close) => await close()));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  };
  // Node calls this after a test's subtests, too: those use what their parent opened.
  afterEach(async (context) => {
    if (isOutermost(context)) await closeAll();
  });
  after(closeAll);
  return (close) => void open.push(close);
}

const isOutermost = (context: unknown): boolean => {
  const { fullName, name } = context as TestContext;
  return fullName === name;
};
