/**
 * The standard normal distribution from 23 random bits, z = √2·erfinv(u). Uses only +, −, ×, ÷, √ and bit operations, which
 * give equal bits on all engines; `Math.log` does not.
 *
 * After Giles, "Approximating the erfinv function" (2010): erfinv(u)/u is smooth in w = −ln(1 − u²), and in √w in the
 * tails. The polynomials were interpolated at Chebyshev nodes with 40 digits. Their relative error is below 4e-9, so that
 * rounding to float32 stays within one ulp.
 */

/** √2·erfinv(u)/u in w − 2.5, for w ≤ 5; constant term first. */
const CENTRE = [
  2.12331346792, 0.348802024405, -0.00590762978322, -0.00177159658299, 0.000308672086059, -7.06541111338e-6,
  -4.84547214211e-6, 6.76969477867e-7, 2.33396772317e-8, -1.53608501015e-8, 6.13857329521e-10, 1.74606968042e-10,
] as const;

/** √2·erfinv(u)/u in √w − 3, for 5 < w < 15.3. */
const TAIL = [
  4.00643420181, 1.4165826342, 0.0133585610442, -0.0108066804362, 0.00803360251553, -0.00505660608404, 0.00212664923505,
  -0.000141636507643, -0.000461050025582, 0.000205540842044,
] as const;

/** atanh(s)/s in s², for s² ≤ 1/9. */
const ATANH = [
  0.9999999999045, 0.33333339513217, 0.19999355623431, 0.14310103704219, 0.10699280253339, 0.12196954042012,
] as const;

const HALF = 2 ** 23;

// splits even and odd powers: two short chains of dependent operations are faster than a long one
const centre = (x: number): number => {
  const y = x * x;
  const even = CENTRE[0] + y * (CENTRE[2] + y * (CENTRE[4] + y * (CENTRE[6] + y * (CENTRE[8] + y * CENTRE[10]))));
  const odd = CENTRE[1] + y * (CENTRE[3] + y * (CENTRE[5] + y * (CENTRE[7] + y * (CENTRE[9] + y * CENTRE[11]))));
  return even + x * odd;
};

const tail = (x: number): number => TAIL.reduceRight((sum, coefficient) => coefficient + x * sum, 0);

const atanhRatio = (x: number): number =>
  ATANH[0] + x * (ATANH[1] + x * (ATANH[2] + x * (ATANH[3] + x * (ATANH[4] + x * ATANH[5]))));

/**
 * The normal deviate of 23 bits `k`: the quantile at the middle of the k-th of 2²³ equal intervals of probability. It
 * is finite, |z| < 5.3, and exactly the negative of that of `2²³ − 1 − k`.
 */
export const normalOfBits = (k: number): number => {
  const m = 2 * k + 1 - HALF; // u = m/2²³, exact in float32
  const below = HALF - Math.abs(m);
  const exponent = 31 - Math.clz32(below);
  // 1 − u² = p/2⁴⁶ = (p/q)·2^(exponent − 22) with p/q in [1/2, 2), all exact; ln(p/q) = 2·atanh(s)
  const p = below * (HALF + Math.abs(m));
  const q = 2 * HALF * (1 << exponent);
  const s = (p - q) / (p + q);
  const w = (22 - exponent) * Math.LN2 - 2 * s * atanhRatio(s * s);
  return m * 2 ** -23 * (w <= 5 ? centre(w - 2.5) : tail(Math.sqrt(w) - 3));
};
