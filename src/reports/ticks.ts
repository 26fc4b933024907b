/** Ticks of the axes of charts. */

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/** `3·10⁻²` as the float64 nearest to 0.03; a product would be off by a rounding error. */
const decimal = (digits: number, exponent: number): number => Number(`${digits}e${exponent}`);

/**
 * Multiples of 1, 2 or 5 times a power of ten from `low` to `high`: the finest step that gives at most `most` ticks.
 */
export const linearTicks = (low: number, high: number, most: number): readonly number[] => {
  const exponent = Math.floor(Math.log10((high - low) / most));
  const multiples = (factor: number): readonly number[] => {
    const step = factor * 10 ** exponent;
    // includes a tick that is outside only by a rounding error
    return range(Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)).map((i) =>
      decimal(i * factor, exponent),
    );
  };
  return [1, 2, 5, 10, 20].map(multiples).find((ticks) => ticks.length <= most) ?? [];
};

/**
 * Numbers of one digit from `low` to `high`, both positive: the finest choice of digits that gives at most `most` ticks. Returns
 * the ticks of a linear axis if there would be fewer than three.
 */
export const logTicks = (low: number, high: number, most: number): readonly number[] => {
  const decades = range(Math.floor(Math.log10(low)), Math.ceil(Math.log10(high)));
  const every = Math.ceil(decades.length / most);
  const choices = [
    ...[range(1, 9), [1, 2, 5], [1]].map((digits) => ({ digits, every: 1 })),
    { digits: [1], every },
  ].map(({ digits, every }) =>
    decades
      .filter((_, i) => i % every === 0)
      .flatMap((exponent) => digits.map((digit) => decimal(digit, exponent)))
      .filter((tick) => tick >= low && tick <= high),
  );
  const finest = choices.find((ticks) => ticks.length <= most) ?? [];
  return finest.length < 3 ? linearTicks(low, high, most) : finest;
};

/** Writes a tick in few characters: `0.05`, `2k`, `1.5M`, `1e-7`. */
export const tickLabel = (tick: number): string => {
  const size = Math.abs(tick);
  if (size >= 1e9 || (size < 1e-4 && size > 0)) return tick.toExponential().replace('e+', 'e');
  if (size >= 1e6) return `${tick / 1e6}M`;
  return size >= 1e3 ? `${tick / 1e3}k` : `${tick}`;
};
