import {
  add,
  and,
  broadcastTo,
  cast,
  type Dim,
  dims,
  div,
  equal,
  gather,
  greater,
  greaterEqual,
  iota,
  less,
  mean,
  min,
  mod,
  mul,
  onesLike,
  reshape,
  scatterAdd,
  sqrt,
  square,
  sum,
  type Tensor,
  where,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { hinted, positive, share } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { AdaptiveDraw, DrawMemory } from './adaptiveDraw.js';
import { wholeTimesteps } from '../paths/discretePath.js';
import { requireDiscrete } from '../paths/noising.js';
import type { SampleLosses } from './objective.js';
import { DRAW, requireCalled } from './requireCalled.js';
import { importanceWeights, timestepsBy } from './timestepsBy.js';

/** The last losses at each timestep, and how many losses were recorded. */
interface LossHistory {
  /** `[T, size]`; each row is a ring buffer. */
  readonly losses: Tensor<[Dim, Dim]>;
  /** `[T]`: the number n of recorded losses; if n ≥ `size`, the stored number is `size` + n mod `size`. */
  readonly seen: Tensor<[Dim]>;
}

const historyOf = ({ losses, seen }: DrawMemory): LossHistory => ({ losses, seen }) as LossHistory; // `memory` of the draw gives these shapes

/** For each sample, the number of samples before and after it in the batch at the same timestep: `[B]`. */
const repeats = (t: Tensor<[Dim], 'int32'>) => {
  const [B] = dims(t);
  const across = broadcastTo(B, B);
  const down = (x: Tensor<[Dim], 'int32'>) => across(reshape(x, B, 1));
  const same = equal(across(t), down(t));
  const count = (which: Tensor<[Dim, Dim], 'bool'>) => sum(cast(which, 'int32'), 1);
  const [one, other] = [down(iota(B)), across(iota(B))];
  return { before: count(and(same, less(other, one))), after: count(and(same, greater(other, one))) };
};

/** The history after a batch: the loss of each sample replaces the oldest at its timestep. */
const recorded =
  ({ losses: all, seen }: LossHistory) =>
  ({ losses, t: times }: SampleLosses<Dim>): LossHistory => {
    const t = wholeTimesteps(times);
    const [T, size] = dims(all);
    const { before, after } = repeats(t);
    // stores only the last `size` losses at a timestep, so that no two get the same place
    const stays = cast(less(after, size), 'float32');
    const place = mod(add(cast(gather(seen, t), 'int32'), before), size);
    const places = add(mul(t, size), place);
    const scattered = (updates: Tensor<[Dim]>) => reshape(scatterAdd(updates, places, T * size), T, size);
    const count = add(seen, scatterAdd(onesLike(losses), t, T));
    return {
      losses: where(greater(scattered(stays), 0), scattered(mul(losses, stays)), all),
      seen: where(less(count, size), count, add(mod(count, size), size)),
    };
  };

/** p_t ∝ √E[L_t²], `[T]`; uniform until each timestep has `size` losses. */
const probabilitiesOf = ({ losses, seen }: LossHistory, uniform: number): Tensor<[Dim]> => {
  const [T, size] = dims(losses);
  const roots = sqrt(mean(square(losses), 1));
  const known = and(greaterEqual(min(seen), size), greater(sum(roots), 0));
  const sizes = where(known, roots, onesLike(roots));
  return add(mul(div(sizes, sum(sizes)), 1 - uniform), uniform / T);
};

const importance = schema('importanceTimesteps', {
  /** The number of losses kept for each timestep; 10 if left out, as in the paper. */
  size: optional(hinted(positive, '10 is usual'), 10),
  /** The share of the uniform distribution in the probabilities, so that none is 0; 0.001 if left out, as in guided-diffusion. */
  uniform: optional(hinted(share, '0.001 is usual'), 1e-3),
});

interface ImportanceOptions extends OptionsOf<typeof importance> {}

/**
 * Importance sampling of timesteps: p_t ∝ √E[L_t²] over the last losses at each t, and the loss has weights 1/(T·p_t), so its mean
 * is that of uniform timesteps with less variance. Uniform until each timestep has `size` losses. Improved DDPM (Nichol & Dhariwal
 * 2021), section 3.3, eq. 18, which uses it for the variational bound only. The draw is part of the graph of a training step: `fit`
 * keeps the history in its state.
 *
 * @param size - the number of losses kept for each timestep; 10 if left out, as in the paper
 * @param uniform - the uniform share of the probabilities, which keeps all above 0; 0.001 if left out, as in guided-diffusion
 * @example
 * const { memory, record, mean } = importanceTimesteps({ size: 1, uniform: 0 })
 * const noising = unwrap(ddpm(cosine(1000)))
 * memory(noising) // → { losses: [1000, 1], seen: [1000] }
 * const samples = { losses: constantOf([1, 3], 2), t: iota(2) }
 * const after = record({ losses: zeros(2, 1), seen: zeros(2) })(samples) // from now on p = ¼, ¾
 * mean(after, noising)({ losses: ones(1), t: constantOf(Int32Array.of(1), 1) }) // → 0.667
 */
export const importanceTimesteps = <G = unknown>(
  options?: Exact<G, keyof ImportanceOptions> & ImportanceOptions,
): AdaptiveDraw => {
  requireCalled(DRAW, 'importanceTimesteps()', options);
  const { size, uniform } = importance.demand(options);
  const probabilities = (memory: DrawMemory) => probabilitiesOf(historyOf(memory), uniform);
  return {
    name: `importance of ${size} losses, ${uniform} uniform`,
    memory: (noising) => {
      const { T } = requireDiscrete('importanceTimesteps', noising).schedule;
      return { losses: [T, size], seen: [T] };
    },
    draw: (memory) => timestepsBy(probabilities(memory)),
    mean:
      (memory) =>
      ({ losses, t }) =>
        mean(mul(losses, gather(importanceWeights(probabilities(memory)), wholeTimesteps(t)))),
    record: (memory) => (samples) => ({ ...recorded(historyOf(memory))(samples) }),
  };
};
