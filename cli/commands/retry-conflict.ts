import { isCode } from "../../shared/errors.ts";

const ATTEMPTS = 5;

/**
 * Read, change, write: somebody else may write between. Docker's CLI then fails; we read again, as the user named what he
 * wants, not what he saw. `work` must do its own reading.
 */
export async function retryConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isCode(error, "conflict") || attempt === ATTEMPTS) throw error;
    }
  }
}
