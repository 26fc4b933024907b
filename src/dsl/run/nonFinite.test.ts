import { expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { E } from '../../internal/fp.js';
import {
  add,
  type Dim,
  constantOf,
  div,
  exp,
  greater,
  isFinite,
  log,
  mul,
  nonFiniteOrigin,
  program,
  reshape,
  where,
  square,
  sub,
  sum,
  type Tensor,
  using,
} from '../index.js';

type X = Tensor<['B']>;

test.each<[string, (x: X) => unknown, string | null]>([
  ['null if all results are finite', exp, null],
  ['an operation', (x) => sum(square(log(mul(x, -1)))), 'log'],
  ['the first operation of several', (x) => exp(mul(log(div(x, 0)), 1e9)), 'div (x)'],
  ['an operation below a movement', (x) => reshape(log(mul(x, -1)), 1, 2), 'log'],
  ['a constant', (x) => add(x, constantOf([0, -Infinity], 2) as Tensor<[Dim]> as never), 'constant'],
  // masked-out elements do not count: here log 0, and in the next case log 0 beside an overflow that counts
  ['null if the elements are masked out', (x) => where(greater(x, 1), log(sub(x, 1)), 0), null],
  ['a chosen operand of select', (x) => where(greater(x, 1), log(sub(x, 1)), exp(mul(x, 1e9)) as never), 'exp'],
  ['null if the result is a flag', (x) => isFinite(log(mul(x, -1))), null],
])('the origin is %s', async (_, f, origin) => {
  const given = program({ x: 'B' }, ({ x }) => f(x));
  const actual = nonFiniteOrigin(given, { B: 2 }, { x: Float32Array.of(1, 2) });
  expect(await using(reference())(actual)()).toEqual(E.right(origin));
});

test('a non-finite input is the origin itself', async () => {
  const given = program({ x: 'B', y: 'B' }, ({ x, y }) => add(x, exp(y)));
  const inputs = { x: Float32Array.of(1, Number.NaN), y: Float32Array.of(0, 0) };
  expect(await using(reference())(nonFiniteOrigin(given, { B: 2 }, inputs))()).toEqual(E.right('input x'));
});
