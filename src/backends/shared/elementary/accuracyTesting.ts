/** Test helper: operands that cover the range of a dtype, and errors in units in the last place. */

/** A generator of numbers in [0, 1), with the same sequence in every run. */
const generator = (): (() => number) => {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

const float32Of = (bits: readonly number[]): Float32Array => new Float32Array(Int32Array.from(bits).buffer);

/**
 * Every 4099th finite float32, infinities, some NaNs, and numbers near multiples of π/2. Their count is a multiple of
 * four.
 */
export const sweep = ((): Float32Array => {
  const bits = [0x7f800001, 0x7fc00001, 0x7fffffff, 0xffc00003, 0x7f800000, 0xff800000];
  for (let i = 0; i < 0x7f800000; i += 4099) bits.push(i, i - 2 ** 31);
  for (let n = 1; n < 100_000; n += n < 5300 ? 1 : 97) {
    const near = new Int32Array(Float32Array.of((n * Math.PI) / 2).buffer)[0]!;
    bits.push(near - 1, near, near + 1);
  }
  while (bits.length % 4 !== 0) bits.push(0);
  return float32Of(bits);
})();

const STRANGE = [
  NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 2.5, 1e30, -1e30, 1e-30, 16777217, 16777216,
  -16777215, 8388609, 1.0000001, 0.99999994, 1e10, 33, 3.4028234663852886e38, 1.1754943508222875e-38, 127, -127, -149.5,
]; // oxfmt-ignore

/** Pairs of float32: all pairs of special numbers, powers of all magnitudes, and quotients of all magnitudes. */
export const pairs = ((): readonly [Float32Array, Float32Array] => {
  const next = generator();
  const all = STRANGE.flatMap((a) => STRANGE.map((b): readonly [number, number] => [a, b]));
  const powerOf = (a: number): readonly [number, number] => [a, (260 * (next() - 0.5)) / Math.log2(Math.fround(a))];
  const wild = (): number => (next() - 0.5) * 10 ** (60 * next() - 30);
  for (let i = 0; i < 20_000; i++)
    all.push(
      powerOf(Math.exp(150 * (next() - 0.5))),
      powerOf(2 ** (next() - 0.5)),
      powerOf(Math.SQRT2 * (1 + 1e-3 * (next() - 0.5))),
      [1 + 0.01 * (next() - 0.5), 20_000 * (next() - 0.5)],
      [20 * (next() - 0.5), Math.floor(20 * next()) - 10],
      [wild(), wild()],
    );
  while (all.length % 4 !== 0) all.push([0, 0]);
  return [Float32Array.from(all, ([a]) => a), Float32Array.from(all, ([, b]) => b)];
})();

const INTEGERS = [0, 1, -1, 2, -2, 3, 7, -7, 10, 31, 32, 33, 2147483647, -2147483648, 65537, 46341];

/** Pairs of int32. */
export const integerPairs = ((): readonly [Int32Array, Int32Array] => {
  const next = generator();
  const word = (): number => (next() * 2 ** 32) >> (31 * next());
  const all = INTEGERS.flatMap((a) => INTEGERS.map((b): readonly [number, number] => [a, b]));
  for (let i = 0; i < 10_000; i++) all.push([word(), word()]);
  return [Int32Array.from(all, ([a]) => a), Int32Array.from(all, ([, b]) => b)];
})();

/** The distance between neighbouring float32 of the magnitude of x. */
const ulp = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23);

/**
 * The error of y in units in the last place. It is infinite if y or the exact number is NaN or infinite and the other
 * differs. With `mayVanish`, numbers below 2^−125 count as equal to 0.
 */
export const errorOf = (y: number, exact: number, mayVanish: boolean): number => {
  const rounded = Math.fround(exact);
  if (Object.is(y + 0, rounded + 0)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(y)) return Infinity;
  return mayVanish && Math.abs(exact) < 2 ** -125 && Math.abs(y) < 2 ** -125 ? 0 : Math.abs(y - exact) / ulp(exact);
};

/** Finds the largest error among the results from index `from` on, and its index. */
export const worstOf = (
  ys: ArrayLike<number>,
  errorAt: (y: number, i: number) => number,
  from = 0,
): readonly [error: number, at: number] => {
  let [worst, at] = [0, NaN];
  for (let i = from; i < ys.length; i++) {
    const error = errorAt(ys[i]!, i);
    if (!(error <= worst)) [worst, at] = [error, i];
  }
  return [worst, at];
};
