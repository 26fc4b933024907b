import { type Affine, constantOf, type Dim, type Extent, gather, raise, silu, type Tensor } from '../../dsl/index.js';
import { LAYOUTS } from '../../dsl/ops/network/sinusoid.js';
import { natural, show } from '../../internal/decode.js';
import { F } from '../../internal/fp.js';
import { requirement, unchecked } from '../../internal/requirement.js';
import { checkedFields } from './fields.js';
import { normalOf } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';
import { linearLayer } from './layers.js';

/** The order and the frequencies of sines and cosines in an embedding, by the code that uses them: see {@link SinusoidOptions}. */
export type Sinusoid = keyof typeof LAYOUTS;

interface SinusoidConfig {
  readonly timesteps: number;
  /** The length of an embedding: an even number, twice the number of frequencies. */
  readonly size: number;
  readonly sinusoid: Sinusoid;
}

const checks = {
  timesteps: requirement('a number of timesteps, an integer ≥ 0', natural.is, '1000 is usual'),
  size: requirement('an even number', (n) => natural.is(n) && n % 2 === 0, 'half are sines, half cosines'),
  sinusoid: unchecked, // by `requireSinusoid`
};
const tableFields = checkedFields('sinusoidTable', ['timesteps', 'size'], checks);
const timeFields = checkedFields('timeEmbedding', ['timesteps', 'size', 'outputs'], checks);
const classFields = checkedFields('classEmbedding', ['classes', 'outputs']);

const requireSinusoid = (where: string, sinusoid: Sinusoid): void => {
  if (!Object.hasOwn(LAYOUTS, sinusoid))
    raise('ConfigError', {
      where: `${where}.sinusoid`,
      expected: "'ddpm' or 'guided-diffusion'",
      actual: show(sinusoid),
      hint: "choose the layout of the model whose weights you load; 'ddpm' for a new model",
    });
};

/**
 * The sinusoidal embeddings of the timesteps 0…T−1: `[timesteps, size]`, row-major, in float64. Raises `ConfigError` for
 * an odd size. Vaswani et al. 2017, section 3.5.
 * @example
 * const table = sinusoidTable({ timesteps: 2, size: 4, sinusoid: 'ddpm' })
 * constantOf(table, 2, 4) // → [[0, 0, 1, 1], [0.841, 0.0001, 0.54, 1]]
 */
export const sinusoidTable = (config: SinusoidConfig): Float64Array => {
  const { timesteps, size, sinusoid } = tableFields(config);
  requireSinusoid('sinusoidTable', sinusoid);
  const { first, shift } = LAYOUTS[sinusoid];
  const n = size / 2;
  return Float64Array.from({ length: timesteps * size }, (_, at) => {
    const column = at % size;
    const angle = Math.floor(at / size) * 10000 ** (-(column % n) / Math.max(n - shift, 1));
    return column < n === (first === 'sine') ? Math.sin(angle) : Math.cos(angle);
  });
};

/** An embedding of integers, `[B]` → `[B, D]`. */
export type EmbeddingLayer<P, D extends Dim> = Layer<P, <B extends Dim>(index: Tensor<[B], 'int32'>) => Tensor<[B, D]>>;

/** The parameters of a time embedding: two affine maps. */
export interface TimeEmbeddingParams<D extends Dim = Dim> {
  readonly hidden: Affine<Dim, D>;
  readonly output: Affine<D, D>;
}

/**
 * Looks up the sinusoid of each timestep, then applies linear, SiLU, linear. `t: [B]`, integers from 0 to timesteps − 1;
 * others are clamped. The result is `[B, outputs]`. Raises `ConfigError` for an odd size. DDPM (Ho et al. 2020), appendix B.
 * @example
 * const { params, apply } = timeEmbedding({ timesteps: 1000, size: 64, outputs: 256, sinusoid: 'ddpm' })
 * params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 * const zeroed = { hidden: { w: zeros(64, 256), b: zeros(256) }, output: { w: zeros(256, 256), b: zeros(256) } }
 * pipe(iota(8), apply(zeroed)) // : Tensor<[8, 256]>
 */
export const timeEmbedding = <const D extends number>(
  config: SinusoidConfig & { readonly outputs: Extent<D> },
): EmbeddingLayer<TimeEmbeddingParams<Channels<D>>, Channels<D>> => {
  const { timesteps, size, sinusoid, outputs } = timeFields(config);
  requireSinusoid('timeEmbedding', sinusoid);
  const table = constantOf(sinusoidTable({ timesteps, size, sinusoid }), timesteps, size);
  const parts = {
    hidden: linearLayer<number, D>({ inputs: size, outputs }),
    output: linearLayer<D, D>({ inputs: outputs, outputs }),
  };
  // [B] -> [B, size] -> [B, outputs]
  return namedLayer(
    'timeEmbedding',
    parts,
    (bound) => (t) => F.pipe(gather(table, t), bound.hidden, silu, bound.output),
  );
};

/** The parameters of a class embedding. */
export interface ClassEmbeddingParams<D extends Dim = Dim> {
  /** `[classes + 1, D]`; the last row stands for no class. */
  readonly table: Tensor<[Dim, D]>;
}

/**
 * Embeds classes: `label: [B]` → `[B, outputs]`, initially drawn from N(0, 1). The label `classes` stands for no class:
 * classifier-free guidance (Ho & Salimans 2022) trains and samples with it.
 * @example
 * const { apply } = classEmbedding({ classes: 2, outputs: 2 })
 * const table = constantOf([1, 2, 3, 4, 0, 0], 3, 2)
 * pipe(constantOf(Int32Array.of(1, 2), 2), apply({ table })) // → [[3, 4], [0, 0]]
 */
export const classEmbedding = <const D extends number>(config: {
  readonly classes: number;
  readonly outputs: Extent<D>;
}): EmbeddingLayer<ClassEmbeddingParams<Channels<D>>, Channels<D>> => {
  const { classes, outputs } = classFields(config);
  const parts = { table: parameterOf<[Dim, Channels<D>]>(normalOf(1), classes + 1, outputs) };
  return namedLayer('classEmbedding', parts, (bound) => (label) => gather(bound.table, label));
};
