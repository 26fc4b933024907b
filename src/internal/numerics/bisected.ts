/**
 * Finds the place in [0, 1] where a rising function has a value, to the last bit.
 * @example bisected((x) => x * x)(0.25) // → 0.5
 */
export const bisected =
  (f: (x: number) => number) =>
  (value: number): number => {
    let [low, high] = [0, 1];
    for (;;) {
      const middle = (low + high) / 2;
      if (middle === low || middle === high) return high;
      if (f(middle) < value) low = middle;
      else high = middle;
    }
  };
