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
  meanOver,
  min,
  mod,
  mul,
  onesLike,
  reshape,
  scatterAdd,
  select,
  sqrt,
  square,
  sum,
  sumOver,
  type Tensor,
} from '../dsl/index.js';
import { orRaise } from '../dsl/errors.js';
import { optionsOf } from '../dsl/options.js';
import { exactly, positive, share } from '../internal/decode.js';
import { E } from '../internal/fp.js';
import type { AdaptiveDraw, DrawMemory } from './adaptiveDraw.js';
import type { SampleLosses } from './loss.js';
import { importanceWeights, timestepsBy } from './timestepDistribution.js';

/** The last losses at each timestep, and how many there were. */
interface LossHistory {
  /** `[T, size]`, each row a ring. */
  readonly losses: Tensor<[Dim, Dim]>;
  /** `[T]`: their number; from `size` on, what it is modulo `size` is enough, and added to that. */
  readonly seen: Tensor<[Dim]>;
}

const historyOf = ({ losses, seen }: DrawMemory): LossHistory => ({ losses, seen }) as LossHistory; // as `memory` of the draw shapes them

/** Of each sample, how many before it in the batch, and how many after it, are at the same timestep: `[B]`. */
const repeats = (t: Tensor<[Dim], 'int32'>) => {
  const [B] = dims(t);
  const across = broadcastTo(B, B);
  const down = (x: Tensor<[Dim], 'int32'>) => across(reshape(B, 1)(x));
  const same = equal(down(t))(across(t));
  const count = (which: Tensor<[Dim, Dim], 'bool'>) => sumOver(1)(cast('int32')(which));
  const [one, other] = [down(iota(B)), across(iota(B))];
  return { before: count(and(less(one)(other))(same)), after: count(and(greater(one)(other))(same)) };
};

/** The history after a batch: the loss of each sample in the place of the oldest at its timestep. */
const recorded =
  ({ losses: all, seen }: LossHistory) =>
  ({ losses, t }: SampleLosses<Dim>): LossHistory => {
    const [T, size] = dims(all);
    const { before, after } = repeats(t);
    // only the last `size` losses at a timestep stay: no two of these have one place
    const stays = cast('float32')(less(size)(after));
    const place = mod(size)(add(before)(cast('int32')(gather(seen)(t))));
    const places = add(place)(mul(size)(t));
    const scattered = (updates: Tensor<[Dim]>) => reshape(T, size)(scatterAdd(places, T * size)(updates));
    const count = add(scatterAdd(t, T)(onesLike(losses)))(seen);
    return {
      losses: select(greater(0)(scattered(stays)), all)(scattered(mul(stays)(losses))),
      seen: select(less(size)(count), add(size)(mod(size)(count)))(count),
    };
  };

/** p_t ∝ √E[L_t²], `[T]`; uniform until each timestep has all its losses. */
const probabilitiesOf = ({ losses, seen }: LossHistory, uniform: number): Tensor<[Dim]> => {
  const [T, size] = dims(losses);
  const roots = sqrt(meanOver(1)(square(losses)));
  const known = and(greater(0)(sum(roots)))(greaterEqual(size)(min(seen)));
  const sizes = select(known, onesLike(roots))(roots);
  return add(uniform / T)(mul(1 - uniform)(div(sum(sizes))(sizes)));
};

interface ImportanceOptions {
  readonly size?: number;
  readonly uniform?: number;
}

const importanceOptions = optionsOf<ImportanceOptions>({
  where: 'importanceTimesteps',
  options: exactly({}, { size: positive, uniform: share }),
  hint: '{ size: 10, uniform: 0.001 } is usual',
});

/**
 * Importance sampling of timesteps: p_t ∝ √E[L_t²] over the last losses at each t, where those vary most; the mean is
 * taken with weights 1/(T·p_t), so that it is that of uniform timesteps, but varies less. Uniform until each timestep has
 * its losses. Improved DDPM (Nichol & Dhariwal 2021), section 3.3, eq. 18, which needs it for the bound alone. All of it
 * is in the graph of a step: `fit` keeps the history with its state.
 *
 * @param size - how many losses of each timestep; 10 if left out, as in the paper
 * @param uniform - the share that stays uniform, so that none is forgotten; 0.001 if left out, as in guided-diffusion
 * @example
 * const { memory, record, mean } = importanceTimesteps({ size: 1, uniform: 0 })
 * pipe(ddpm(cosine(1000)), E.map(memory)) // → E.right({ losses: [1000, 1], seen: [1000] })
 * const drawn = { losses: constantOf([1, 3], 2), t: iota(2) }
 * const after = record({ losses: zeros(2, 1), seen: zeros(2) })(drawn) // from now on p = ¼, ¾
 * mean(after)({ losses: ones(1), t: constantOf(Int32Array.of(1), 1) }) // → 0.667
 */
export const importanceTimesteps = (options: ImportanceOptions = {}): AdaptiveDraw => {
  const given = importanceOptions(options);
  const { size = 10, uniform = 1e-3 } = E.getOrElse((): ImportanceOptions => ({}))(given); // `memory` raises of others
  const probabilities = (memory: DrawMemory) => probabilitiesOf(historyOf(memory), uniform);
  return {
    name: `importance of ${size} losses, ${uniform} uniform`,
    memory: ({ schedule: { T } }) => {
      orRaise(given);
      return { losses: [T, size], seen: [T] };
    },
    draw: (memory) => timestepsBy(probabilities(memory)),
    mean:
      (memory) =>
      ({ losses, t }) =>
        mean(mul(gather(importanceWeights(probabilities(memory)))(t))(losses)),
    record: (memory) => (drawn) => ({ ...recorded(historyOf(memory))(drawn) }),
  };
};
