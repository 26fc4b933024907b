import { describe, expect, it, test } from 'vitest';
import {
  abs,
  add,
  and,
  atan2,
  cast,
  clip,
  constantOf,
  cosh,
  cumsum,
  div,
  elu,
  equal,
  exp,
  expm1,
  flip,
  gelu,
  greater,
  jvp,
  leakyRelu,
  less,
  log1p,
  maximum,
  mean,
  mod,
  mul,
  neg,
  not,
  ones,
  onesLike,
  pow,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  silu,
  sin,
  softmax,
  softplus,
  sqrt,
  stopGradient,
  sub,
  sum,
  tanh,
  type Tensor,
  where,
} from '../index.js';
import { numbersOf, relativeDistance } from '../../../properties/diffusion/run.js';
import { type Elementwise, onHost } from './onHost.js';

const NUMBERS = [-2.5, -0.3, 1e-9, 0.1, 0.75, 3];

/** The distribution function of N(0, 1) at the numbers, by 40 digits (mpmath). */
const PHI = [0.006209665325776135, 0.3820885778110474, 0.5000000003989423, 0.539827837277029, 0.7733726476231318, 0.9986501019683699]; // oxfmt-ignore

/** Functions of each element, and the same as functions of numbers. */
const functions: Readonly<Record<string, readonly [Elementwise, (x: number) => number]>> = {
  'arithmetic': [(x) => div(add(mul(x, 3), 1), sub(5, x)), (x) => (3 * x + 1) / (5 - x)],
  'constants with all digits of float64': [(x) => mul(x, Math.PI), (x) => x * Math.PI],
  'a constant': [(x) => onesLike(x), () => 1],
  'the identity': [(x) => x, (x) => x],
  'powers and remainders': [(x) => add(pow(abs(x), 2.5), mod(x, 2)), (x) => Math.abs(x) ** 2.5 + ((x % 2) + 2) % 2],
  'exponentials': [(x) => add(exp(x), expm1(neg(x))), (x) => Math.exp(x) + Math.expm1(-x)],
  'logarithms': [(x) => log1p(mul(x, x)), (x) => Math.log1p(x * x)],
  'roots': [(x) => add(sqrt(abs(x)), mul(rsqrt(abs(x)), reciprocal(x))), (x) => Math.sqrt(Math.abs(x)) + 1 / Math.sqrt(Math.abs(x)) / x],
  'trigonometry': [(x) => atan2(sin(x), cosh(x)), (x) => Math.atan2(Math.sin(x), Math.cosh(x))],
  'clip': [(x) => clip(x, -1, 0.5), (x) => Math.min(0.5, Math.max(-1, x))],
  'rounding': [(x) => round(mul(x, 2)), (x) => ({ '-5': -5, '-0.6': -1, '2e-9': 0, '0.2': 0, '1.5': 2, '6': 6 })[2 * x]!],
  'comparisons': [
    (x) => where(and(greater(x, 0), less(x, 1)), mul(x, 10), where(equal(x, 3), neg(x), x)),
    (x) => (x > 0 && x < 1 ? 10 * x : x === 3 ? -3 : x),
  ],
  'negations': [(x) => where(not(less(x, 0)), x, maximum(neg(x), 1)), (x) => (x < 0 ? Math.max(-x, 1) : x)],
  'casts': [(x) => add(cast(cast(x, 'int32'), 'float32'), cast(greater(x, 0), 'float32')), (x) => Math.trunc(x) + (x > 0 ? 1 : 0)],
  'arithmetic of int32': [(x) => cast(mod(mul(cast(mul(x, 10), 'int32'), 7), 4), 'float32'), (x) => (((Math.trunc(x * 10) * 7) % 4) + 4) % 4],
  'stopGradient': [(x) => stopGradient(x), (x) => x],
  'sigmoid': [sigmoid, (x) => 1 / (1 + Math.exp(-x))],
  'silu, a composite': [silu, (x) => x / (1 + Math.exp(-x))],
  'gelu, a composite': [gelu, (x) => x * PHI[NUMBERS.indexOf(x)]!],
  'softplus': [softplus, (x) => Math.log1p(Math.exp(x))],
  'elu': [elu, (x) => (x > 0 ? x : Math.expm1(x))],
  'relu': [relu, (x) => Math.max(0, x)],
  'leakyRelu': [leakyRelu, (x) => (x > 0 ? x : 0.01 * x)],
  'a derivative': [(x) => jvp((y: typeof x) => tanh(y))(x, onesLike(x) as never).tangent as typeof x, (x) => 1 / Math.cosh(x) ** 2],
}; // oxfmt-ignore

describe('onHost', () => {
  test.each(Object.entries(functions))('%s', async (_, [f, expected]) => {
    const actual = NUMBERS.map(onHost(f));
    // a few operations, each with a rounding, whose sums lose at most a digit
    actual.forEach((y, i) => {
      const right = expected(NUMBERS[i]!);
      expect(Math.abs(y - right)).toBeLessThanOrEqual(2 ** -50 * Math.max(1, Math.abs(right)));
    });
    // the same definition in a program
    expect(relativeDistance(await numbersOf(() => f(constantOf(NUMBERS, 6))), actual)).toBeLessThan(2 ** -50);
  });

  it('passes on what is not finite', () => {
    expect(onHost((x) => log1p(x))(-1)).toBe(-Infinity);
    expect(onHost((x) => div(x, x))(0)).toBeNaN();
    expect(onHost((x) => mul(x, 2))(Infinity)).toBe(Infinity);
  });

  it('evaluates a part that is used twice once, and shared ones in long chains', () => {
    let f: Elementwise = (x) => x;
    for (let i = 0; i < 60; i++) {
      const inner = f;
      f = (x) => {
        const y = inner(x);
        return mul(add(y, y), 0.5);
      };
    }
    expect(onHost(f)(0.3)).toBe(0.3); // 2⁶⁰ evaluations of x if they were not shared
  });

  const others: Readonly<Record<string, (x: Tensor<[]>) => unknown>> = {
    reduce: sum,
    'reduce, of a mean': mean,
    'reduce, of softmax': (x) => softmax(x as never),
    cumsum: (x) => cumsum(x as never, 0),
    flip: (x) => flip(x as never, 0),
    'constant, of several numbers': (x) => add(x as never, constantOf([1, 2], 2)),
  };
  test.each(Object.entries(others))('refuses the operation %s', (name, f) => {
    const [operation] = name.split(',');
    expect(() => onHost(f as Elementwise)(1)).toThrow(
      `onHost: expected a function of each element, such as (t) => sub(1, t), got one with the operation ${operation}`,
    );
  });

  it('refuses what is no function of a tensor', () => {
    expect(() => onHost(3 as never)).toThrow('onHost: expected a function of tensors, got 3');
    expect(() => onHost((() => 3) as never)).toThrow('operation: expected a tensor, got 3');
    expect(() => onHost((x) => add(x, ones(3) as never))).toThrow('expected equal shapes');
  });
});
