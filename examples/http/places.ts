/** Places for requests: some run at a time, some others wait in line, and the rest is sent away. */
export interface Places {
  /** Waits for a place to run: true once there is one; false if the line is full or closed, or if `signal` ends the wait. */
  readonly enter: (signal: AbortSignal) => Promise<boolean>;
  /** Gives a place back: the first in line takes it. */
  readonly leave: () => void;
  /** Sends away all that wait, and all that come. */
  readonly close: () => void;
  readonly counts: () => { readonly running: number; readonly waiting: number };
}

/** Makes the places: at most so many `running`, and so many `waiting`. */
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
          answer(false); // no change if it has its place already
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
