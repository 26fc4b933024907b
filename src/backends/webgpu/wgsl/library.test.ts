import { afterAll, describe, expect, test } from 'vitest';
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { NumberType, Region } from '../../../dsl/graph/region.js';
import { binaryFunction, unaryFunction } from '../../shared/scalar.js';
import { dawn, type NumberArray } from './dawnTesting.js';
import { regionShaders } from './regionShaders.js';
import { notAsked } from '../../../../properties/asked.js';
import { skippedFor } from '../../../../properties/skips.js';

const gpu = await dawn();
const noAdapter = notAsked || (gpu === null ? 'there is no adapter of WebGPU' : '');
afterAll(() => gpu?.close());

/** Applies a function in a region: to vectors, or, starting at the second element, to single elements. */
const apply = async (
  fn: { readonly op: 'unary'; readonly fn: UnaryFn } | { readonly op: 'binary'; readonly fn: BinaryFn },
  dtype: NumberType,
  operands: readonly NumberArray[],
  width: 1 | 4,
): Promise<NumberArray> => {
  const [first] = operands as [NumberArray];
  const offset = width === 4 ? 0 : 1;
  const access = (buffer: number) => ({ buffer, offset, strides: [1] });
  const region: Region = {
    extents: [first.length - offset],
    reduced: 0,
    loads: operands.map((_, b) => access(b)),
    body: [
      ...operands.map((_, load) => ({ op: 'load', dtype, load }) as const),
      fn.op === 'unary' ? { ...fn, dtype, a: 0 } : { ...fn, dtype, a: 0, b: 1 },
    ],
    stores: [{ ...access(operands.length), value: operands.length, reduce: null }],
  };
  const arrays = [...operands, first.map(() => 0)];
  const buffers = arrays.map(({ length }, input) => ({ elements: length, dtype, storage: { kind: 'input', input, offset: 0 } }) as const); // prettier-ignore
  const results = await gpu!.run(regionShaders(region, buffers, gpu!.limits), arrays);
  return results.at(-1)!;
};

const ulp = (x: number): number => 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23);

/**
 * Error in units in the last place. It is 0 if both values are denormal or 0, infinite if only one of them is finite.
 */
const errorOf = (y: number, exact: number): number => {
  const rounded = Math.fround(exact);
  if (Object.is(y + 0, rounded + 0)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(y)) return Infinity;
  return Math.abs(exact) < 2 ** -125 && Math.abs(y) < 2 ** -125 ? 0 : Math.abs(y - exact) / ulp(exact);
};

/** Every 4099th float32 that is not NaN, and some NaNs. */
const sweep = ((): Float32Array => {
  const bits = [0x7f800001, 0x7fc00001, 0x7fffffff, 0xffc00003];
  for (let i = 0; i <= 0x7f800000; i += 4099) bits.push(i, i - 2 ** 31);
  while (bits.length % 4 !== 0) bits.push(0);
  return new Float32Array(Int32Array.from(bits).buffer);
})();

const worstOf = (ys: NumberArray, from: number, exactly: (i: number) => number, errors = errorOf): [number, number] => {
  let [worst, at] = [0, NaN];
  for (let i = from; i < ys.length; i++) {
    const error = errors(ys[i]!, exactly(i));
    if (!(error <= worst)) [worst, at] = [error, i];
  }
  return [worst, at];
};

describe.each([4, 1] as const)('in vectors of %d', skippedFor(noAdapter), (width) => {
  const from = width === 4 ? 0 : 1;

  // rounding in the polynomials adds up; WGSL allows 2.5 ulp for the divisions in some functions
  test.each([
    ['exp', 2],
    ['expm1', 3],
    ['log', 2],
    ['log1p', 4],
    ['tanh', 5],
    ['atan', 4],
    ['sigmoid', 5],
    ['erf', 2],
    ['sqrt', 3],
    ['rsqrt', 5],
    ['reciprocal', 2.5],
    ['floor', 0],
    ['ceil', 0],
    ['round', 0],
    ['sign', 0],
    ['abs', 0],
    ['neg', 0],
  ] as const)('%s is within %d ulp over the whole range', async (fn, most) => {
    const ys = await apply({ op: 'unary', fn }, 'float32', [sweep], width);
    const exactly = unaryFunction(fn, 'float32');
    const isDenormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126; // a device may flush it to 0
    const [worst, at] = worstOf(ys, from, (i) => (isDenormal(sweep[i]!) ? ys[i]! : exactly(sweep[i]!)));
    expect(worst, `at ${sweep[at]}`).toBeLessThanOrEqual(most);
  });

  // range reduction has an absolute error: few digits are left near a multiple of π/2
  const absolute = (slope: (x: number) => number) => (fn: UnaryFn, isFar: boolean, ys: NumberArray) => {
    const exactly = unaryFunction(fn, 'float32');
    const [worst] = worstOf(ys, from, (i) => i, (y, i) => {
      const [x, exact] = [sweep[i]!, exactly(sweep[i]!)];
      if (Number.isNaN(exact)) return Number.isNaN(y) ? 0 : Infinity;
      return Math.abs(x) > 8192 === isFar ? Math.abs(y - exact) / slope(x) : 0;
    }); // prettier-ignore
    return worst;
  };

  test.each(['sin', 'cos'] as const)('%s is within 1.5e-7 up to 8192, and 4e-7 beyond', async (fn) => {
    const ys = await apply({ op: 'unary', fn }, 'float32', [sweep], width);
    const errors = absolute(() => 1);
    expect(errors(fn, false, ys)).toBeLessThan(1.5e-7);
    expect(errors(fn, true, ys)).toBeLessThan(4e-7);
  });

  test('tan is within 5e-7 times its slope', async () => {
    const ys = await apply({ op: 'unary', fn: 'tan' }, 'float32', [sweep], width);
    const errors = absolute((x) => 1 + Math.tan(x) ** 2);
    expect(errors('tan', false, ys)).toBeLessThan(5e-7);
    expect(errors('tan', true, ys)).toBeLessThan(5e-7);
  });

  const STRANGE = [
    NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, 2.5, 1e30, -1e30, 1e-30, 16777217, 16777216,
    8388609, 1.0000001, 0.99999994, 1e10, 33,
  ]; // prettier-ignore
  const pairs = ((): readonly [Float32Array, Float32Array] => {
    let state = 1;
    const next = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const all = STRANGE.flatMap((a) => STRANGE.map((b) => [a, b] as const));
    for (let i = 0; i < 10_000; i++) {
      const a = Math.exp(60 * (next() - 0.5));
      all.push([a, (174 * (next() - 0.5)) / Math.abs(Math.log(a))]);
      all.push([1 + 0.01 * (next() - 0.5), 20_000 * (next() - 0.5)]);
      all.push([20 * (next() - 0.5), Math.floor(20 * next()) - 10]);
      all.push([(next() - 0.5) * 10 ** (60 * next() - 30), (next() - 0.5) * 10 ** (60 * next() - 30)]);
    }
    return [Float32Array.from(all, ([a]) => a), Float32Array.from(all, ([, b]) => b)];
  })();

  test.each([
    ['pow', 16],
    ['mod', 0],
    ['div', 2.5],
    ['max', 0],
    ['min', 0],
  ] as const)('%s of two numbers is within %d ulp', async (fn, most) => {
    const zs = await apply({ op: 'binary', fn }, 'float32', pairs, width);
    const exactly = binaryFunction(fn, 'float32');
    const [worst, at] = worstOf(zs, from, (i) => exactly(pairs[0][i]!, pairs[1][i]!));
    expect(worst, `at ${pairs[0][at]}, ${pairs[1][at]}`).toBeLessThanOrEqual(most);
  });

  const integers = [0, 1, -1, 2, -2, 3, 7, -7, 10, 31, 32, 33, 2147483647, -2147483648, 65537, 46341];
  test.each(['add', 'sub', 'mul', 'div', 'mod', 'pow', 'max', 'min'] as const)(
    '%s of two integers agrees with the reference',
    async (fn) => {
      const as = Int32Array.from(integers.flatMap((a) => integers.map(() => a)));
      const bs = Int32Array.from(integers.flatMap(() => integers));
      const zs = await apply({ op: 'binary', fn }, 'int32', [as, bs], width);
      const exactly = binaryFunction(fn, 'int32');
      expect([...zs].slice(from)).toEqual([...as].map((a, i) => exactly(a, bs[i]!) + 0).slice(from));
    },
  );
});
