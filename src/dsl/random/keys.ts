/**
 * Random keys. A key is one stream of numbers: draws from it give the same numbers each time, on every backend. So **use
 * each key once**: draw from it or fork it, not both. `compile` fails with `KeyReused` otherwise.
 *
 * Keys exist on the host ({@link RandomKey}) and in programs ({@link Key}). The same names fork the same keys in both.
 */
import { countable, type Extent, type Extents, type Widened } from '../types/dim.js';
import { show } from '../../internal/decode.js';
import { dual, type Dual, type DualByKind, startsWithOperand } from '../../internal/dual.js';
import { named, raise, textOf } from '../../internal/errors.js';
import type { Distribution, Node } from '../graph/node.js';
import { binary, deriveKey, full, random } from '../primitives/index.js';
import { type AnyTensor, dims, type DType, isOperand, type Key, nodeOf, type Shape, type Tensor, tensor } from '../graph/tensor.js'; // oxfmt-ignore
import { deriveWords, type KeyWords, keyWords, wordsOfName } from '../../internal/numerics/threefry.js';

/** A key on the host: two 32-bit words, as plain data. An interface, so that errors of the compiler name it. */
export interface RandomKey extends KeyWords {}

/**
 * Makes a key from a seed. Raises `ConfigError` unless the seed is a safe integer.
 * @example key(7) // → [7, 0]
 */
export const key = (seed: number): RandomKey => keyWords(seed);

const isHost = (k: Key | RandomKey): k is RandomKey => Array.isArray(k);

const derive = <K extends Key | RandomKey>(parent: K, words: KeyWords): K => {
  if (isHost(parent) && parent.length !== 2)
    raise('ConfigError', { where: 'key', expected: 'two words', actual: show(parent), hint: 'give key(7)' });
  // the same kind as its parent
  return (isHost(parent) ? deriveWords(parent, words) : tensor(deriveKey(nodeOf(parent), words))) as K;
};

const demandName = (name: unknown): string =>
  typeof name === 'string'
    ? name
    : raise('ConfigError', { where: 'fork: name', expected: 'a string', actual: show(name), hint: "give 'noise'" });

/**
 * Derives new keys by name. The key of a name depends on the parent and the name only, not on the other names.
 * @example
 * const { noise, timestep } = fork(key(7), 'noise', 'timestep')
 * assert.notDeepEqual(noise, timestep)
 * assert.deepEqual(noise, fork(key(7), 'noise').noise)
 */
export const fork: Dual<
  <K extends Key | RandomKey, const N extends string>(parent: K, ...names: readonly N[]) => { readonly [P in N]: K },
  <const N extends string>(...names: readonly N[]) => <K extends Key | RandomKey>(parent: K) => { readonly [P in N]: K }
> = dual('fork', startsWithOperand, (parent: Key | RandomKey, ...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, derive(parent, wordsOfName(demandName(name)))])),
);

/**
 * Derives a new key from a number, such as the index of a step, an epoch or a layer. Raises `ConfigError` unless it is a
 * safe integer.
 * @example
 * const ofStep = (step: number) => foldIn(key(7), step)
 * assert.notDeepEqual(ofStep(0), ofStep(1))
 * assert.deepEqual(ofStep(1), ofStep(1))
 */
export const foldIn: Dual<
  <K extends Key | RandomKey>(parent: K, data: number) => K,
  (data: number) => <K extends Key | RandomKey>(parent: K) => K
> = dual('foldIn', 2, (parent: Key | RandomKey, data: number) => derive(parent, keyWords(data, 'foldIn')));

/** `K`, or an error message for a key of the host. */
type OfProgram<K> = K extends Key ? K : 'a key of the host: draw inside a program, from a key that it takes';

/** Draws from a key of a program. */
export type Draw<T> = <K extends Key | RandomKey>(key: OfProgram<K>) => T;

const staged = (op: string, key: Key | RandomKey): Node =>
  isHost(key)
    ? raise('DTypeError', {
        where: op,
        expected: 'a key of a program',
        actual: 'a key of the host',
        hint: "make it an input of the program, program('key', …), and pass it when the program runs",
      })
    : nodeOf(key);

/** Draws the numbers of an operation, in a shape. */
type Sample = (op: string, key: Key, shape: readonly number[], ...parameters: readonly number[]) => Node;

const draw =
  (distribution: Distribution): Sample =>
  (op, key, shape) =>
    named(op, () => random(distribution, staged(op, key), countable(op, shape)));

/** Tests if the first argument of a call is a key, of a program or (by mistake) of the host. */
const startsWithKey = ([key]: readonly unknown[]): boolean => isOperand(key) || Array.isArray(key);

/** A key, or an extent of the pipeable form. The extent is allowed here so that an error names the wrong extent. */
type KeyOrExtent<K> = [K] extends [number] ? Extent<K> : OfProgram<K>;

/** A draw of a given shape; `P` are its parameters, which come before the extents. */
type OfShape<D extends DType, P extends readonly number[] = []> = DualByKind<
  [key: Key, ...args: [...P, ...extents: readonly number[]]],
  <K extends Key | RandomKey | (P extends [] ? number : never), const S extends readonly number[]>(
    key: KeyOrExtent<K>,
    ...args: [...P, ...Extents<S>]
  ) => Tensor<Widened<S>, D>,
  <const S extends readonly number[]>(...args: [...P, ...Extents<S>]) => Draw<Tensor<Widened<S>, D>>
>;

/** A draw in the shape of another tensor; `P` are its parameters. */
type LikeTensor<D extends DType, P extends readonly number[] = []> = Dual<
  <K extends Key | RandomKey, S extends Shape>(key: OfProgram<K>, ...args: [...P, x: Tensor<S, DType>]) => Tensor<S, D>,
  <S extends Shape>(...args: [...P, x: Tensor<S, DType>]) => Draw<Tensor<S, D>>
>;

/** Makes both forms of a draw of a given shape. The first arguments after the key are `count` parameters. */
/* @__NO_SIDE_EFFECTS__ */
const ofShape = <F extends object>(op: string, sample: Sample, count = 0): F =>
  dual(op, startsWithKey, (key: Key, ...args: readonly number[]) =>
    tensor(sample(op, key, args.slice(count), ...args.slice(0, count))),
  );

/** Makes both forms of a draw in the shape of another tensor, which comes after `count` parameters. */
/* @__NO_SIDE_EFFECTS__ */
const likeTensor = <F extends object>(op: string, sample: Sample, count = 0): F =>
  dual(op, count + 2, (key: Key, ...args: readonly unknown[]) =>
    tensor(sample(op, key, dims(args[count] as AnyTensor), ...(args.slice(0, count) as readonly number[]))),
  );

/**
 * Draws standard normal numbers. Extents that are only known at run time are wide; see `ascribe`.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program('key', normal(2)), {})(key(7))) // → [1.331, 0.629]
 */
export const normal: OfShape<'float32'> = ofShape('normal', draw('normal'));

/**
 * Draws standard normal numbers in the shape of `x`.
 * @example program('key', normalLike(zeros(8, 28, 28, 1))) // : Program<Key, Tensor<[8, 28, 28, 1]>>
 */
export const normalLike: LikeTensor<'float32'> = likeTensor('normalLike', draw('normal'));

/**
 * Draws uniform numbers in [0, 1), multiples of 2⁻²⁴.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program('key', uniform(2)), {})(key(7))) // → [0.908, 0.735]
 */
export const uniform: OfShape<'float32'> = ofShape('uniform', draw('uniform'));

/**
 * Draws uniform numbers in [0, 1), multiples of 2⁻²⁴, in the shape of `x`.
 * @example program('key', uniformLike(zeros(8, 28, 28, 1))) // : Program<Key, Tensor<[8, 28, 28, 1]>>
 */
export const uniformLike: LikeTensor<'float32'> = likeTensor('uniformLike', draw('uniform'));

const coins: Sample = (op, key, shape, p: number) => {
  const hint = 'give the probability of true';
  if (!(typeof p === 'number' && p >= 0 && p <= 1))
    raise('ConfigError', { where: op, expected: 'a probability in [0, 1]', actual: textOf(p), hint });
  const numbers = draw('uniform')(op, key, shape);
  return binary('less', numbers, full(p, numbers.shape));
};

/**
 * Draws true with probability `p`. Raises `ConfigError` unless p is in [0, 1].
 * @example
 * const coins = evaluate(program('key', bernoulli(0.5, 6)), {})(key(7))
 * await using nf = await open(reference())
 * await nf.run(coins) // → [0, 0, 0, 1, 1, 1]
 */
export const bernoulli: OfShape<'bool', [p: number]> = ofShape('bernoulli', coins, 1);

/**
 * Draws true with probability `p`, in the shape of `x`. Raises `ConfigError` unless p is in [0, 1].
 * @example program('key', bernoulliLike(0.1, iota(32))) // : Program<Key, Tensor<[32], 'bool'>>
 */
export const bernoulliLike: LikeTensor<'bool', [p: number]> = likeTensor('bernoulliLike', coins, 1);

const isInt32 = (n: number): boolean => n === (n | 0);

const integers: Sample = (op, key, shape, low: number, high: number) => {
  const count = [low, high].every(Number.isInteger) ? high - low : 0;
  if (count < 1 || ![low, high - 1, count].every(isInt32))
    raise('ConfigError', {
      where: op,
      expected: 'int32 integers low < high, less than 2³¹ apart',
      actual: `${textOf(low)} and ${textOf(high)}`,
      hint: 'low is the smallest result, and high is one more than the greatest',
    });
  const bits = draw('bits')(op, key, shape);
  const within = binary('mod', bits, full(count, bits.shape, 'int32'));
  return low === 0 ? within : binary('add', within, full(low, bits.shape, 'int32'));
};

/**
 * Draws uniform integers, low ≤ n < high: 32 random bits modulo high − low, the same on every backend. Unless high − low
 * is a power of two, some numbers are more likely than others, by a factor of at most 1 + (high − low)/2³². Raises
 * `ConfigError` for an empty range, or one that exceeds int32.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program('key', randint(1, 7, 3)), {})(key(7))) // → [3, 2, 4]
 */
export const randint: OfShape<'int32', [low: number, high: number]> = ofShape('randint', integers, 2);

/**
 * Draws uniform integers, low ≤ n < high, in the shape of `x`; see {@link randint}.
 * @example program('key', randintLike(0, 1000, zeros(32))) // : Program<Key, Tensor<[32], 'int32'>>
 */
export const randintLike: LikeTensor<'int32', [low: number, high: number]> = likeTensor('randintLike', integers, 2);

/**
 * Draws a random permutation of 0 … n − 1, such as the order of the samples of an epoch.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program('key', permutation(4)), {})(key(7))) // → [3, 1, 0, 2]
 */
export const permutation: Dual<
  <K extends Key | RandomKey, const N extends number>(key: OfProgram<K>, n: Extent<N>) => Tensor<Widened<[N]>, 'int32'>,
  <const N extends number>(n: Extent<N>) => Draw<Tensor<Widened<[N]>, 'int32'>>
> = dual('permutation', 2, (key: Key, n: number) => tensor(draw('permutation')('permutation', key, [n])));
