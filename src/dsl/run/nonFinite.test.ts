import { expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { E, F } from '../../internal/fp.js';
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
  ['nothing, where all is finite', exp, null],
  ['an operation', (x) => sum(square(log(mul(x, -1)))), 'log'],
  ['the first operation on the way', (x) => exp(mul(log(div(x, 0)), 1e9)), 'div (x)'],
  ['an operation behind movement', (x) => reshape(log(mul(x, -1)), 1, 2), 'log'],
  ['a constant', (x) => add(x, constantOf([0, -Infinity], 2) as Tensor<[Dim]> as never), 'constant'],
  // what is masked out is no fault: log 0 here, and 0/0 below beside an overflow that counts
  ['nothing, where it is masked', (x) => where(greater(x, 1), log(sub(x, 1)), 0), null],
  ['what a select takes', (x) => where(greater(x, 1), log(sub(x, 1)), exp(mul(x, 1e9)) as never), 'exp'],
  ['nothing, where a flag says so', (x) => isFinite(log(mul(x, -1))), null],
])('the origin is %s', async (_, f, origin) => {
  const given = program({ x: 'B' }, ({ x }) => f(x));
  const found = nonFiniteOrigin(given, { B: 2 }, { x: Float32Array.of(1, 2) });
  expect(await using(reference())(found)()).toEqual(E.right(origin));
});

test('an input that is not finite is the origin itself', async () => {
  const given = program({ x: 'B', y: 'B' }, ({ x, y }) => F.pipe(x, add(exp(y))));
  const inputs = { x: Float32Array.of(1, Number.NaN), y: Float32Array.of(0, 0) };
  expect(await using(reference())(nonFiniteOrigin(given, { B: 2 }, inputs))()).toEqual(E.right('input x'));
});
