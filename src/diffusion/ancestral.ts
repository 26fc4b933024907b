import { add, broadcastLike, mul, type Shape, table } from '../dsl/index.js';
import { exactly } from '../internal/decode.js';
import { posteriorOf } from './channel.js';
import { deviationOf, saidLogVariance } from './learnedVariance.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from './leg.js';
import { type ReverseVariance, reverseVariance } from './reverseVariance.js';
import type { Moment, SampleState, SampleStep } from './solver.js';
import { integrating, withOptions } from './solverOptions.js';
import { column, entryAt } from './table.js';

/**
 * The coefficients of one step of DDPM's Algorithm 2: μ̃ as a combination of x_t and x̂₀, and σ_t.
 * @example
 * const legs = pipe(ddpm(scheduleFromBetas([0.36, 0.4375])), E.map((process) => legsOf(process, [1, 0])))
 * const steps = pipe(legs, E.map((all) => all.map(ancestralStep('posterior'))))
 * pipe(steps, E.map(([first]) => first)) // → E.right({ x: 0.422, x0: [0.547], noise: 0.496 })
 * pipe(steps, E.map(([, last]) => last)) // → E.right({ x: 0, x0: [1], noise: 0 })
 */
export const ancestralStep =
  (variance: ReverseVariance) =>
  ({ from, to, between }: Leg): StepCoefficients => {
    const posterior = posteriorOf(to, between, from);
    const sigma = Math.sqrt(variance === 'posterior' ? posterior.variance : between.variance);
    // line 3: no noise at the last step
    return { x: posterior.xt, x0: [posterior.x0], noise: to.variance === 0 ? 0 : sigma };
  };

/** Ancestral steps whose σ is what the denoiser says, between those of the leg. */
const learnedStep = (legs: readonly Leg[]) => {
  const rows = legs.map(ancestralStep('posterior'));
  const mean = linearIntegrator(rows.map((row) => ({ ...row, noise: 0 })));
  const { stochastic } = linearIntegrator(rows);
  const logAt = (variance: ReverseVariance) =>
    entryAt(table(column(legs, (leg) => 2 * Math.log(ancestralStep(variance)(leg).noise || 1))));
  const [lowAt, highAt] = [logAt('posterior'), logAt('beta')];
  const noisyAt = entryAt(table(column(legs, ({ to }) => (to.variance === 0 ? 0 : 1))));
  return <S extends Shape>(
    state: SampleState<S>,
    moment: Moment<S>,
    { as, variance }: NonNullable<Moment<S>['learned']>,
  ): SampleStep<S> => {
    const { state: next, x0 } = mean.step(state, moment);
    if (!stochastic) return { state: next, x0 }; // a single step, to the data: there is no key to draw with
    const { index, t, noise } = moment;
    const each = broadcastLike(state.x);
    const logVariance = saidLogVariance(as)(variance(state.x, t), () => ({
      low: each(lowAt(index)),
      high: each(highAt(index)),
    }));
    const noisy = mul(noise('noise'), noisyAt(index));
    return { state: { ...next, x: add(next.x, mul(noisy, deviationOf(logVariance))) }, x0 };
  };
};

/**
 * Ancestral sampling: Algorithm 2 of DDPM (Ho et al. 2020), x_{t-1} = μ̃(x_t, x̂₀) + σ_t·z, without noise at
 * the last step. μ̃ is the mean of q(x_{t-1}|x_t, x_0) (eq. 7); with the x̂₀ of a noise prediction it is
 * (x_t - β_t/√(1-ᾱ_t)·ε̂)/√α_t, the algorithm's line 4. Where the denoiser learns its variance, σ_t is what it says,
 * between the √β̃ and the √β of the step, however long it is (Improved DDPM, Nichol & Dhariwal 2021, section 4).
 *
 * @param options - `variance`: σ_t² of a denoiser that does not learn it, the posterior's β̃_t if left out
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const made = pipe(
 *   ddpm(cosine(1000)),
 *   E.flatMap((process) => sampler({ process, denoiser: white, grid: 3, solver: ancestral({ variance: 'beta' }) })),
 * )
 * pipe(made, E.map(({ timesteps }) => timesteps)) // → E.right([999, 666, 332])
 */
export const ancestral = withOptions<{ readonly variance?: ReverseVariance }>({
  where: 'ancestral',
  options: exactly({}, { variance: reverseVariance }),
  hint: 'the posterior is usual; a denoiser that learns its variance needs none',
  solver: ({ variance = 'posterior' }) =>
    integrating((legs) => {
      const fixed = linearIntegrator(legs.map(ancestralStep(variance)));
      const learned = learnedStep(legs);
      return {
        ...fixed,
        reverse: variance,
        step: (state, moment) =>
          moment.learned === undefined ? fixed.step(state, moment) : learned(state, moment, moment.learned),
      };
    }),
});
