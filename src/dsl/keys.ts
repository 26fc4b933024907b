/**
 * Randomness as a value. A key stands for one stream of numbers; drawing from it gives the same numbers
 * each time, on every backend. So **one key, one use**: draw from a key once, or fork it, not both.
 * `compile` checks it, and answers with `KeyReused`.
 *
 * A key on the host ({@link RandomKey}) and a key of a program ({@link Key}) fork and fold alike: a
 * program's keys are the ones that the host would have made by the same names.
 */
import type { KeyWords } from './backend.js';
import type { Extent, Extents, Widened } from './dim.js';
import { raise, showShape } from './errors.js';
import type { Distribution } from './node.js';
import { binary, deriveKey, full, random } from './primitives/index.js';
import { dims, nodeOf, tensor, type DType, type Key, type Shape, type Tensor } from './tensor.js';
import { deriveWords, keyWords, wordsOfName } from './threefry.js';

/** A key on the host: two 32-bit words. It is plain data: save it as it is. */
export type RandomKey = KeyWords;

/**
 * The key of a seed, any safe integer; raises `ConfigError` for another number.
 *
 * @example
 * import { key } from 'noisefold/dsl'
 *
 * assert.deepStrictEqual(key(7), [7, 0])
 */
export const key = (seed: number): RandomKey => keyWords(seed);

const isHost = (k: Key | RandomKey): k is RandomKey => Array.isArray(k);

const derive = <K extends Key | RandomKey>(parent: K, words: KeyWords): K =>
  // a key of the kind that it is derived from
  (isHost(parent) ? deriveWords(parent, words) : tensor(deriveKey(nodeOf(parent), words))) as K;

/**
 * New keys by name. What a name gives depends on the key and the name alone, not on the other names.
 *
 * @example
 * import { fork, key } from 'noisefold/dsl'
 *
 * const { noise, timestep } = fork(key(7), 'noise', 'timestep')
 * assert.notDeepStrictEqual(noise, timestep)
 * assert.deepStrictEqual(noise, fork(key(7), 'noise').noise)
 */
export const fork = <K extends Key | RandomKey, const N extends string>(
  parent: K,
  ...names: readonly N[]
): { readonly [P in N]: K } =>
  // Object.fromEntries forgets the names
  Object.fromEntries(names.map((name) => [name, derive(parent, wordsOfName(name))])) as {
    readonly [P in N]: K;
  };

/**
 * A new key from a number: of a step, an epoch, a layer. Raises `ConfigError` unless it is a safe integer.
 *
 * @example
 * import { foldIn, key } from 'noisefold/dsl'
 *
 * const ofStep = (step: number) => foldIn(step)(key(7))
 * assert.notDeepStrictEqual(ofStep(0), ofStep(1))
 */
export const foldIn =
  (data: number) =>
  <K extends Key | RandomKey>(parent: K): K =>
    derive(parent, keyWords(data, 'foldIn'));

const isExtent = (d: number): boolean => Number.isSafeInteger(d) && d >= 0;

const draw =
  <S extends Shape, D extends DType = 'float32'>(distribution: Distribution, shape: readonly number[]) =>
  (key: Key): Tensor<S, D> => {
    if (!shape.every(isExtent))
      raise('ShapeError', {
        where: distribution,
        expected: 'extents that are integers ≥ 0',
        actual: showShape(shape),
        hint: 'give the extents of the result, one number an axis',
      });
    return tensor(random(distribution, nodeOf(key), shape));
  };

/**
 * Standard normal numbers, `normal(8, 28, 28, 1)(key): Tensor<[8, 28, 28, 1]>`.
 * Extents that are only known at run time are wide: see `ascribe`.
 */
export const normal = <const S extends readonly number[]>(
  ...extents: S & Extents<S>
): ((key: Key) => Tensor<Widened<S>>) => draw('normal', extents);

/** Standard normal numbers in the shape of `x`. */
export const normalLike = <S extends Shape>(x: Tensor<S, DType>): ((key: Key) => Tensor<S>) =>
  draw('normal', dims(x));

/** Uniform numbers in [0, 1), multiples of 2⁻²⁴. */
export const uniform = <const S extends readonly number[]>(
  ...extents: S & Extents<S>
): ((key: Key) => Tensor<Widened<S>>) => draw('uniform', extents);

/** Uniform numbers in [0, 1) in the shape of `x`. */
export const uniformLike = <S extends Shape>(x: Tensor<S, DType>): ((key: Key) => Tensor<S>) =>
  draw('uniform', dims(x));

const coins =
  <S extends Shape>(p: number, shape: readonly number[]) =>
  (key: Key): Tensor<S, 'bool'> => {
    if (!(p >= 0 && p <= 1))
      raise('ConfigError', {
        where: 'bernoulli',
        expected: 'a probability in [0, 1]',
        actual: `${p}`,
        hint: 'give the chance of true',
      });
    return tensor(binary('less', nodeOf(draw('uniform', shape)(key)), full(p, shape)));
  };

/** True with probability `p`, `bernoulli(0.1, 32)(key): Tensor<[32], 'bool'>`. Raises `ConfigError`. */
export const bernoulli = <const S extends readonly number[]>(
  p: number,
  ...extents: S & Extents<S>
): ((key: Key) => Tensor<Widened<S>, 'bool'>) => coins(p, extents);

/** True with probability `p`, in the shape of `x`. Raises `ConfigError`. */
export const bernoulliLike = <S extends Shape>(
  p: number,
  x: Tensor<S, DType>,
): ((key: Key) => Tensor<S, 'bool'>) => coins(p, dims(x));

/** 0 … n − 1 in random order. */
export const permutation = <const N extends number>(
  n: N & Extent<N>,
): ((key: Key) => Tensor<Widened<[N]>, 'int32'>) => draw('permutation', [n]);
