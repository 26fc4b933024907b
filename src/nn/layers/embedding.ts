/** Embeddings of times and of classes. */
import {
  add,
  addBias,
  type Affine,
  concatAll,
  type Dim,
  dims,
  dtypeOf,
  expandDims,
  type Extent,
  matmul,
  mul,
  silu,
  sub,
  sumPerSample,
  type Tensor,
  zeros,
} from '../../dsl/index.js';
import type { Classes } from '../../conditions/values.js';
import type { Exact } from '../../internal/exact.js';
import { F, t } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import { channels, count, noClass } from './fields.js';
import { allZeros, normalOf } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';
import { linearLayer } from './layers.js';
import { rowOrNaN } from './outOfRange.js';
import { featureFields, featuresOf, frequenciesOf, type TimeFeaturesConfig, type Times } from './timeFeatures.js';

/** The parameters of a time embedding: two affine maps, and the frequencies if they are random. */
export interface TimeEmbeddingParams<D extends Dim = Dim> {
  readonly hidden: Affine<Dim, D>;
  readonly output: Affine<D, D>;
  readonly frequencies?: Tensor<[Dim]>;
}

/** An embedding of times, `[B]` → `[B, D]`. `more: [B, size]` is added to the sines and cosines. */
export type TimeEmbedding<D extends Dim = Dim> = Layer<
  TimeEmbeddingParams<D>,
  <B extends Dim>(t: Times<B>, more?: Tensor<[NoInfer<B>, Dim]>) => Tensor<[B, D]>
>;

interface TimeEmbeddingConfig<D> extends TimeFeaturesConfig {
  readonly outputs: Extent<D>;
}

const timeOptions = schema('timeEmbedding', { ...featureFields, outputs: channels } satisfies Record<
  keyof TimeEmbeddingConfig<0>,
  unknown
>);

/**
 * Sines and cosines of the times, then linear, SiLU, linear: `t: [B]` → `[B, outputs]`. Timesteps are integers from 0 to
 * timesteps − 1, or fractional times below `timesteps`; others give NaN. `timesteps: 'continuous'` takes times of any size. Raises
 * `ConfigError` for invalid options. DDPM (Ho et al. 2020), appendix B.
 * @example
 * const { params, apply } = timeEmbedding({ timesteps: 1000, size: 64, outputs: 256, sinusoid: 'ddpm' })
 * params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 * const zeroed = { hidden: { w: zeros(64, 256), b: zeros(256) }, output: { w: zeros(256, 256), b: zeros(256) } }
 * pipe(iota(8), apply(zeroed)) // : Tensor<[8, 256]>
 */
export const timeEmbedding = <const D extends number, G = unknown>(
  config: Exact<G, keyof TimeEmbeddingConfig<0>> & TimeEmbeddingConfig<D>,
): TimeEmbedding<Channels<D>> => {
  const { outputs, ...features } = timeOptions.demand<TimeEmbeddingConfig<D>>(config);
  const parts = {
    ...(features.sinusoid === 'fourier' && { frequencies: frequenciesOf(features.size) }),
    hidden: linearLayer<number, D>({ inputs: features.size, outputs }),
    output: linearLayer<D, D>({ inputs: outputs, outputs }),
  };
  const of = featuresOf(features); // one table, even if the layer is applied several times
  return namedLayer('timeEmbedding', parts, ({ frequencies, hidden, output }) => (t, more) => {
    const sines = of(frequencies)(t); // [B, size]
    return F.pipe(more === undefined ? sines : add(sines, more), hidden, silu, output);
  });
};

/** An embedding of classes, `[B]` or `[B, classes]` → `[B, D]`. */
export type ClassEmbedding<D extends Dim = Dim> = Layer<
  ClassEmbeddingParams<D>,
  <B extends Dim>(label: Classes<B>) => Tensor<[B, D]>
>;

/** The parameters of a class embedding. */
export interface ClassEmbeddingParams<D extends Dim = Dim> {
  /** `[classes, D]`, or `[classes + 1, D]` if the last row stands for no class. */
  readonly table: Tensor<[Dim, D]>;
  /** `[D]`, if the embedding is affine. */
  readonly b?: Tensor<[D]>;
}

/**
 * The embedding of the label `classes`, which means no class: a `row` of the table; `zero`, as in EDM; or `never`, for a model that
 * requires a class, such as guided-diffusion's.
 */
export type NoClass = 'row' | 'zero' | 'never';

interface ClassEmbeddingConfig<D> {
  readonly classes: number;
  readonly outputs: Extent<D>;
  readonly noClass?: NoClass;
  readonly affine?: boolean;
}

const classOptions = schema('classEmbedding', {
  classes: count('a number of classes'),
  outputs: channels,
  noClass: optional(noClass, 'row'),
  affine: optional(t.boolean, false),
} satisfies Record<keyof ClassEmbeddingConfig<0>, unknown>);

/**
 * Embeds classes: `label: [B]` → `[B, outputs]`, by the rows of a table that is initially drawn from N(0, 1). The label
 * `classes` stands for no class, by {@link NoClass}: classifier-free guidance (Ho & Salimans 2022) trains and samples with
 * it. Other labels give NaN. Weights of the classes, `[B, classes]`, give the weighted sum of their rows, in which the row of no
 * class has what they leave to 1, which is negative for a larger sum: zeros mean no class, if there is such a row. With `affine` the result is √classes·row + b, as in the DDPM++ network of EDM (Karras et al. 2022).
 * @example
 * const { apply } = classEmbedding({ classes: 2, outputs: 2 })
 * const table = constantOf([1, 2, 3, 4, 0, 0], 3, 2)
 * pipe(constantOf(Int32Array.of(1, 2), 2), apply({ table })) // → [[3, 4], [0, 0]]
 * pipe(constantOf([0.5, 0.5], 1, 2), apply({ table })) // → [[2, 3]]
 */
export const classEmbedding = <const D extends number, G = unknown>(
  config: Exact<G, keyof ClassEmbeddingConfig<0>> & ClassEmbeddingConfig<D>,
): ClassEmbedding<Channels<D>> => {
  const { classes, outputs, noClass: none, affine } = classOptions.demand<ClassEmbeddingConfig<D>>(config);
  const rows = none === 'row' ? classes + 1 : classes;
  const parts = {
    table: parameterOf<[Dim, Channels<D>]>(normalOf(1), rows, outputs),
    ...(affine && { b: parameterOf<[Channels<D>]>(allZeros, outputs) }),
  };
  return namedLayer('classEmbedding', parts, ({ table, b }) => (label) => {
    const row = rowsAt(table, label, none);
    return b === undefined ? row : addBias(mul(Math.sqrt(classes), row), b);
  });
};

/** The rows of labels, or the weighted sums of rows: `[B, D]`. */
const rowsAt = <B extends Dim, D extends Dim>(
  table: Tensor<[Dim, D]>,
  label: Classes<B>,
  noClass: NoClass,
): Tensor<[B, D]> => {
  if (isWeights(label)) return matmul(noClass === 'row' ? withRest(label) : label, table);
  const none = zeros(1, dims(table)[1] as number) as Tensor<[Dim, D]>; // programs are traced with numbers
  return rowOrNaN(noClass === 'zero' ? (concatAll([table, none], 0) as typeof table) : table, label);
};

/** Weights of classes, and what they leave to 1, which is the weight of no class: `[B, classes + 1]`. */
const withRest = <B extends Dim>(weights: Tensor<[B, Dim]>): Tensor<[B, Dim]> =>
  concatAll([weights, expandDims(sub(1, sumPerSample(weights)), 1)], 1) as Tensor<[B, Dim]>;

const isWeights = <B extends Dim>(label: Classes<B>): label is Tensor<[B, Dim]> => dtypeOf(label) === 'float32';
