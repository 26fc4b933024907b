import { describe, expect, test } from 'vitest';
import { E, F } from './fp.js';
import { attempt } from './errors.js';
import { dims, type Tensor } from '../dsl/graph/tensor.js';
import * as dsl from '../dsl/index.js';

/** An operator as JavaScript callers may use it. */
type Loose = (...args: readonly unknown[]) => unknown;

const { zeros } = dsl;
const operators: readonly (readonly [string, unknown])[] = [
  ['mean', dsl.mean],
  ['sum', dsl.sum],
  ['norm', dsl.norm],
  ['logSumExp', dsl.logSumExp],
  ['halve', dsl.halve],
  ['softmax', dsl.softmax],
  ['leakyRelu', dsl.leakyRelu],
  ['elu', dsl.elu],
  ['expandDims', dsl.expandDims],
];

describe('an operator', () => {
  test.each(operators)('%s refuses the index that map passes', (name, operator) => {
    const x = zeros(2, 4);
    expect(attempt(() => [x, x].map(operator as Loose))).toMatchObject(
      E.left({
        _tag: 'ConfigError',
        message: `${name}: expected at most 2 arguments, got 3; in map write (x) => ${name}(x)`,
      }),
    );
  });

  test('refuses the index that reduce passes', () => {
    const xs: readonly unknown[] = [zeros(2), zeros(2)];
    expect(attempt(() => xs.reduce(dsl.add as unknown as Loose))).toMatchObject(
      E.left({ message: 'add: expected at most 2 arguments, got 4; in reduce write (x, y) => add(x, y)' }),
    );
  });

  test('of tensors only has no pipeable form', () => {
    expect(attempt(() => (dsl.sub as unknown as Loose)(zeros(2)))).toMatchObject(
      E.left({
        message: 'sub: expected 2 arguments, got 1; give all operands at once; in a pipe write (x) => sub(x, …)',
      }),
    );
  });

  test('refuses surplus arguments of its pipeable form', () => {
    expect(attempt(() => (dsl.softmax as Loose)(0, 1))).toMatchObject(
      E.left({ message: 'softmax: expected at most 1 argument, got 2; leave out the others' }),
    );
  });

  test('may be passed to map if it is partially applied, or a function of one tensor', () => {
    const xs: readonly Tensor<[2]>[] = [zeros(2), zeros(2)];
    expect(xs.map(dsl.softmax()).map((x) => dims(x))).toEqual([[2], [2]]);
    expect(xs.map(dsl.exp).map((x) => dims(x))).toEqual([[2], [2]]);
  });

  test('may have any number of arguments', () => {
    expect(dims(dsl.reshape(zeros(8), 2, 1, 2, 1, 2))).toEqual([2, 1, 2, 1, 2]);
    expect(dims(F.pipe(zeros(8), dsl.reshape(2, 1, 2, 1, 2)))).toEqual([2, 1, 2, 1, 2]);
  });
});
