import { afterAll, describe, expect, test } from 'vitest';
import { binaryOf, unaryOf } from '../../../../../properties/arbitraries/region.js';
import type { BinaryFn, UnaryFn } from '../../../../dsl/graph/node.js';
import type { NumberType, Region } from '../../../../dsl/graph/region.js';
import { binaryFunctions, unaryFunctions } from '../../../../dsl/primitives/elementwise.js';
import { errorOf, integerPairs, pairs, sweep, worstOf } from '../../../shared/elementary/accuracyTesting.js';
import { binaryFunction, unaryFunction } from '../../../../dsl/primitives/scalar.js';
import { dawn, type NumberArray } from '../dawnTesting.js';
import { regionShaders } from '../regionShaders.js';
import { notAsked } from '../../../../../properties/asked.js';
import { skippedFor } from '../../../../../properties/skips.js';

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
  const gives = (fn.op === 'unary' ? unaryFunctions[fn.fn] : binaryFunctions[fn.fn]).gives ?? dtype;
  const region: Region = {
    extents: [first.length - offset],
    reduced: 0,
    loads: operands.map((_, b) => access(b)),
    body: [
      ...operands.map((_, load) => ({ op: 'load', dtype, load }) as const),
      fn.op === 'unary' ? { ...fn, dtype: gives, a: 0 } : { ...fn, dtype: gives, a: 0, b: 1 },
    ],
    stores: [{ ...access(operands.length), value: operands.length, reduce: null }],
  };
  const result = gives === 'float32' ? new Float32Array(first.length) : new Int32Array(first.length);
  const arrays = [...operands, result];
  const buffers = arrays.map(({ length }, input) => ({ elements: length, dtype: input < operands.length ? dtype : gives, storage: { kind: 'input', input, offset: 0 } }) as const); // oxfmt-ignore
  const results = await gpu!.run(regionShaders(region, buffers, gpu!.limits), arrays);
  return results.at(-1)!;
};

/** The largest errors in units in the last place. WGSL allows 2.5 of them for a division. */
const UNARY_ERRORS: { readonly [F in UnaryFn]?: number } = {
  exp: 2.5, expm1: 3, log: 2, log1p: 4, tanh: 5, atan: 4, sigmoid: 5, erf: 2, sqrt: 3, rsqrt: 5, reciprocal: 2.5,
  sin: 4, cos: 4, tan: 8,
}; // oxfmt-ignore
const BINARY_ERRORS: { readonly [F in BinaryFn]?: number } = { pow: 8, div: 2.5 };
/** The error of a result that is the nearest float32. */
const NEAREST = 0.5;

/** True for numbers that a device may replace by 0. */
const isDenormal = (x: number): boolean => x !== 0 && Math.abs(x) < 2 ** -126;

describe.each([4, 1] as const)('in vectors of %d', skippedFor(noAdapter), (width) => {
  const from = width === 4 ? 0 : 1;

  test.each(unaryOf('float32').map((fn) => [fn, UNARY_ERRORS[fn] ?? NEAREST] as const))(
    '%s is within %d ulp over the whole range',
    async (fn, most) => {
      const ys = await apply({ op: 'unary', fn }, 'float32', [sweep], width);
      const exactly = unaryFunction(fn, 'float32');
      const errorAt = (y: number, i: number) => (isDenormal(sweep[i]!) ? 0 : errorOf(y, exactly(sweep[i]!), true));
      const [worst, at] = worstOf(ys, errorAt, from);
      expect(worst, `at ${sweep[at]}`).toBeLessThanOrEqual(most);
    },
  );

  test.each(binaryOf('float32').map((fn) => [fn, BINARY_ERRORS[fn] ?? NEAREST] as const))(
    '%s is within %d ulp for numbers of all magnitudes',
    async (fn, most) => {
      const [as, bs] = pairs;
      const ys = await apply({ op: 'binary', fn }, 'float32', pairs, width);
      const exactly = binaryFunction(fn, 'float32');
      const [worst, at] = worstOf(ys, (y, i) => errorOf(y, exactly(as[i]!, bs[i]!), true), from);
      expect(worst, `at ${as[at]}, ${bs[at]}`).toBeLessThanOrEqual(most);
    },
  );

  test.each(binaryOf('int32'))('%s of integers agrees with the definition', async (fn) => {
    const [as, bs] = integerPairs;
    const ys = await apply({ op: 'binary', fn }, 'int32', integerPairs, width);
    const exactly = binaryFunction(fn, 'int32');
    expect([...ys].slice(from)).toEqual([...as].map((a, i) => exactly(a, bs[i]!) + 0).slice(from));
  });

  test.each(unaryOf('int32'))('%s of integers agrees with the definition', async (fn) => {
    const [xs] = integerPairs;
    const ys = await apply({ op: 'unary', fn }, 'int32', [xs], width);
    const exactly = (x: number): number => {
      const y = unaryFunction(fn, 'int32')(x);
      return isDenormal(y) ? 0 : y + 0; // of bfloat16
    };
    expect([...ys].slice(from).map((y) => (isDenormal(y) ? 0 : y + 0))).toEqual([...xs].map(exactly).slice(from));
  });

  test('float16 decodes every half exactly, subnormal numbers, infinities and NaN included', async () => {
    const words = Int32Array.from({ length: 65536 }, (_, half) => (half << 16) | (half ^ 0x1234));
    const ys = await apply({ op: 'unary', fn: 'float16' }, 'int32', [words], width);
    expect([...ys].slice(from)).toEqual([...words].map(unaryFunction('float16', 'int32')).slice(from));
  });
});
