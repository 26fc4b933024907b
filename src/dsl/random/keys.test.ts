import { fc, test } from '@fast-check/vitest';
import { describe, expect, expectTypeOf } from 'vitest';
import { E } from '../../internal/fp.js';
import { attempt, type NoisefoldError } from '../../internal/errors.js';
import { node } from '../graph/node.js';
import {
  bernoulli, bernoulliLike, foldIn, fork, key, normal, normalLike, permutation, randint, randintLike, uniform, uniformLike, type RandomKey,
} from './keys.js'; // oxfmt-ignore
import { dims, dtypeOf, nodeOf, tensor, type Dim, type Key, type Tensor } from '../graph/tensor.js';
import { deriveWords, wordsOfName } from '../../internal/numerics/threefry.js';

const seeds = fc.maxSafeInteger();
const staged = (): Key => tensor(node('input', [], { path: 'key' }, [], 'key'));

/** Evaluates a staged key on the host. */
const evaluate = (k: Key, root: RandomKey): RandomKey => {
  const n = nodeOf(k);
  return n.op === 'deriveKey' ? deriveWords(evaluate(tensor(n.inputs[0]!), root), n.attributes.words) : root;
};

const messageOf = (build: () => unknown): string =>
  E.match(
    (error: NoisefoldError) => error.message,
    () => 'no error',
  )(attempt(build));

describe('fork', () => {
  test.prop([seeds, fc.uniqueArray(fc.string(), { minLength: 2 })])('names give different keys', (seed, names) => {
    const keys = Object.values(fork(key(seed), ...names)).map(String);
    expect(new Set([...keys, String(key(seed))]).size).toBe(names.length + 1);
  });

  test.prop([seeds])('a name’s key does not depend on the other names', (seed) => {
    expect(fork(key(seed), 'a', 'b').b).toEqual(fork(key(seed), 'b', 'c').b);
  });

  test.prop([seeds])('forks of forks differ by path: a.b is not b.a', (seed) => {
    const of = (first: string, second: string) => fork(fork(key(seed), first)[first]!, second)[second];
    expect(of('a', 'b')).not.toEqual(of('b', 'a'));
    expect(of('a', 'a')).not.toEqual(fork(key(seed), 'a').a);
  });

  test('accepts a property name of Object.prototype', () => {
    const forked = fork(key(1), '__proto__', 'constructor');
    expect(Object.keys(forked)).toEqual(['__proto__', 'constructor']);
    expect(forked['__proto__']).toEqual(deriveWords(key(1), wordsOfName('__proto__')));
  });

  test('the type has the names and the kind of the parent', () => {
    expectTypeOf(fork(key(1), 'noise', 'timestep')).toEqualTypeOf<{
      readonly noise: RandomKey;
      readonly timestep: RandomKey;
    }>();
    expectTypeOf(fork(staged(), 'noise').noise).toEqualTypeOf<Key>();
    // @ts-expect-error an unknown name
    expect(fork(key(1), 'noise').timestep).toBeUndefined();
  });
});

describe('foldIn', () => {
  test.prop([seeds, fc.maxSafeInteger(), fc.maxSafeInteger()])('equal only for equal numbers', (seed, a, b) => {
    expect(String(foldIn(key(seed), a)) === String(foldIn(key(seed), b))).toBe(a === b);
  });

  test('rejects numbers that are not integers', () => {
    expect(messageOf(() => foldIn(staged(), 0.5))).toBe(
      'foldIn: expected a safe integer, got 0.5; give an integer between -(2^53 - 1) and 2^53 - 1',
    );
  });
});

test.prop([seeds, fc.string(), fc.maxSafeInteger()])('keys of programs equal keys of the host', (seed, name, data) => {
  const path = <K extends Key | RandomKey>(root: K): K => foldIn(fork(root, name)[name]!, data);
  expect(evaluate(path(staged()), key(seed))).toEqual(path(key(seed)));
});

describe('sampling', () => {
  test('takes extents', () => {
    const x = normal(staged(), 8, 28, 28, 1);
    expectTypeOf(x).toEqualTypeOf<Tensor<readonly [8, 28, 28, 1]>>();
    expect(dims(x)).toEqual([8, 28, 28, 1]);
    expect(nodeOf(x)).toMatchObject({
      op: 'random',
      attributes: { distribution: 'normal' },
      dtype: 'float32',
    });
    expectTypeOf(uniform(staged())).toEqualTypeOf<Tensor<readonly []>>();
    expect(nodeOf(uniform(staged(), 3))).toMatchObject({
      attributes: { distribution: 'uniform' },
      shape: [3],
    });
    expectTypeOf(bernoulli(staged(), 0.5, 3)).toEqualTypeOf<Tensor<readonly [3], 'bool'>>();
    expectTypeOf(randint(staged(), 0, 7, 3)).toEqualTypeOf<Tensor<[3], 'int32'>>();
    expectTypeOf(permutation(staged(), 10)).toEqualTypeOf<Tensor<[10], 'int32'>>();
    expect(dtypeOf(permutation(staged(), 10))).toBe('int32');
  });

  test('wide extents give wide dims', () => {
    const n: number = 3;
    expectTypeOf(normal(staged(), n, 2)).toEqualTypeOf<Tensor<readonly [Dim, 2]>>();
    expectTypeOf(permutation(staged(), n)).toEqualTypeOf<Tensor<[Dim], 'int32'>>();
  });

  test('takes the shape of a tensor of any dtype', () => {
    const x: Tensor<['B', 4]> = tensor(nodeOf(normal(staged(), 2, 4)));
    expectTypeOf(normalLike(staged(), x)).toEqualTypeOf<Tensor<['B', 4]>>();
    expectTypeOf(bernoulliLike(staged(), 0.1, x)).toEqualTypeOf<Tensor<['B', 4], 'bool'>>();
    expectTypeOf(randintLike(staged(), 0, 7, x)).toEqualTypeOf<Tensor<['B', 4], 'int32'>>();
    for (const y of [
      normalLike(staged(), x),
      uniformLike(staged(), permutation(staged(), 8)),
      bernoulliLike(staged(), 0.1, x),
    ])
      expect(dims(y).reduce((a, b) => a * b, 1)).toBe(8);
  });

  test('rejects a union of extents', () => {
    const either = 2 as 2 | 3;
    // @ts-expect-error an extent must not be a union
    expect(dims(normal(staged(), either))).toEqual([2]);
  });

  test.each([-1, 1.5, Number.NaN])('rejects the extent %s', (extent: number) => {
    expect(messageOf(() => normal(staged(), 2, extent))).toBe(
      `normal: expected integers ≥ 0, got [2, ${extent}]; extents count elements`,
    );
  });

  test.each([-0.1, 1.1, Number.NaN])('rejects the probability %s', (p) => {
    expect(messageOf(() => bernoulli(staged(), p, 3))).toMatch(/^bernoulli: expected a probability in \[0, 1\]/);
  });

  test.each([
    [0, 0],
    [3, 2],
    [0.5, 2],
    [0, Number.NaN],
    [0, 2 ** 31 + 1],
    [-(2 ** 31) - 1, 0],
    [-1, 2 ** 31 - 1],
  ])('rejects the range from %s to %s: it is empty, or exceeds int32 or one draw', (low, high) => {
    expect(messageOf(() => randint(staged(), low, high, 3))).toMatch(/^randint: expected int32 integers/);
  });

  test('rejects a tensor as a key', () => {
    const x = normal(staged(), 2);
    // @ts-expect-error float32 is not a key
    expect(messageOf(() => normal(x, 2))).toMatch(/^normal: expected a key, got float32 \[2\]/);
  });
});
