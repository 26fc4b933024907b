/** Skips of tests: each has a reason, which the end of the run prints (`skipReporter.ts`). */

declare module 'vitest' {
  interface TaskMeta {
    /** The reason why a test is skipped. */
    skipped?: string;
  }
}

/** Options of a test or a suite that is skipped for a reason. It runs if the reason is empty. */
export const skippedFor = (reason: string) => (reason === '' ? {} : { skip: true, meta: { skipped: reason } });
