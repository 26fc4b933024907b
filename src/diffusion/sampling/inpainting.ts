import {
  add,
  type Dim,
  fork,
  type Key,
  mul,
  normalLike,
  onesLike,
  type Shape,
  sub,
  type Tensor,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { hinted, positive } from '../../internal/decode.js';
import { E, type either } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Channel, identity, transition } from '../schedules/channel.js';
import { requiredKey } from './noise.js';
import type { Sampler, SamplerStepInputs } from './sampler.js';
import type { SampleState, SampleStep } from '../solvers/solver.js';
import { column, entryAt } from '../process/table.js';

/** The known part of an image. */
export interface Known<B extends Dim, I extends Shape> {
  /** `[B, ...I]`. Its values outside of the known part do not matter. */
  readonly image: Tensor<[B, ...I]>;
  /** 1 where the image is known, 0 where it must be painted, `[B, ...I]`. */
  readonly mask: Tensor<[B, ...I]>;
}

const HINT = 'the paper uses { resamples: 10, jump: 10 }';

const resamplingOf = schema('inpainting', {
  /** The number of times that each stretch is walked; 1 if left out, 10 in the paper. */
  resamples: optional(hinted(positive, HINT), 1),
  /** The number of steps of a stretch; 1 if left out, 10 in the paper. */
  jump: optional(hinted(positive, HINT), 1),
});

/** The resampling of RePaint: how often each stretch of the path is repeated. */
export interface Resampling extends OptionsOf<typeof resamplingOf> {}

/** A {@link Sampler} of the unknown part of an image. */
export interface Inpainter<P, I extends Shape> extends Pick<Sampler<P, I>, 'memory' | 'start'> {
  readonly steps: number;
  readonly step: <B extends Dim>(
    params: P,
    state: SampleState<[B, ...I]>,
    inputs: SamplerStepInputs<NoInfer<B>> & { readonly known: Known<NoInfer<B>, I> },
  ) => SampleStep<[B, ...I]>;
}

/**
 * The order in which RePaint walks the legs (Lugmayr et al. 2022, Algorithm 1 for a jump of 1, and the jump schedule of its
 * code). With n timesteps left, if `jump` divides n - 1, noise leads back up by `jump` timesteps, so the last `jump` legs
 * are walked `resamples` times in total. No jump leads up to the beginning of the path (except for a jump of 1), and none
 * starts at the data, so legs at the noisy end and the last leg are walked once.
 */
export const repaintOrder = (legs: number, { resamples, jump }: Required<Resampling>): readonly number[] =>
  Array.from({ length: legs }, (_, leg) => {
    if (!leadsBack(legs, jump, leg)) return [leg];
    const stretch = Array.from({ length: jump }, (_, i) => leg + 1 - jump + i);
    return [leg, ...Array.from({ length: resamples - 1 }, () => stretch).flat()];
  }).flat();

/** Tests if noise leads back up by `jump` timesteps from the end of a leg. */
const leadsBack = (legs: number, jump: number, leg: number): boolean => {
  const level = legs - 2 - leg; // where the leg ends: 0 at the last timestep, -1 at the data
  return level >= 0 && level % jump === 0 && level < legs - jump;
};

/** The length of {@link repaintOrder}, without making it. */
const stepsOf = (legs: number, { resamples, jump }: Required<Resampling>): number => {
  const back = Array.from({ length: legs }, (_, leg) => leg).filter((leg) => leadsBack(legs, jump, leg));
  return legs + back.length * jump * (resamples - 1);
};

/** The maximum number of steps: 1,000 timesteps with 10 resamples take a tenth. */
const MOST_STEPS = 100_000;

/** Samples α·x + σ·ε with the channel at an index of a list. */
const entering = (channels: readonly Channel[]) => {
  const alphaAt = entryAt(column(channels, ({ alpha }) => alpha));
  const sigmaAt = entryAt(column(channels, ({ sigma }) => sigma));
  return (index: Tensor<[], 'int32'>, key: Key) =>
    <S extends Shape>(x: Tensor<S>): Tensor<S> =>
      add(mul(x, alphaAt(index)), mul(normalLike(key, x), sigmaAt(index)));
};

/**
 * Inpainting with a model that was not trained for it: after each step, replaces the known part of x by the image, with as
 * much noise as the rest. With `resamples`, walks each stretch of the path several times, adding noise in between, so that
 * the painted part matches the known part: RePaint (Lugmayr et al. 2022), Algorithm 1, with the jump schedule of its code.
 * 250 steps with 10 resamples and a jump of 10 take 2,410 evaluations. The known part of the last state is the image
 * itself. Each step needs a key.
 *
 * Returns a `ConfigError` for resamples or a jump that are not integers ≥ 1, for more than 100,000 steps, for unknown
 * options, and for more than one resample with a solver that remembers earlier steps, because its memory is invalid
 * after noise was added.
 * @example
 * const white: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(inpainting({ resamples: 3, jump: 2 })(unwrap(sampler({ process, denoiser: white, grid: 5, solver: ddim() }))))
 * made.steps // → 13
 */
export const inpainting =
  <G = unknown>(resampling?: Exact<G, keyof Resampling> & Resampling) =>
  <P, I extends Shape>(sampler: Sampler<P, I>): either.Either<NoisefoldError, Inpainter<P, I>> => {
    const given = resamplingOf.decode(resampling);
    if (E.isLeft(given)) return given;
    const { resamples, jump } = given.right;
    if (resamples > 1 && sampler.memory > 0)
      return fail('ConfigError', {
        where: 'inpainting',
        expected: 'a solver without memory of earlier steps, for more than one resample',
        actual: `one that remembers ${sampler.memory}`,
        hint: 'take ancestral or ddim, or resamples: 1',
      });
    if (sampler.legs[0]!.from.sigma === 0)
      return fail('ConfigError', {
        where: 'inpainting',
        expected: 'a solver that goes from noise to data',
        actual: 'one that begins at the data',
        hint: 'take ddim',
      });
    const { legs } = sampler;
    const steps = stepsOf(legs.length, { resamples, jump });
    if (steps > MOST_STEPS)
      return fail('ConfigError', {
        where: 'inpainting.resamples',
        expected: `at most ${MOST_STEPS} steps in total`,
        actual: `${steps}`,
        hint: HINT,
      });
    const order = repaintOrder(legs.length, { resamples, jump });
    const legAt = entryAt(Int32Array.from(order));
    const asNoisy = entering(order.map((leg) => legs[leg]!.to));
    // a leg that is not followed by the next one is followed by an earlier one: noise leads back to it
    const again = entering(
      order.map((leg, i) => {
        const next = order[i + 1] ?? leg + 1;
        return next === leg + 1 ? identity : transition(legs[leg]!.to, legs[next]!.from);
      }),
    );
    return E.right({
      steps: order.length,
      memory: sampler.memory,
      start: sampler.start,
      step: (params, state, { index, key, known: { image, mask }, ...given }) => {
        const keys = fork(requiredKey('inpainting', key), 'step', 'known', 'again');
        const { state: next, x0 } = sampler.step(params, state, {
          ...given,
          index: legAt(index),
          key: keys.step,
        });
        const noisy = asNoisy(index, keys.known)(image);
        const put = add(mul(next.x, sub(onesLike(mask), mask)), mul(noisy, mask));
        return { state: { ...next, x: again(index, keys.again)(put) }, x0 };
      },
    });
  };
