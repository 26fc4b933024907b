/** Runs jobs one after another, in the order in which they were requested. */

export interface Jobs {
  /** Runs a job at once if no job is running or waiting, otherwise after all of them. */
  readonly run: <A>(job: () => A | Promise<A>) => A | Promise<A>;
  /** Runs `effect` once the jobs that are running or waiting now have ended: at once if there are none. */
  readonly after: (effect: () => void) => void;
  /** Resolves once the jobs that are running or waiting now have ended. */
  readonly drain: () => Promise<void>;
}

export const createJobs = (): Jobs => {
  let asked = 0;
  /** Jobs end in the order in which they were requested. */
  let ends = 0;
  let last: Promise<unknown> = Promise.resolve();
  /** Effects, each with the number of jobs that have to end before it, in ascending order. */
  const waiting: { readonly jobs: number; readonly effect: () => void }[] = [];
  const end = (): void => {
    ends++;
    const later = waiting.findIndex(({ jobs }) => jobs > ends);
    for (const { effect } of waiting.splice(0, later < 0 ? waiting.length : later)) effect();
  };
  /** Counts the end of a job, with any outcome. */
  const following = <A>(result: Promise<A>): Promise<A> => {
    last = result.then(end, end);
    return result;
  };
  const after: Jobs['after'] = (effect) => {
    if (asked === ends) effect();
    else waiting.push({ jobs: asked, effect });
  };
  return {
    run: <A>(job: () => A | Promise<A>) => {
      const isIdle = asked === ends;
      asked++;
      if (!isIdle) return following(last.then(job));
      let result: A | Promise<A>;
      try {
        result = job();
      } catch (thrown) {
        end();
        throw thrown;
      }
      if (result instanceof Promise) return following(result);
      end();
      return result;
    },
    after,
    drain: () => new Promise((resolve) => after(resolve)),
  };
};
