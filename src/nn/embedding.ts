import { type Affine, constantOf, type Dim, gather, silu, type Tensor } from '../dsl/index.js';
import { F } from '../internal/fp.js';
import { normalOf } from './initializers.js';
import { collect, type Layer, parameter } from './layer.js';
import { linearLayer } from './linear.js';

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

/**
 * The embeddings of the timesteps 0…T-1, `[timesteps, size]`, row-major, in float64.
 *
 * @example
 * const table = sinusoidTable({ timesteps: 2, size: 4, sinusoid: 'ddpm' })
 * constantOf(table, 2, 4) // → [[0, 0, 1, 1], [0.841, 0.0001, 0.54, 1]]
 */
export const sinusoidTable = ({ timesteps, size, sinusoid }: SinusoidConfig): Float64Array => {
  const n = size / 2;
  const ddpm = sinusoid === 'ddpm';
  const last = ddpm ? Math.max(n - 1, 1) : n;
  return Float64Array.from({ length: timesteps * size }, (_, at) => {
    const column = at % size;
    const angle = Math.floor(at / size) * 10000 ** (-(column % n) / last);
    return column < n === ddpm ? Math.sin(angle) : Math.cos(angle);
  });
};

/** `t: [B]` → `[B, D]` */
export type EmbeddingLayer<P> = Layer<P, <B extends Dim>(index: Tensor<[B], 'int32'>) => Tensor<[B, Dim]>>;

/** The parameters of a time embedding: two affine maps. */
export interface TimeEmbeddingParams {
  readonly hidden: Affine<Dim, Dim>;
  readonly output: Affine<Dim, Dim>;
}

/**
 * Timesteps as vectors: the sinusoid of t, from a table made on the host, then affine, SiLU, affine:
 * `t: [B]` in 0…T-1 → `[B, outputs]`. DDPM (Ho et al. 2020), appendix B.
 *
 * @example
 * const layer = timeEmbedding({ timesteps: 1000, size: 64, outputs: 256, sinusoid: 'ddpm' })
 * layer.params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 * layer.params.leaves.map(({ shape }) => shape) // → [[64, 256], [256], [256, 256], [256]]
 */
export const timeEmbedding = (
  config: SinusoidConfig & { readonly outputs: number },
): EmbeddingLayer<TimeEmbeddingParams> => {
  const { timesteps, size, outputs } = config;
  const layers = {
    hidden: linearLayer({ inputs: size, outputs }),
    output: linearLayer({ inputs: outputs, outputs }),
  };
  const rows = gather(constantOf(sinusoidTable(config), timesteps, size)); // one constant, however often it is applied
  return {
    ...collect(layers),
    apply: ({ hidden, output }) =>
      F.flow(
        rows, // [B, size]
        layers.hidden.apply(hidden),
        silu,
        layers.output.apply(output),
      ),
  };
};

/** The parameters of a class embedding. */
export interface ClassEmbeddingParams {
  /** `[classes + 1, D]`; the last row stands for no class. */
  readonly table: Tensor<[Dim, Dim]>;
}

/**
 * Classes as vectors, `label: [B]` → `[B, outputs]`, drawn from N(0, 1) at first. The label `classes` is no
 * class: classifier-free guidance (Ho & Salimans 2022) trains and samples with it.
 *
 * @example
 * const layer = classEmbedding({ classes: 2, outputs: 2 })
 * const table = constantOf([1, 2, 3, 4, 0, 0], 3, 2)
 * pipe(constantOf(Int32Array.of(1, 2), 2), layer.apply({ table })) // → [[3, 4], [0, 0]]
 */
export const classEmbedding = ({
  classes,
  outputs,
}: {
  readonly classes: number;
  readonly outputs: number;
}): EmbeddingLayer<ClassEmbeddingParams> => ({
  ...collect({ table: parameter(normalOf(1), classes + 1, outputs) }),
  apply: ({ table }) => gather(table),
});
