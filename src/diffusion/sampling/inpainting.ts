import { add, type Dim, mul, normalLike, onesLike, type Shape, sub, type Tensor } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { hinted, positive } from '../../internal/decode.js';
import { E, type either } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type Channel, identity, transition } from '../channels/channel.js';
import { type BatchKeys, drawnBy, forkKeys, requiredKeys } from '../channels/batchKeys.js';
import type { Sampler, SamplerStepInputs } from './sampler.js';
import { isData, type Level } from '../channels/level.js';
import type { NoiseName, SampleState, SampleStep } from '../solvers/integrator.js';
import { looksBack, type SolverPlan, stagesOf } from '../solvers/plan.js';
import { channelAt, entryAt } from '../channels/entries.js';

/** The known part of an image. */
export interface Known<B extends Dim, I extends Shape> {
  /** `[B, ...I]`. Its values outside of the known part do not matter. */
  readonly image: Tensor<[B, ...I]>;
  /** 1 where the image is known, 0 where it must be painted, `[B, ...I]`. */
  readonly mask: Tensor<[B, ...I]>;
}

const HINT = 'the paper uses { resamples: 10, jump: 10 }';

const resamplingOf = schema('inpainting', {
  /** The number of times that each stretch of steps runs; 1 if left out, 10 in the paper. */
  resamples: optional(hinted(positive, HINT), 1),
  /** The number of steps of a stretch; 1 if left out, 10 in the paper. */
  jump: optional(hinted(positive, HINT), 1),
});

/** The resampling of RePaint: how often each stretch of the path is repeated. */
export interface Resampling extends OptionsOf<typeof resamplingOf> {}

/** The noises of inpainting besides the solver's: 'known' for the known part, 'again' for the jumps back to more noise. */
export type InpaintingNoise = 'known' | 'again';

/** The inputs of an inpainter's step. */
export interface InpainterInputs<B extends Dim, I extends Shape> extends Omit<SamplerStepInputs<B, I>, 'noise'> {
  readonly known: Known<B, I>;
  /** Standard normal noise by its name, `[B, ...I]` each, in place of drawn noise. */
  readonly noise?: { readonly [K in NoiseName | InpaintingNoise]?: Tensor<[B, ...I]> };
}

/** A {@link Sampler} of the unknown part of an image. */
export interface Inpainter<P, I extends Shape> extends Pick<Sampler<P, I>, 'memory' | 'start'> {
  readonly steps: number;
  /** The index of the evaluation of the sampler in each step. */
  readonly evaluations: readonly number[];
  readonly step: <B extends Dim>(
    params: P,
    state: SampleState<[B, ...I]>,
    inputs: InpainterInputs<NoInfer<B>, I>,
  ) => SampleStep<[B, ...I]>;
}

/**
 * The order in which RePaint takes the steps (Lugmayr et al. 2022, Algorithm 1 for a jump of 1, and the jump schedule of its code).
 * With n timesteps left, if `jump` divides n - 1, noise leads back up by `jump` timesteps, so the last `jump` steps run `resamples`
 * times in total. No jump leads up to the beginning of the path (except for a jump of 1), and no jump starts at the data. So steps
 * at the noisy end and the last step run once.
 */
export const repaintOrder = (steps: number, { resamples, jump }: Required<Resampling>): readonly number[] =>
  Array.from({ length: steps }, (_, step) => {
    if (!leadsBack(steps, jump, step)) return [step];
    const stretch = Array.from({ length: jump }, (_, i) => step + 1 - jump + i);
    return [step, ...Array.from({ length: resamples - 1 }, () => stretch).flat()];
  }).flat();

/** Tests if noise leads back up by `jump` timesteps from the end of a step. */
const leadsBack = (steps: number, jump: number, step: number): boolean => {
  const level = steps - 2 - step; // where the step ends: 0 at the last timestep, -1 at the data
  return level >= 0 && level % jump === 0 && level < steps - jump;
};

/** The length of {@link repaintOrder}, without making it. */
const stepsOf = (steps: number, { resamples, jump }: Required<Resampling>): number => {
  const back = Array.from({ length: steps }, (_, step) => step).filter((step) => leadsBack(steps, jump, step));
  return steps + back.length * jump * (resamples - 1);
};

/** An evaluation in the order of RePaint. */
interface Visit {
  /** The index of the evaluation in the plan. */
  readonly evaluation: number;
  /** The level of x if a step ends with this evaluation: the known part of the image then replaces that of x. Otherwise null. */
  readonly end: Level | null;
  /** The noise that leads back up after this evaluation. */
  readonly back: Channel;
}

/** The evaluations of the steps of a plan, in the order of RePaint. */
const visitsOf = (plan: SolverPlan, order: readonly number[]): readonly Visit[] => {
  const firsts = plan.map((_, step) => stagesOf(plan.slice(0, step)).length);
  return order.flatMap((step, i) => {
    const { to, stages } = plan[step]!;
    // if the following step is not the next one of the plan, it is an earlier one, to which noise leads back
    const next = order[i + 1] ?? step + 1;
    const back = next === step + 1 ? identity : transition(to, plan[next]!.from);
    return stages.map((_, k) => {
      const isLast = k === stages.length - 1;
      return { evaluation: firsts[step]! + k, end: isLast ? to : null, back: isLast ? back : identity };
    });
  });
};

/** The maximum number of steps: 1,000 timesteps with 10 resamples take a tenth. */
const MOST_STEPS = 100_000;

/** Samples α·x + σ·ε with the channel at an index of a list. */
const entering = (channels: readonly Channel[]) => {
  const at = channelAt(channels);
  return (index: Tensor<[], 'int32'>) => {
    const { alpha, sigma } = at(index);
    return <S extends Shape>(x: Tensor<S>, noise: Tensor<S>): Tensor<S> => add(mul(x, alpha), mul(noise, sigma));
  };
};

/**
 * Inpainting with a model that was not trained for it: after each step, replaces the known part of x by the image with noise of the
 * same level. With `resamples`, takes each stretch of steps several times, and adds noise in between, so that the painted part
 * matches the known part: RePaint (Lugmayr et al. 2022), Algorithm 1, with the jump schedule of its code. 250 steps with 10
 * resamples and a jump of 10 take 2,410 evaluations. The known part of the last state is the image itself. Each step needs a key,
 * or one for each sample.
 *
 * Returns a `ConfigError` for resamples or a jump that are not integers ≥ 1, for more than 100,000 steps, for unknown options, and
 * for more than one resample with a solver that remembers earlier steps, because added noise makes its memory invalid.
 * @example
 * const white: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(inpainting({ resamples: 3, jump: 2 })(unwrap(sampler({ noising, denoiser: white, grid: 5, solver: ddim() }))))
 * result.steps // → 13
 */
export const inpainting =
  <G = unknown>(resampling?: Exact<G, keyof Resampling> & Resampling) =>
  <P, I extends Shape>(sampler: Sampler<P, I>): either.Either<NoisefoldError, Inpainter<P, I>> => {
    const settings = resamplingOf.decode(resampling);
    if (E.isLeft(settings)) return settings;
    const { resamples, jump } = settings.right;
    const { plan } = sampler;
    if (resamples > 1 && looksBack(plan))
      return fail('ConfigError', {
        where: 'inpainting',
        expected: 'a solver that uses no predictions of earlier steps, for more than one resample',
        actual: 'a solver that uses them',
        hint: 'take ancestral or ddim, or resamples: 1',
      });
    if (isData(plan[0]!.from))
      return fail('ConfigError', {
        where: 'inpainting',
        expected: 'a solver that goes from noise to data',
        actual: 'a solver that begins at the data',
        hint: 'take ddim',
      });
    const count = stepsOf(plan.length, { resamples, jump });
    if (count > MOST_STEPS)
      return fail('ConfigError', {
        where: 'inpainting.resamples',
        expected: `at most ${MOST_STEPS} steps in total`,
        actual: `${count}`,
        hint: HINT,
      });
    const visits = visitsOf(plan, repaintOrder(plan.length, { resamples, jump }));
    const evaluations = visits.map(({ evaluation }) => evaluation);
    const evaluationAt = entryAt(Int32Array.from(evaluations));
    const endsAt = entryAt(visits.map(({ end }) => (end === null ? 0 : 1)));
    const asNoisy = entering(visits.map(({ end }) => end ?? identity));
    const again = entering(visits.map(({ back }) => back));
    return E.right({
      steps: visits.length,
      evaluations,
      memory: sampler.memory,
      start: sampler.start,
      step: (params, state, { index, key, noise, known: { image, mask }, ...conditioning }) => {
        const keysOf = (name: 'step' | InpaintingNoise): BatchKeys => forkKeys(requiredKeys('inpainting', key), name);
        const noiseOf = (name: InpaintingNoise) => noise?.[name] ?? drawnBy(keysOf(name), normalLike)(image);
        const { state: next, x0 } = sampler.step(params, state, {
          ...conditioning,
          index: evaluationAt(index),
          ...(key && { key: keysOf('step') }),
          ...(noise && { noise }),
        });
        const replaced = mul(mask, endsAt(index));
        const noisy = asNoisy(index)(image, noiseOf('known'));
        const put = add(mul(next.x, sub(onesLike(mask), replaced)), mul(noisy, replaced));
        return { state: { ...next, x: again(index)(put, noiseOf('again')) }, x0 };
      },
    });
  };
