import {
  type Affine,
  constantOf,
  type Dim,
  type Extent,
  gather,
  silu,
  type Tensor,
  type Wide,
} from '../dsl/index.js';
import { orRaise } from '../dsl/errors.js';
import { exactly } from '../internal/decode.js';
import { F, t } from '../internal/fp.js';
import { normalOf } from './initializers.js';
import { collect, parameter, type Trainable, type TrainableLayer } from './layer.js';
import { linearLayer } from './linear.js';
import { requirement } from './requirement.js';
import { namedFields, optionsOf } from '../dsl/options.js';

/**
 * How a timestep becomes sines and cosines, by the code that does it so:
 * - `ddpm` (Ho et al. 2020): sines first, frequencies 10000^(−i/(n−1)), from 1 to 1/10000;
 * - `guided-diffusion` (Dhariwal & Nichol 2021): cosines first, frequencies 10000^(−i/n),
 *
 * with n the number of frequencies, half the size.
 */
export type Sinusoid = 'ddpm' | 'guided-diffusion';

interface SinusoidConfig {
  readonly timesteps: number;
  /** The length of an embedding, even. */
  readonly size: number;
  readonly sinusoid: Sinusoid;
}

const sinusoidFields = {
  timesteps: t.number,
  size: t.number,
  sinusoid: t.keyof({ ddpm: null, 'guided-diffusion': null }, "'ddpm' or 'guided-diffusion'"),
};
const hint = 'size is the length of an embedding, of which half are sines';
const sinusoidOptions = optionsOf({ where: 'sinusoidTable', options: exactly(sinusoidFields), hint });
const timeOptions = optionsOf({
  where: 'timeEmbedding',
  options: exactly({ ...sinusoidFields, outputs: t.number }),
  hint,
});

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const requireSize = requirement(
  'an even number',
  (n) => isCount(n) && n % 2 === 0,
  'half are sines, half cosines',
);
const requireClasses = requirement('an integer ≥ 0', isCount, 'no class has a row of its own');

/**
 * The embeddings of the timesteps 0…T-1, `[timesteps, size]`, row-major, in float64. Raises `ConfigError` for
 * an odd size.
 *
 * @example
 * const table = sinusoidTable({ timesteps: 2, size: 4, sinusoid: 'ddpm' })
 * constantOf(table, 2, 4) // → [[0, 0, 1, 1], [0.841, 0.0001, 0.54, 1]]
 */
export const sinusoidTable = (config: SinusoidConfig): Float64Array => {
  const { timesteps, size, sinusoid } = orRaise(sinusoidOptions(config));
  requireSize('sinusoidTable.size', size);
  const n = size / 2;
  const ddpm = sinusoid === 'ddpm';
  const last = ddpm ? Math.max(n - 1, 1) : n;
  return Float64Array.from({ length: timesteps * size }, (_, at) => {
    const column = at % size;
    const angle = Math.floor(at / size) * 10000 ** (-(column % n) / last);
    return column < n === ddpm ? Math.sin(angle) : Math.cos(angle);
  });
};

/** Integers as vectors, `[B]` → `[B, D]`. */
export type EmbeddingLayer<P, D extends Dim> = TrainableLayer<
  P,
  <B extends Dim>(index: Tensor<[B], 'int32'>) => Tensor<[B, D]>
>;

/** The parameters of a time embedding: two affine maps. */
export interface TimeEmbeddingParams<D extends Dim = Dim> {
  readonly hidden: Affine<Dim, D>;
  readonly output: Affine<D, D>;
}

/**
 * Timesteps as vectors: the sinusoid of t, from a table made on the host, then affine, SiLU, affine:
 * `t: [B]` in 0…T-1 → `[B, outputs]`. DDPM (Ho et al. 2020), appendix B.
 *
 * @example
 * const layer = timeEmbedding({ timesteps: 1000, size: 64, outputs: 256, sinusoid: 'ddpm' })
 * layer.params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 * layer.params.leaves.map(({ shape }) => shape) // → [[64, 256], [256], [256, 256], [256]]
 * const params = {
 *   hidden: { w: zeros(64, 256), b: zeros(256) },
 *   output: { w: zeros(256, 256), b: zeros(256) },
 * }
 * pipe(iota(8), layer.apply(params)) // : Tensor<[8, 256]>
 */
export const timeEmbedding = <const D extends number>(
  given: SinusoidConfig & { readonly outputs: Extent<D> },
): EmbeddingLayer<TimeEmbeddingParams<Wide<D> & Dim>, Wide<D> & Dim> => {
  orRaise(timeOptions(given));
  const { outputs, ...config } = given;
  const { timesteps, size } = config;
  const layers = {
    hidden: linearLayer<number, D>({ inputs: size, outputs }),
    output: linearLayer<D, D>({ inputs: outputs, outputs }),
  };
  const sinusoids = constantOf(sinusoidTable(config), timesteps, size);
  return {
    // the same shapes, which the compiler does not compare while D is open
    ...(collect(layers) as Trainable<TimeEmbeddingParams<Wide<D> & Dim>>),
    apply: (params) => (t) =>
      F.pipe(
        gather(sinusoids)(t), // [B, size]
        layers.hidden.apply(params.hidden),
        silu,
        layers.output.apply(params.output),
      ),
  };
};

/** The parameters of a class embedding. */
export interface ClassEmbeddingParams<D extends Dim = Dim> {
  /** `[classes + 1, D]`; the last row stands for no class. */
  readonly table: Tensor<[Dim, D]>;
}

const classFields = namedFields('classEmbedding', {
  classes: 'a number of classes',
  outputs: 'a number of channels',
});

/**
 * Classes as vectors, `label: [B]` → `[B, outputs]`, drawn from N(0, 1) at first. The label `classes` is no
 * class: classifier-free guidance (Ho & Salimans 2022) trains and samples with it.
 *
 * @example
 * const layer = classEmbedding({ classes: 2, outputs: 2 })
 * const table = constantOf([1, 2, 3, 4, 0, 0], 3, 2)
 * pipe(constantOf(Int32Array.of(1, 2), 2), layer.apply({ table })) // → [[3, 4], [0, 0]]
 */
export const classEmbedding = <const D extends number>(config: {
  readonly classes: number;
  readonly outputs: Extent<D>;
}): EmbeddingLayer<ClassEmbeddingParams<Wide<D> & Dim>, Wide<D> & Dim> => {
  const { classes, outputs } = classFields(config);
  requireClasses('classEmbedding.classes', classes);
  return {
    // the same shapes, which the compiler does not compare while D is open
    ...(collect({ table: parameter(normalOf(1), classes + 1, outputs) }) as Trainable<
      ClassEmbeddingParams<Wide<D> & Dim>
    >),
    apply: ({ table }) => gather(table),
  };
};
