import { type Key, mul, normal, ones, type Shape, sub, type Tensor, uniform, zeros } from '../dsl/index.js';
import { namedFields } from '../dsl/options.js';
/** How parameters begin. */

/** A tensor of the given extents, drawn from a key when the program runs. */
export type Initializer = (extents: readonly number[]) => (key: Key) => Tensor<Shape>;

/** How a kernel is read. */
export interface FanIn {
  /** How many of its last axes are outputs: 1 if left out, 2 for heads of features, `[C, heads, d]`. */
  readonly outputs?: number;
}

/** The number of inputs that each output sums over: for `[KH, KW, C, D]` and `[C, D]`, all but the last axis. */
const fanIn = (extents: readonly number[], { outputs = 1 }: FanIn): number =>
  extents.slice(0, extents.length - outputs).reduce((a, b) => a * b, 1);

const fields = namedFields('an initializer', {}, ['outputs']);

/**
 * N(0, scale / fanIn): at scale 1 the outputs vary as the inputs do (LeCun et al. 1998), at scale 2 also
 * after a ReLU (He et al. 2015). fanIn is the number of inputs that each output sums over: the
 * product of all extents but the last, or those that {@link FanIn} says.
 *
 * @example
 * const spread = program({ k: 'key' }, ({ k }) => variance(fanInNormal(2)([64, 128])(k)))
 * await pipe(
 *   compile(spread, {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([2 / 64])
 */
export const fanInNormal =
  (scale = 1, axes: FanIn = {}): Initializer =>
  (extents) => {
    const deviation = Math.sqrt(scale / fanIn(extents, fields(axes)));
    return (key) => mul(deviation)(normal(...extents)(key));
  };

/**
 * U(−a, a) of the variance scale / fanIn, a = √(3·scale / fanIn). With scale 1/3 a is 1/√fanIn, as PyTorch
 * begins its layers.
 *
 * @example
 * const largest = program({ k: 'key' }, ({ k }) => max(abs(fanInUniform(1 / 3)([64, 128])(k))))
 * await pipe(
 *   compile(largest, {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([1 / Math.sqrt(64)])
 */
export const fanInUniform =
  (scale = 1, axes: FanIn = {}): Initializer =>
  (extents) => {
    const bound = Math.sqrt((3 * scale) / fanIn(extents, fields(axes)));
    return (key) => sub(bound)(mul(2 * bound)(uniform(...extents)(key)));
  };

/**
 * N(0, deviation²), whatever the extents.
 *
 * @example
 * await pipe(
 *   compile(program({ k: 'key' }, ({ k }) => normalOf(0.5)([3])(k)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([0.666, 0.314, 0.248])
 */
export const normalOf =
  (deviation: number): Initializer =>
  (extents) =>
  (key) =>
    mul(deviation)(normal(...extents)(key));

/**
 * Zeros: for biases, and for layers that add nothing at first.
 *
 * @example
 * parameter(allZeros, 3, 3, 64, 64) // : Trainable<Tensor<[3, 3, 64, 64]>>
 */
export const allZeros: Initializer = (extents) => () => zeros(...extents);

/**
 * Ones: for scales.
 *
 * @example
 * parameter(allOnes, 64) // : Trainable<Tensor<[64]>>
 */
export const allOnes: Initializer = (extents) => () => ones(...extents);
