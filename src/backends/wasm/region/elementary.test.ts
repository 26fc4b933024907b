import { expect, test } from 'vitest';
import { binaryOf, unaryOf } from '../../../../properties/arbitraries/region.js';
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import { floatsOfBfloats, floatsOfHalves } from '../../../internal/numerics/float16.js';
import { errorOf, integerPairs, pairs, sweep, worstOf } from '../../shared/elementary/accuracyTesting.js';
import { binaryFunction, unaryFunction } from '../../../dsl/primitives/scalar.js';
import { describeRoundings } from '../kernels/testing.js';
import { applied } from './regionTesting.js';

/** The largest errors in units in the last place, of functions whose results are not the nearest float32. */
const UNARY_ERRORS: { readonly [F in UnaryFn]?: number } = {
  exp: 1.75, expm1: 2.65, sigmoid: 3, tanh: 2.9, log: 0.8, log1p: 2.4, erf: 1.2, atan: 1.7, sin: 2.7, cos: 2.75,
  tan: 4.7, rsqrt: 1.5,
}; // oxfmt-ignore
const BINARY_ERRORS: { readonly [F in BinaryFn]?: number } = { pow: 3.7 };
/** The error of a result that is the nearest float32. */
const NEAREST = 0.5;

describeRoundings('functions of float32', (multiplyAdd) => {
  test.each(unaryOf('float32').map((fn) => [fn, UNARY_ERRORS[fn] ?? NEAREST] as const))(
    '%s is within %d ulp over the whole range',
    (fn, most) => {
      const exactly = unaryFunction(fn, 'float32');
      const ys = applied({ op: 'unary', fn }, 'float32', [sweep], multiplyAdd);
      // denormal results of exponentials may be 0, others are not
      const mayVanish = fn === 'exp' || fn === 'sigmoid';
      const [worst, at] = worstOf(ys, (y, i) => errorOf(y, exactly(sweep[i]!), mayVanish));
      expect(worst, `at ${sweep[at]}`).toBeLessThanOrEqual(most);
    },
  );

  test.each(binaryOf('float32').map((fn) => [fn, BINARY_ERRORS[fn] ?? NEAREST] as const))(
    '%s is within %d ulp for numbers of all magnitudes',
    (fn, most) => {
      const [as, bs] = pairs;
      const exactly = binaryFunction(fn, 'float32');
      const ys = applied({ op: 'binary', fn }, 'float32', pairs, multiplyAdd);
      const [worst, at] = worstOf(ys, (y, i) => errorOf(y, exactly(as[i]!, bs[i]!), false));
      expect(worst, `at ${as[at]}, ${bs[at]}`).toBeLessThanOrEqual(most);
    },
  );

  test.each(unaryOf('int32'))('%s of integers agrees with the definition', (fn) => {
    const [xs] = integerPairs;
    const ys = applied({ op: 'unary', fn }, 'int32', [xs], multiplyAdd);
    const expected = [...xs].map(unaryFunction(fn, 'int32'));
    expect(ys).toEqual(ys instanceof Float32Array ? Float32Array.from(expected) : Int32Array.from(expected));
  });

  test.each([
    ['float16', floatsOfHalves],
    ['bfloat16', floatsOfBfloats],
  ] as const)('%s decodes every half exactly, subnormal numbers, infinities and NaN included', (fn, numbersOf) => {
    const words = Int32Array.from({ length: 65536 }, (_, half) => (half << 16) | (half ^ 0x1234));
    const expected = numbersOf(Uint16Array.from({ length: 65536 }, (_, half) => half));
    expect(Float32Array.from(words, unaryFunction(fn, 'int32'))).toEqual(expected);
    expect(applied({ op: 'unary', fn }, 'int32', [words], multiplyAdd)).toEqual(expected);
  });

  test.each(binaryOf('int32'))('%s of integers agrees with the definition', (fn) => {
    const [as, bs] = integerPairs;
    const exactly = binaryFunction(fn, 'int32');
    const ys = applied({ op: 'binary', fn }, 'int32', integerPairs, multiplyAdd);
    expect(ys).toEqual(as.map((a, i) => exactly(a, bs[i]!)));
  });
});
