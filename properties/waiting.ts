/** A time limit for tests that wait, so that one that hangs says for what. */

/** The seconds for which a test waits for something that takes milliseconds. `NOISEFOLD_PATIENCE` sets them. */
const PATIENCE = Number(process.env['NOISEFOLD_PATIENCE'] ?? 120);

/**
 * Waits for a promise, and fails with a message that names `what` it waits for. Counts turns of the event loop one second
 * apart: the time in which a slow machine does not run this process does not count.
 */
export const waitFor = async <A>(what: string, promise: Promise<A>): Promise<A> => {
  let seconds = 0;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (++seconds >= PATIENCE) reject(new Error(`it still waits for ${what}, after ${PATIENCE} s`));
    }, 1000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearInterval(timer);
  }
};
