/** The error function in float64, within a few ulp: a series near zero, a continued fraction further out. */
const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI);

/** Below this |x| the series converges faster, above it the continued fraction. */
const CROSSOVER = 2.5;
const FRACTION_TERMS = 40;

/** erf x = 2/√π · e^(-x²) · Σ 2ⁿ x²ⁿ⁺¹ / (2n+1)!!, all terms of one sign (Abramowitz & Stegun 7.1.6). */
const series = (x: number): number => {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return TWO_OVER_SQRT_PI * Math.exp(-x * x) * sum;
};

/** erfc x = e^(-x²)/√π · 1/(x + ½/(x + 1/(x + ³⁄₂/(x + …)))) for x > 0 (Abramowitz & Stegun 7.1.14). */
const complement = (x: number): number => {
  let tail = x;
  for (let n = FRACTION_TERMS; n >= 1; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
};

export const erf = (x: number): number => {
  if (Number.isNaN(x)) return NaN;
  if (Math.abs(x) < CROSSOVER) return series(x);
  return Math.sign(x) * (1 - complement(Math.abs(x)));
};
