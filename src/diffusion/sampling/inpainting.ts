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
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { exactly, positive } from '../../internal/decode.js';
import { E, type either } from '../../internal/fp.js';
import { type Channel, identity, transition } from '../schedules/channel.js';
import { requiredKey } from './noise.js';
import type { Sampler, StepInputs } from './sampler.js';
import type { SampleState, SampleStep } from '../solvers/solver.js';
import { column, entryAt } from '../process/table.js';

/** What is known of an image. */
export interface Known<B extends Dim, I extends Shape> {
  /** `[B, ...I]`; what it shows where nothing is known does not matter. */
  readonly image: Tensor<[B, ...I]>;
  /** 1 where the image is known, 0 where it is to be painted, `[B, ...I]`. */
  readonly mask: Tensor<[B, ...I]>;
}

/** How often a stretch of the path is walked. */
export interface Resampling {
  /** How many times each stretch is walked: 1 if left out, 10 in the paper. */
  readonly resamples?: number;
  /** How many steps a stretch has: 1 if left out, 10 in the paper. */
  readonly jump?: number;
}

/** A {@link Sampler} of what is not known of an image. */
export interface Inpainter<P, I extends Shape> extends Pick<Sampler<P, I>, 'memory' | 'start'> {
  readonly steps: number;
  readonly step: <B extends Dim>(
    params: P,
    state: SampleState<[B, ...I]>,
    inputs: StepInputs<NoInfer<B>> & { readonly known: Known<NoInfer<B>, I> },
  ) => SampleStep<[B, ...I]>;
}

/**
 * The legs in the order in which RePaint walks them (Lugmayr et al. 2022, Algorithm 1 for a jump of 1, and the schedule
 * of jumps of its code). With n timesteps still to go, noise leads back up `jump` of them wherever `jump` divides n - 1,
 * so that the last `jump` legs are walked `resamples` times in all. Neither leads a jump up to where the path begins
 * (but for that of 1), nor one up from the data: legs at the noisy end, and the last one, are walked once.
 */
export const repaintOrder = (legs: number, { resamples, jump }: Required<Resampling>): readonly number[] =>
  Array.from({ length: legs }, (_, leg) => {
    const level = legs - 2 - leg; // where the leg ends: 0 at the last timestep, -1 at the data
    const isAgain = level >= 0 && level % jump === 0 && level < legs - jump;
    const stretch = Array.from({ length: jump }, (_, i) => leg + 1 - jump + i);
    return [leg, ...Array.from({ length: isAgain ? resamples - 1 : 0 }, () => stretch).flat()];
  }).flat();

/** scale·x + √variance·ε, by the entry of a list of channels. */
const entering = (channels: readonly Channel[]) => {
  const scaleAt = entryAt(column(channels, ({ scale }) => scale));
  const deviationAt = entryAt(column(channels, ({ variance }) => Math.sqrt(variance)));
  return (index: Tensor<[], 'int32'>, key: Key) =>
    <S extends Shape>(x: Tensor<S>): Tensor<S> =>
      add(mul(x, scaleAt(index)), mul(normalLike(key, x), deviationAt(index)));
};

const resamplingOf = optionsOf<Resampling>({
  where: 'inpainting',
  options: exactly({}, { resamples: positive, jump: positive }),
  hint: 'the paper uses { resamples: 10, jump: 10 }',
});

/**
 * Inpainting with a model that was not trained for it: after each step what is known of x is put in its place, as
 * noisy as the rest. With `resamples`, each stretch of the path is walked several times, noised again in between, so
 * that what is painted agrees with what is known: RePaint (Lugmayr et al. 2022), Algorithm 1, by the schedule of jumps
 * of its code: 250 steps with 10 resamples and a jump of 10 evaluate 2,410 times. Where it is known, the
 * last state is the image itself. Each step needs a key.
 *
 * Resamples or a jump that are no integers ≥ 1, or an option that is unknown, are a `ConfigError`; so are several resamples of a solver that
 * remembers earlier steps, which noising again makes false.
 * @example
 * const white: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: 5, solver: ddim() })),
 *   E.flatMap(inpainting({ resamples: 3, jump: 2 })),
 * )
 * pipe(made, E.map(({ steps }) => steps)) // → E.right(13)
 */
export const inpainting =
  (resampling: Resampling = {}) =>
  <P, I extends Shape>(sampler: Sampler<P, I>): either.Either<NoisefoldError, Inpainter<P, I>> => {
    const given = resamplingOf(resampling);
    if (E.isLeft(given)) return given;
    const { resamples = 1, jump = 1 } = given.right;
    if (resamples > 1 && sampler.memory > 0)
      return fail('ConfigError', {
        where: 'inpainting',
        expected: 'a solver that remembers no earlier steps, to walk a stretch again',
        actual: `one that keeps ${sampler.memory}`,
        hint: 'take ancestral or ddim, or resamples: 1',
      });
    if (sampler.legs[0]!.from.variance === 0)
      return fail('ConfigError', {
        where: 'inpainting',
        expected: 'a solver that walks to the data',
        actual: 'one that begins there',
        hint: 'take ddim',
      });
    const { legs } = sampler;
    const order = repaintOrder(legs.length, { resamples, jump });
    const legAt = entryAt(Int32Array.from(order));
    const asNoisy = entering(order.map((leg) => legs[leg]!.to));
    // where a leg is not followed by the next, it is followed by one that has been walked: noise leads back to it
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
