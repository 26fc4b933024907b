/** Runs jobs one after another, in the order in which they were asked for. */

export interface Jobs {
  /** True while a job is running or waiting. */
  readonly isBusy: () => boolean;
  /** Runs a job at once if there is no other, otherwise after the others. A job must not throw. */
  readonly run: <A>(job: () => A | Promise<A>) => A | Promise<A>;
}

/** Makes a queue of jobs. `onIdle` is called when the last one has ended. */
export const createJobs = (onIdle: () => void): Jobs => {
  let pending = 0;
  let last: Promise<unknown> = Promise.resolve();
  const ended = (): void => {
    pending--;
    if (pending === 0) onIdle();
  };
  return {
    isBusy: () => pending > 0,
    run: <A>(job: () => A | Promise<A>) => {
      if (pending === 0) {
        pending++;
        const result = job();
        if (!(result instanceof Promise)) {
          ended();
          return result;
        }
        last = result.then(ended);
        return result;
      }
      pending++;
      const result = last.then(job);
      last = result.then(ended);
      return result;
    },
  };
};
