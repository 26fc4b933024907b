/** Initial values of parameters. */
import { namedFields } from '../../dsl/options.js';
import { type Key, mul, normal, ones, type Shape, sub, type Tensor, uniform, zeros } from '../../dsl/index.js';
import { isCount, requirement } from '../requirement.js';

/** A tensor of the given extents, drawn from a key when the program runs. */
export type Initializer = (extents: readonly number[]) => (key: Key) => Tensor<Shape>;

/** The axes of a kernel that are outputs. */
export interface FanIn {
  /** The number of its last axes that are outputs; default 1. Use 2 for attention heads, `[C, heads, d]`. */
  readonly outputs?: number;
}

const requireOutputs = requirement('a number of axes, an integer ≥ 0', isCount, '1 is usual, 2 for attention heads');

/**
 * The number of inputs that each output sums over, for the initializer `where`: for `[KH, KW, C, D]` and `[C, D]`, all but
 * the last axis.
 */
const fanInOf = (where: string, axes: FanIn) => {
  const { outputs = 1 } = namedFields(where, {}, ['outputs'])(axes);
  requireOutputs(`${where}.outputs`, outputs);
  return (extents: readonly number[]): number => extents.slice(0, extents.length - outputs).reduce((a, b) => a * b, 1);
};

/**
 * N(0, scale/fanIn). Scale 1 keeps the variance of the inputs (LeCun et al. 1998), scale 2 keeps it after a ReLU (He et al.
 * 2015). fanIn is the number of inputs that each output sums over: the product of all extents except the last, or of
 * those that are not outputs by {@link FanIn}.
 * @example
 * const spread = program({ k: 'key' }, ({ k }) => variance(fanInNormal(2)([64, 128])(k)))
 * await pipe(
 *   compile(spread, {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([2 / 64])
 */
export const fanInNormal = (scale = 1, axes: FanIn = {}): Initializer => {
  const inputs = fanInOf('fanInNormal', axes);
  return (extents) => {
    const deviation = Math.sqrt(scale / inputs(extents));
    return (key) => mul(deviation, normal(key, ...extents));
  };
};

/**
 * U(−a, a) with variance scale/fanIn: a = √(3·scale/fanIn). Scale 1/3 gives a = 1/√fanIn, the default of PyTorch's layers.
 * @example
 * const largest = program({ k: 'key' }, ({ k }) => max(abs(fanInUniform(1 / 3)([64, 128])(k))))
 * await pipe(
 *   compile(largest, {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ k: key(7) })),
 *   RTE.flatMap(read),
 *   using(reference()),
 * )() // → E.right([1 / Math.sqrt(64)])
 */
export const fanInUniform = (scale = 1, axes: FanIn = {}): Initializer => {
  const inputs = fanInOf('fanInUniform', axes);
  return (extents) => {
    const bound = Math.sqrt((3 * scale) / inputs(extents));
    return (key) => sub(mul(2 * bound, uniform(key, ...extents)), bound);
  };
};

/**
 * N(0, deviation²), for any shape.
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
    mul(deviation, normal(key, ...extents));

/**
 * Zeros: for biases, and for layers that initially add nothing.
 * @example parameter(allZeros, 3, 3, 64, 64) // : Layer<Tensor<[3, 3, 64, 64]>, Tensor<[3, 3, 64, 64]>>
 */
export const allZeros: Initializer = (extents) => () => zeros(...extents);

/**
 * Ones: for scales.
 * @example parameter(allOnes, 64) // : Layer<Tensor<[64]>, Tensor<[64]>>
 */
export const allOnes: Initializer = (extents) => () => ones(...extents);
