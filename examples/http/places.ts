/** Limits concurrent requests: some run, some others wait in line, and the rest is rejected. */
export interface Places {
  /** Waits for a place to run: true once there is one; false if the line is full or closed, or if `signal` ends the wait. */
  readonly enter: (signal: AbortSignal) => Promise<boolean>;
  /** Releases a place, which the first request in line takes. */
  readonly leave: () => void;
  /** Rejects all waiting and all later requests. */
  readonly close: () => void;
  readonly counts: () => { readonly running: number; readonly waiting: number };
}

/** Makes places for at most `running` running and `waiting` waiting requests. */
export const placesFor = (most: { readonly running: number; readonly waiting: number }): Places => {
  let running = 0;
  let isClosed = false;
  const line = new Set<(hasPlace: boolean) => void>(); // in the order of arrival

  return {
    enter: (signal) =>
      new Promise((answer) => {
        if (isClosed || signal.aborted) return answer(false);
        if (running < most.running) {
          running++;
          return answer(true);
        }
        if (line.size >= most.waiting) return answer(false);
        line.add(answer);
        signal.addEventListener('abort', () => {
          line.delete(answer);
          answer(false); // no effect if it already has its place
        });
      }),
    leave: () => {
      const [first] = line;
      if (first === undefined) return void running--;
      line.delete(first);
      first(true);
    },
    close: () => {
      isClosed = true;
      for (const answer of line) answer(false);
      line.clear();
    },
    counts: () => ({ running, waiting: line.size }),
  };
};
