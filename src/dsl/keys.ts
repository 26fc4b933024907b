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
 * key(7) // → [7, 0]
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
 * const { noise, timestep } = fork(key(7), 'noise', 'timestep')
 * assert.notDeepEqual(noise, timestep)
 * assert.deepEqual(noise, fork(key(7), 'noise').noise)
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
 * const ofStep = (step: number) => pipe(key(7), foldIn(step))
 * assert.notDeepEqual(ofStep(0), ofStep(1))
 * assert.deepEqual(ofStep(1), ofStep(1))
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
 * Standard normal numbers. Extents that are only known at run time are wide: see `ascribe`.
 *
 * @example
 * const noise = compile(program('key', normal(3)), {})
 * const numbers = pipe(noise, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([1.331, 0.629, 0.497])
 */
export const normal = <const S extends readonly number[]>(
  ...extents: S & Extents<S>
): ((key: Key) => Tensor<Widened<S>>) => draw('normal', extents);

/**
 * Standard normal numbers in the shape of `x`.
 *
 * @example
 * program('key', normalLike(zeros(8, 28, 28, 1))) // : Program<Key, Tensor<[8, 28, 28, 1]>>
 */
export const normalLike = <S extends Shape>(x: Tensor<S, DType>): ((key: Key) => Tensor<S>) =>
  draw('normal', dims(x));

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴.
 *
 * @example
 * const draw = compile(program('key', uniform(3)), {})
 * const numbers = pipe(draw, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([0.908, 0.735, 0.69])
 */
export const uniform = <const S extends readonly number[]>(
  ...extents: S & Extents<S>
): ((key: Key) => Tensor<Widened<S>>) => draw('uniform', extents);

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴, in the shape of `x`.
 *
 * @example
 * program('key', uniformLike(zeros(8, 28, 28, 1))) // : Program<Key, Tensor<[8, 28, 28, 1]>>
 */
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

/**
 * True with probability `p`. Raises `ConfigError` unless it is in [0, 1].
 *
 * @example
 * const coins = compile(program('key', bernoulli(0.5, 6)), {})
 * const numbers = pipe(coins, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([0, 0, 0, 1, 1, 1])
 */
export const bernoulli = <const S extends readonly number[]>(
  p: number,
  ...extents: S & Extents<S>
): ((key: Key) => Tensor<Widened<S>, 'bool'>) => coins(p, extents);

/**
 * True with probability `p`, in the shape of `x`. Raises `ConfigError` unless it is in [0, 1].
 *
 * @example
 * program('key', bernoulliLike(0.1, iota(32))) // : Program<Key, Tensor<[32], 'bool'>>
 */
export const bernoulliLike = <S extends Shape>(
  p: number,
  x: Tensor<S, DType>,
): ((key: Key) => Tensor<S, 'bool'>) => coins(p, dims(x));

/**
 * 0 … n − 1 in random order: the samples of an epoch.
 *
 * @example
 * const order = compile(program('key', permutation(5)), {})
 * const numbers = pipe(order, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([4, 1, 0, 2, 3])
 */
export const permutation = <const N extends number>(
  n: N & Extent<N>,
): ((key: Key) => Tensor<Widened<[N]>, 'int32'>) => draw('permutation', [n]);
