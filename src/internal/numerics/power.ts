/**
 * xʸ in float64 as e^(y·ln x), within an ulp and with the same bits in every JavaScript engine. `Math.pow` has other bits in
 * Node 20 than in Node 24.
 *
 * y·ln x needs more digits than a float64 has, because e^z loses as many digits as z has before its point. So y·ln x is
 * a sum of two parts, high + low: Dekker 1971, "A floating-point technique for extending the available precision".
 */

type Parts = readonly [high: number, low: number];

/** a + b. */
const sumOf = (a: number, b: number): Parts => {
  const high = a + b;
  const ofB = high - a;
  return [high, a - (high - ofB) + (b - ofB)];
};

/** Divides a number into halves of 26 digits, whose products are exact. */
const halvesOf = (a: number): Parts => {
  const high = (2 ** 27 + 1) * a - ((2 ** 27 + 1) * a - a);
  return [high, a - high];
};

/** a·b. */
const productOf = (a: number, b: number): Parts => {
  const high = a * b;
  const [a1, a2] = halvesOf(a);
  const [b1, b2] = halvesOf(b);
  return [high, a1 * b1 - high + a1 * b2 + a2 * b1 + a2 * b2];
};

/** ln 2; the high part has so few digits that its product with an exponent is exact. */
const LN2: Parts = [0.6931471803691238, 1.9082149292705877e-10];
const TWO_THIRDS: Parts = [0.6666666666666666, 3.700743415417188e-17];

/** 2/5 + 2/7·z + 2/9·z² + …, for z up to ((√2 − 1)/(√2 + 1))². */
const LOG_TAIL = Array.from({ length: 11 }, (_, k) => 2 / (2 * k + 5));

/** 1/2! + r/3! + r²/4! + …, for |r| up to ln 2 / 2. */
const EXP_TAIL = Array.from({ length: 13 }, (_, k) => 1 / Array.from({ length: k + 2 }, (_, i) => i + 1).reduce((a, b) => a * b)); // oxfmt-ignore

/** `c₀ + c₁x + c₂x² + …` by Horner's rule. */
const polynomial = (x: number, coefficients: readonly number[]): number =>
  coefficients.reduceRight((sum, c) => sum * x + c, 0);

/** Splits x = m·2ⁿ with m in [√½, √2). */
const mantissaAndExponent = (x: number): readonly [m: number, n: number] => {
  if (x < 2 ** -1022) {
    const [m, n] = mantissaAndExponent(x * 2 ** 54);
    return [m, n - 54];
  }
  const n = Math.round(Math.log2(x));
  const m = x * 2 ** -Math.min(n, 1023) * (n > 1023 ? 0.5 : 1);
  return m < Math.SQRT1_2 ? [2 * m, n - 1] : m >= Math.SQRT2 ? [m / 2, n + 1] : [m, n];
};

/** ln x = n·ln 2 + ln m with ln m = 2·(s + s³/3 + s⁵/5 + …), s = (m − 1)/(m + 1). */
const logarithmOf = (x: number): Parts => {
  const [m, n] = mantissaAndExponent(x);
  const [d1, d2] = sumOf(m, 1);
  const s1 = (m - 1) / d1;
  const [p1, p2] = productOf(s1, d1);
  const s2 = (m - 1 - p1 - p2 - s1 * d2) / d1;
  const [z1, z2] = productOf(s1, s1);
  const [c1, c2] = productOf(z1, s1);
  const cube = c2 + z2 * s1 + 3 * z1 * s2;
  const [t1, t2] = productOf(c1, TWO_THIRDS[0]);
  const third = t2 + cube * TWO_THIRDS[0] + c1 * TWO_THIRDS[1];
  const [a1, a2] = sumOf(n * LN2[0], 2 * s1);
  const [b1, b2] = sumOf(a1, t1);
  return sumOf(b1, a2 + b2 + (c1 * z1 * polynomial(z1, LOG_TAIL) + 2 * s2 + third + n * LN2[1]));
};

/** e^(high + low) = 2ⁿ·eʳ. */
const exponentialOf = ([high, low]: Parts): number => {
  const n = Math.round(high / Math.LN2);
  const [r, rest] = sumOf(high - n * LN2[0], low - n * LN2[1]);
  const [sum, lost] = sumOf(1, r);
  const e = sum + (lost + rest * sum + r * r * polynomial(r, EXP_TAIL));
  const half = Math.floor(n / 2);
  return e * 2 ** half * 2 ** (n - half); // multiplies in two steps, because 2ⁿ may overflow where the product does not
};

/** Computes xʸ for x > 0, both finite. */
const ofPositive = (x: number, y: number): number => {
  const [l1, l2] = logarithmOf(x);
  if (Math.abs(y * l1) > 750) return y * l1 > 0 ? Infinity : 0;
  const [p1, p2] = productOf(y, l1);
  return exponentialOf([p1, p2 + y * l2]);
};

/**
 * Computes xʸ, with the special cases of `Math.pow`: x⁰ is 1, and a negative number has powers with whole exponents only.
 * @example power(2, 0.5) // → 1.414
 */
export const power = (x: number, y: number): number => {
  const isSpecial = x === 0 || y === 0 || Math.abs(x) === 1 || !Number.isFinite(x) || !Number.isFinite(y);
  if (isSpecial || (x < 0 && !Number.isInteger(y))) return Math.pow(x, y); // exact in every engine
  const size = ofPositive(Math.abs(x), y);
  return x < 0 && y % 2 !== 0 ? -size : size;
};
