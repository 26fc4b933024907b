/**
 * Randomness as a value. A key stands for one stream of numbers; drawing from it gives the same numbers
 * each time, on every backend. So **one key, one use**: draw from a key once, or fork it, not both.
 * `compile` checks it, and answers with `KeyReused`.
 *
 * A key on the host ({@link RandomKey}) and a key of a program ({@link Key}) fork and fold alike: a
 * program's keys are the ones that the host would have made by the same names.
 */
import type { KeyWords } from './backend.js';
import type { Extent, Extents, Wide, Widened } from './dim.js';
import { named, raise } from './errors.js';
import { extents } from './extent.js';
import type { Distribution, Node } from './node.js';
import { binary, deriveKey, full, random } from './primitives/index.js';
import { type AnyTensor, type Dim, dims, type DType, type Key, nodeOf, type Shape, type Tensor, tensor } from './tensor.js'; // prettier-ignore
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

/** `K`, or a message where it is a key of the host. */
type OfProgram<K> = K extends Key ? K : 'a key of the host: draw inside a program, from a key that it takes';

/** What draws from a key of a program. */
export type Draw<T> = <K extends Key | RandomKey>(key: OfProgram<K>) => T;

/** The extents of a draw; an `Extents<S>` is S, or messages, which are refused. */
const checked = (op: string, shape: readonly unknown[]): readonly number[] =>
  extents(op, shape as readonly number[]);

const staged = (op: string, key: unknown): Node => {
  if (Array.isArray(key))
    raise('DTypeError', {
      where: op,
      expected: 'a key of a program',
      actual: 'a key of the host',
      hint: "take it as an input, program('key', …), and give it when the program runs",
    });
  return nodeOf(key as Key); // `OfProgram<K>` is a key, or a message that no value fits
};

const draw =
  <T extends AnyTensor>(op: string, distribution: Distribution, shape: readonly unknown[]): Draw<T> =>
  (key) =>
    // the dtype is that of the distribution
    tensor(named(op, () => random(distribution, staged(op, key), checked(op, shape)))) as AnyTensor as T;

/**
 * Standard normal numbers. Extents that are only known at run time are wide: see `ascribe`.
 *
 * @example
 * const noise = compile(program('key', normal(3)), {})
 * const numbers = pipe(noise, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([1.331, 0.629, 0.497])
 */
export const normal = <const S extends readonly number[]>(...shape: Extents<S>): Draw<Tensor<Widened<S>>> =>
  draw('normal', 'normal', shape);

/**
 * Standard normal numbers in the shape of `x`.
 *
 * @example
 * program('key', normalLike(zeros(8, 28, 28, 1))) // : Program<Key, Tensor<[8, 28, 28, 1]>>
 */
export const normalLike = <S extends Shape>(x: Tensor<S, DType>): Draw<Tensor<S>> =>
  draw('normalLike', 'normal', dims(x));

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴.
 *
 * @example
 * const draw = compile(program('key', uniform(3)), {})
 * const numbers = pipe(draw, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([0.908, 0.735, 0.69])
 */
export const uniform = <const S extends readonly number[]>(...shape: Extents<S>): Draw<Tensor<Widened<S>>> =>
  draw('uniform', 'uniform', shape);

/**
 * Uniform numbers in [0, 1), multiples of 2⁻²⁴, in the shape of `x`.
 *
 * @example
 * program('key', uniformLike(zeros(8, 28, 28, 1))) // : Program<Key, Tensor<[8, 28, 28, 1]>>
 */
export const uniformLike = <S extends Shape>(x: Tensor<S, DType>): Draw<Tensor<S>> =>
  draw('uniformLike', 'uniform', dims(x));

const coins =
  <S extends Shape>(op: string, p: number, shape: readonly unknown[]): Draw<Tensor<S, 'bool'>> =>
  (key) => {
    if (!(p >= 0 && p <= 1))
      raise('ConfigError', {
        where: op,
        expected: 'a probability in [0, 1]',
        actual: `${p}`,
        hint: 'give the chance of true',
      });
    const numbers = nodeOf(draw(op, 'uniform', shape)(key));
    return tensor(binary('less', numbers, full(p, numbers.shape)));
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
  ...shape: Extents<S>
): Draw<Tensor<Widened<S>, 'bool'>> => coins('bernoulli', p, shape);

/**
 * True with probability `p`, in the shape of `x`. Raises `ConfigError` unless it is in [0, 1].
 *
 * @example
 * program('key', bernoulliLike(0.1, iota(32))) // : Program<Key, Tensor<[32], 'bool'>>
 */
export const bernoulliLike = <S extends Shape>(p: number, x: Tensor<S, DType>): Draw<Tensor<S, 'bool'>> =>
  coins('bernoulliLike', p, dims(x));

const LARGEST = 2 ** 31 - 1;

const integers =
  <S extends Shape>(
    op: string,
    low: number,
    high: number,
    shape: readonly unknown[],
  ): Draw<Tensor<S, 'int32'>> =>
  (key) => {
    const count = high - low;
    if (![low, high].every(Number.isSafeInteger) || count < 1 || count > LARGEST || low < -LARGEST - 1 || high - 1 > LARGEST)
      raise('ConfigError', {
        where: op,
        expected: 'whole numbers low < high, of int32 and less than 2³¹ apart',
        actual: `${low} and ${high}`,
        hint: 'give the least number, and one more than the greatest',
      }); // prettier-ignore
    const bits = nodeOf(draw(op, 'bits', shape)(key));
    const within = binary('mod', bits, full(count, bits.shape, 'int32'));
    return tensor(low === 0 ? within : binary('add', within, full(low, bits.shape, 'int32')));
  };

/**
 * Uniform whole numbers, low ≤ n < high: 32 random bits modulo high − low, the same on every backend. Where the
 * range is no power of two, some of its numbers are likelier than others, by (high − low)/2³² of themselves at
 * most. Raises `ConfigError` for an empty range, or one that int32 does not hold.
 *
 * @example
 * const dice = compile(program('key', randint(1, 7, 5)), {})
 * const numbers = pipe(dice, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([3, 2, 4, 1, 6])
 */
export const randint = <const S extends readonly number[]>(
  low: number,
  high: number,
  ...shape: Extents<S>
): Draw<Tensor<Widened<S>, 'int32'>> => integers('randint', low, high, shape);

/**
 * Uniform whole numbers, low ≤ n < high, in the shape of `x`: see {@link randint}.
 *
 * @example
 * program('key', randintLike(0, 1000, zeros(32))) // : Program<Key, Tensor<[32], 'int32'>>
 */
export const randintLike = <S extends Shape>(
  low: number,
  high: number,
  x: Tensor<S, DType>,
): Draw<Tensor<S, 'int32'>> => integers('randintLike', low, high, dims(x));

/**
 * 0 … n − 1 in random order: the samples of an epoch.
 *
 * @example
 * const order = compile(program('key', permutation(5)), {})
 * const numbers = pipe(order, RTE.flatMapTaskEither(({ run }) => run(key(7))), RTE.flatMap(read))
 * await using(reference())(numbers)() // → E.right([4, 1, 0, 2, 3])
 */
export const permutation = <const N extends number>(n: Extent<N>): Draw<Tensor<[Wide<N> & Dim], 'int32'>> =>
  draw('permutation', 'permutation', [n]);
