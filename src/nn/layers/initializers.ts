/** Initial values of parameters. */
import { type Key, mul, normal, ones, type Shape, sub, type Tensor, uniform, zeros } from '../../dsl/index.js';
import { amount, hinted } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { sizeOf } from '../../internal/numbers.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { count } from './fields.js';

/** A tensor of the given extents, drawn from a key when the program runs. */
export type Initializer = (key: Key, ...extents: readonly number[]) => Tensor<Shape>;

const fanInFields = {
  /** The number of trailing axes that are outputs; default 1. Use 2 for attention heads, `[C, heads, d]`. */
  outputs: optional(count('a number of axes', '1 is usual, 2 for attention heads'), 1),
};

/** Options of initializers that depend on the fan-in. */
export interface FanIn extends OptionsOf<typeof fanInFields> {}

const [normalOptions, uniformOptions] = [schema('fanInNormal', fanInFields), schema('fanInUniform', fanInFields)];

const scaleIn = (where: string) => argument(`${where}: scale`, hinted(amount, '1 is usual, 2 before a ReLU'));

/** The number of inputs that each output sums over. */
const fanInOf = (extents: readonly number[], { outputs }: Required<FanIn>): number =>
  sizeOf(extents.slice(0, extents.length - outputs));

/**
 * N(0, scale/fanIn). Scale 1 keeps the variance of the inputs (LeCun et al. 1998), scale 2 keeps it after a ReLU (He et
 * al. 2015). fanIn is the number of inputs that each output sums over: the product of all extents except those of the
 * output axes, see {@link FanIn}.
 * @example
 * const spread = program('key', (k) => variance(fanInNormal(2)(k, 64, 128)))
 * await using nf = await open(reference())
 * await nf.run(evaluate(spread, {})(key(7))) // → [2 / 64]
 */
export const fanInNormal = <G = unknown>(scale = 1, axes?: Exact<G, keyof FanIn> & FanIn): Initializer => {
  const options = normalOptions.demand(axes);
  scaleIn('fanInNormal').demand(scale);
  return (key, ...extents) => mul(Math.sqrt(scale / fanInOf(extents, options)), normal(key, ...extents));
};

/**
 * U(−a, a) with variance scale/fanIn: a = √(3·scale/fanIn). Scale 1/3 gives a = 1/√fanIn, the default of PyTorch's layers.
 * @example
 * const largest = program('key', (k) => max(abs(fanInUniform(1 / 3)(k, 64, 128))))
 * await using nf = await open(reference())
 * await nf.run(evaluate(largest, {})(key(7))) // → [1 / Math.sqrt(64)]
 */
export const fanInUniform = <G = unknown>(scale = 1, axes?: Exact<G, keyof FanIn> & FanIn): Initializer => {
  const options = uniformOptions.demand(axes);
  scaleIn('fanInUniform').demand(scale);
  return (key, ...extents) => {
    const a = Math.sqrt((3 * scale) / fanInOf(extents, options));
    return sub(mul(2 * a, uniform(key, ...extents)), a);
  };
};

/**
 * N(0, deviation²), for any shape.
 * @example
 * await using nf = await open(reference())
 * await nf.run(evaluate(program('key', (k) => normalOf(0.5)(k, 3)), {})(key(7))) // → [0.666, 0.314, 0.248]
 */
export const normalOf =
  (deviation: number): Initializer =>
  (key, ...extents) =>
    mul(deviation, normal(key, ...extents));

/**
 * Zeros: for biases, and for layers that initially add nothing.
 * @example parameter(allZeros, 3, 3, 64, 64) // : Layer<Tensor<[3, 3, 64, 64]>, Tensor<[3, 3, 64, 64]>>
 */
export const allZeros: Initializer = (_, ...extents) => zeros(...extents);

/**
 * Ones: for scales.
 * @example parameter(allOnes, 64) // : Layer<Tensor<[64]>, Tensor<[64]>>
 */
export const allOnes: Initializer = (_, ...extents) => ones(...extents);
