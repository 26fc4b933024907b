import {
  add,
  ascribeLike,
  concat,
  type Dim,
  dims,
  type Key,
  mod,
  neg,
  randint,
  randintLike,
  type Shape,
  slice,
  table,
  type Tensor,
} from '../../dsl/index.js';
import { F } from '../../internal/fp.js';
import { perSample } from '../process/batch.js';
import type { Process } from '../process/process.js';
import { demanding } from '../../internal/takes.js';
import { processPart } from '../parts.js';

/** Draws the timesteps of a batch, `[B]` int32 in 0…T-1. Uses only the size of the batch. */
export type TimestepDraw = (
  process: Process,
) => <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) => (key: Key) => Tensor<[B], 'int32'>;

/**
 * Draws t ~ Uniform{0, …, T-1} for each sample of a batch, `[B]`.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => uniformTimesteps(process)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [674, 369, 607, 408]
 */
export const uniformTimesteps: TimestepDraw = demanding<TimestepDraw>(
  'uniformTimesteps',
  { process: processPart },
  ({ schedule: { T } }) =>
    (batch) =>
      randintLike(0, T, perSample(batch)),
);

/**
 * Stratified timesteps: one uniform draw u for a batch, and steps of T/B from it, t_i = (u + ⌊i·T/B⌋) mod T. Each t_i is
 * uniform, so the loss has the same mean as with {@link uniformTimesteps}. It has less variance, because a batch covers all
 * noise levels evenly (Kingma et al. 2021, appendix I.1).
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => stratifiedTimesteps(process)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [674, 924, 174, 424]
 */
export const stratifiedTimesteps: TimestepDraw = demanding<TimestepDraw>(
  'stratifiedTimesteps',
  { process: processPart },
  ({ schedule: { T } }) =>
    (batch) => {
      const [B] = dims(batch);
      const offsets = table(Int32Array.from({ length: B }, (_, i) => Math.floor((i * T) / B)));
      return (key) => mod(add(ascribeLike(offsets, perSample(batch)), randint(key, 0, T)), T);
    },
);

/**
 * Antithetic timesteps, in pairs t and T-1-t: draws half of a batch uniformly, `[⌈B/2⌉]`, and mirrors it for the other half
 * (without a mirror for the last of an odd batch). Each t is uniform, and a trend of the loss along the noise levels
 * cancels within pairs. As in the published code of DDIM (Song et al. 2021).
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const draw = program({ k: 'key' }, ({ k }) => antitheticTimesteps(process)(zeros(4))(k))
 * await using nf = await open(reference())
 * await nf.run(evaluate(draw, {})({ k: key(7) })) // → [674, 369, 325, 630]
 */
export const antitheticTimesteps: TimestepDraw = demanding<TimestepDraw>(
  'antitheticTimesteps',
  { process: processPart },
  ({ schedule: { T } }) =>
    (batch) => {
      const [B] = dims(batch);
      return (key) => {
        const half: Tensor<[Dim], 'int32'> = randint(key, 0, T, Math.ceil(B / 2));
        const mirrored: Tensor<[Dim], 'int32'> = add(neg(half), T - 1);
        const pairs: Tensor<[Dim], 'int32'> = F.pipe(half, concat(mirrored));
        return F.pipe(pairs, slice(0, 0, B), ascribeLike(perSample(batch)));
      };
    },
);
