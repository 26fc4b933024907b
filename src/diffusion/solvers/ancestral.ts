import { add, broadcastLike, exp, mul, type Shape, type Tensor } from '../../dsl/index.js';
import { hinted } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { posteriorOf } from '../schedules/channel.js';
import { standardDeviation, learnedLogVariance } from '../reverse/learnedVariance.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import type { Leg } from '../grids/leg.js';
import { type ReverseVariance, reverseVariance } from '../reverse/reverseVariance.js';
import type { Moment, SampleState, SampleStep } from './solver.js';
import { integrating, type SolverFrom, withOptions } from './solverOptions.js';
import { stepsAlong, stepVariances } from '../reverse/stepVariances.js';
import { column, entryAt } from '../process/table.js';

/**
 * The coefficients of one step of DDPM's Algorithm 2: μ̃ as a combination of x_t and x̂₀, and σ_t.
 * @example
 * const process = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const legs = legsOf(process, [1, 0])
 * const steps = legs.map(ancestralStep('posterior'))
 * steps[0] // → { x: 0.422, x0: [0.547], noise: 0.496 }
 * steps[1] // → { x: 0, x0: [1], noise: 0 }
 */
export const ancestralStep =
  (variance: ReverseVariance) =>
  ({ from, to, between }: Leg): StepCoefficients => {
    const posterior = posteriorOf(to, between, from);
    const sigma = variance === 'posterior' ? posterior.sigma : between.sigma;
    // line 3: no noise at the last step
    return { x: posterior.xt, x0: [posterior.x0], noise: to.sigma === 0 ? 0 : sigma };
  };

/** Σ and σ of a step, of the shape of x. */
interface Spread<S extends Shape> {
  readonly sigmaSquared: Tensor<S>;
  readonly sigma: Tensor<S>;
}

/** Σ of each leg: learned, interpolated between β̃ and β of the leg, or fixed. */
const spreadOf = (legs: readonly Leg[], variance: ReverseVariance) => {
  const falling = (numbers: Float64Array) => entryAt(numbers.toReversed());
  const variances = stepVariances(stepsAlong(legs), variance);
  const [lowAt, spreadAt] = [falling(variances.low), falling(variances.spread)];
  const [logAt, fixedAt] = [falling(variances.fixed), falling(variances.sigmaSquared)];
  return <S extends Shape>(x: Tensor<S>, { index, t, learned }: Moment<S>): Spread<S> => {
    const each = broadcastLike(x);
    if (learned === undefined)
      return { sigmaSquared: each(fixedAt(index)), sigma: each(standardDeviation(logAt(index))) };
    const logVariance = learnedLogVariance(learned.as)(learned.variance(x, t), () => ({
      low: each(lowAt(index)),
      spread: each(spreadAt(index)),
    }));
    return { sigmaSquared: exp(logVariance), sigma: standardDeviation(logVariance) };
  };
};

/** Ancestral steps with a learned σ or a guided mean. */
const spreadStep = (legs: readonly Leg[], variance: ReverseVariance) => {
  const rows = legs.map(ancestralStep(variance));
  const mean = linearIntegrator(rows.map((row) => ({ ...row, noise: 0 })));
  const { stochastic } = linearIntegrator(rows);
  const spread = spreadOf(legs, variance);
  const noisyAt = entryAt(column(legs, ({ to }) => (to.sigma === 0 ? 0 : 1)));
  return <S extends Shape>(state: SampleState<S>, moment: Moment<S>): SampleStep<S> => {
    const { index, t, noise, meanGradient } = moment;
    const { state: next, x0 } = mean.step(state, moment);
    const { sigmaSquared, sigma } = spread(state.x, moment);
    // Dhariwal & Nichol 2021, Algorithm 1: μ + s·Σ·∇ log p(y|x_t)
    const mu = meanGradient ? add(next.x, mul(sigmaSquared, meanGradient(state.x, t, next.x))) : next.x;
    if (!stochastic) return { state: { ...next, x: mu }, x0 }; // a single step, to the data: it gets no key
    const noisy = mul(noise('noise'), noisyAt(index));
    return { state: { ...next, x: add(mu, mul(noisy, sigma)) }, x0 };
  };
};

const options = schema('ancestral', {
  /** σ_t² for a denoiser that does not learn it; the posterior's β̃_t if left out. */
  variance: optional(
    hinted(reverseVariance, "'posterior' is usual; not used if the denoiser learns its variance"),
    'posterior',
  ),
});

interface AncestralOptions extends OptionsOf<typeof options> {}

/**
 * Ancestral sampling: Algorithm 2 of DDPM (Ho et al. 2020), x_{t-1} = μ̃(x_t, x̂₀) + σ_t·z, without noise at the last step.
 * μ̃ is the mean of q(x_{t-1}|x_t, x_0) (eq. 7); with the x̂₀ of a noise prediction it is (x_t - β_t/√(1-ᾱ_t)·ε̂)/√α_t, the
 * algorithm's line 4. If the denoiser learns its variance, σ_t is learned: between √β̃ and √β of the step, which may skip
 * timesteps (Improved DDPM, Nichol & Dhariwal 2021, section 4). Guidance on the mean moves μ̃ by Σ of the step: see
 * {@link meanGuided}.
 *
 * @param options - `variance`: σ_t² for a denoiser that does not learn it, the posterior's β̃_t if left out
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: 3, solver: ancestral({ variance: 'beta' }) }))
 * made.timesteps // → [999, 666, 332]
 */
export const ancestral: SolverFrom<AncestralOptions> = withOptions(options, ({ variance }) =>
  integrating((legs) => {
    const fixed = linearIntegrator(legs.map(ancestralStep(variance)));
    const step = spreadStep(legs, variance);
    return {
      ...fixed,
      guidesMean: true,
      step: (state, moment) =>
        moment.learned === undefined && moment.meanGradient === undefined
          ? fixed.step(state, moment)
          : step(state, moment),
    };
  }),
);
