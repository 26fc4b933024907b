/**
 * `count` numbers from `first` to `last` in equal steps, both included; one number is `first`. Rounds like NumPy's
 * `linspace`, which the published tables are made with.
 */
export const ramp = (first: number, last: number, count: number): Float64Array => {
  const step = (last - first) / (count - 1);
  return Float64Array.from({ length: count }, (_, i) => (i === 0 ? first : i === count - 1 ? last : i * step + first));
};
