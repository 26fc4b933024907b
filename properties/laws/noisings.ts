/** Laws of processes, which follow from their schedules. */
import fc from 'fast-check';
import {
  ancestral,
  type Channel,
  conversion,
  ddim,
  foldChannels,
  type Parameterization,
  posteriorOf,
  type DiscreteNoising,
  noisingOf,
  noisingOfSigmas,
  qStep,
  respace,
  respaceAtSigmas,
  type Schedule,
  scheduleFromBetas,
  sigmas,
  type Solver,
  spaced,
  target,
  transition,
} from 'noisefold/diffusion';
import { add, constantOf, fork, normalLike, zeros } from 'noisefold/dsl';
import { schedule, timestep, twoTimesteps } from '../arbitraries/diffusion.js';
import { gaussianMoments } from '../oracles/moments.js';
import { valueOf } from '../oracles/plans.js';
import { factorsOf, stagesOn } from '../oracles/stages.js';
import { drawOnReference } from '../oracles/running.js';
import { approx, firstOf, type Law, near, type Violation } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const products: Law<Schedule> = {
  name: 'alphaBars are the products of the alphas',
  formula: 'α_t = 1 − β_t, within a rounding of 1; ᾱ_t = ∏_{s≤t} α_s, within 2·(t + 1) roundings, for every schedule',
  source: 'DDPM (Ho et al. 2020), section 2',
  arbitrary: schedule,
  runs: 30,
  violation: ({ betas, alphas, alphaBars }) =>
    Array.from(alphaBars).reduce<Violation>((violation, alphaBar, t) => {
      // from the other end, so that it rounds differently
      const product = alphas.subarray(0, t + 1).reduceRight((all, alpha) => all * alpha, 1);
      return (
        violation ??
        firstOf(
          near(`α_${t}`, alphas[t]!, 1 - betas[t]!, ULP),
          near(`ᾱ_${t}`, alphaBar, product, 2 * (t + 1) * ULP * product),
        )
      );
    }, null),
};

const folding: Law<{ readonly noising: DiscreteNoising; readonly t: number }> = {
  name: 'q(x_t|x_0) is the fold of the steps',
  formula: 'fold(q(x_s|x_{s−1}), s ≤ t) = (√ᾱ_t, 1 − ᾱ_t), within 4·(t + 1) roundings of 1',
  source: 'DDPM, eq. 4',
  arbitrary: timestep,
  runs: 100,
  violation: ({ noising, t }) => {
    const { alpha, sigma } = foldChannels(noising.schedule.channels.slice(0, t + 1));
    const tolerance = 4 * (t + 1) * ULP;
    return firstOf(
      near('alpha', alpha, noising.marginals[t]!.alpha, tolerance),
      near('variance', sigma ** 2, noising.marginals[t]!.sigma ** 2, tolerance),
    );
  },
};

const SAMPLES = 4096;

const walking: Law<readonly [readonly number[], number, number]> = {
  name: 'single steps in sequence have the mean and variance of one combined step',
  formula: 'q(x_t|x_{t−1})∘…∘q(x_0|x): mean √ᾱ_t·x and variance 1 − ᾱ_t of 4096 draws, at 6 σ',
  source: 'DDPM, eq. 2 and 4',
  arbitrary: fc.tuple(
    fc.array(fc.double({ min: 0.01, max: 0.5, noNaN: true }), { minLength: 1, maxLength: 10 }),
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.nat(),
  ),
  runs: 10,
  violation: async ([betas, x, seed]) => {
    const noising = noisingOf(valueOf(scheduleFromBetas(betas)));
    const draws = await drawOnReference([seed, 0], (key) => {
      const start = add(zeros(SAMPLES, 1), x);
      return betas.reduce((at, _, t) => {
        const index = constantOf(new Int32Array(SAMPLES).fill(t), SAMPLES);
        return qStep(noising)(index, normalLike(fork(key, `${t}`)[`${t}`]!, at))(at);
      }, start);
    });
    const { alpha, sigma } = noising.marginals.at(-1)!;
    return gaussianMoments(draws, alpha * x, sigma ** 2);
  },
};

const posterior: Law<{ readonly noising: DiscreteNoising; readonly t: number }> = {
  name: 'q(x_{t−1}|x_t, x_0) by Bayes is DDPM’s posterior',
  formula:
    'μ̃_t = √ᾱ_{t−1}·β_t/(1−ᾱ_t)·x_0 + √α_t·(1−ᾱ_{t−1})/(1−ᾱ_t)·x_t, σ² = β̃_t = (1−ᾱ_{t−1})/(1−ᾱ_t)·β_t, σ and coefficients within 8 roundings',
  source: 'DDPM, eq. 6 and 7',
  arbitrary: timestep,
  runs: 200,
  violation: ({ noising: { schedule, posteriors }, t }) => {
    const [beta, alpha, alphaBar] = [schedule.betas[t]!, schedule.alphas[t]!, schedule.alphaBars[t]!];
    const before = t === 0 ? 1 : schedule.alphaBars[t - 1]!;
    const noise = 1 - alphaBar;
    // at t = 0 the posterior is x_0 itself: βs cancel
    const x0 = t === 0 ? 1 : (Math.sqrt(before) * beta) / noise;
    const xt = (Math.sqrt(alpha) * (1 - before)) / noise;
    const sigma = Math.sqrt(((1 - before) / noise) * beta);
    const actual = posteriors[t]!;
    return firstOf(
      near('coefficient of x₀', actual.x0, x0, 8 * ULP * x0),
      near('coefficient of x_t', actual.xt, xt, 8 * ULP * xt),
      near('sigma', actual.sigma, sigma, 8 * ULP * sigma),
    );
  },
};

const kinds: fc.Arbitrary<Parameterization> = fc.constantFrom('epsilon', 'x0', 'v', 'score');
/** Marginals, without the last one if it has no signal. */
const noisy = timestep.map(({ noising, t }) =>
  noising.marginals[t]!.alpha > 0 ? noising.marginals[t]! : noising.marginals[0]!,
);

/** The condition of a conversion: 1/α² or 1/σ². */
const conditionOf = ({ alpha, sigma }: Channel): number => 1 / Math.min(alpha, sigma) ** 2;

const roundTrip: Law<readonly [Parameterization, Parameterization, Channel]> = {
  name: 'parameterizations round-trip',
  formula: 'conversion(b, a)∘conversion(a, b) = id, within 16 roundings of 1/min(ᾱ_t, 1 − ᾱ_t)',
  source: 'Salimans & Ho 2022, appendix D',
  arbitrary: fc.tuple(kinds, kinds, noisy),
  runs: 200,
  violation: ([a, b, marginal]) => {
    const there = conversion(a, b)(marginal);
    const back = conversion(b, a)(marginal);
    const tolerance = 16 * ULP * conditionOf(marginal);
    return firstOf(
      near('prediction', back.prediction * there.prediction, 1, tolerance),
      near('x_t', back.x + back.prediction * there.x, 0, tolerance),
    );
  },
};

const targets: Law<readonly [Parameterization, Parameterization, Channel, number, number]> = {
  name: 'conversions map targets to targets',
  formula: 'conversion(a, b)(x_t, target a) = target b, for x_t = √ᾱ_t·x_0 + √(1−ᾱ_t)·ε',
  source: 'Salimans & Ho 2022, appendix D',
  arbitrary: fc.tuple(
    kinds,
    kinds,
    noisy,
    fc.double({ min: -4, max: 4, noNaN: true }),
    fc.double({ min: -4, max: 4, noNaN: true }),
  ),
  runs: 200,
  violation: ([a, b, marginal, x0, epsilon]) => {
    const valueOfKind = (kind: Parameterization): number => {
      const mixture = target(kind)(marginal);
      return mixture.x0 * x0 + mixture.epsilon * epsilon;
    };
    const xt = marginal.alpha * x0 + marginal.sigma * epsilon;
    const { x, prediction } = conversion(a, b)(marginal);
    return near('target', x * xt + prediction * valueOfKind(a), valueOfKind(b), 64 * ULP * conditionOf(marginal));
  },
};

/** Noise levels for a process of given levels: from 10⁻¹² to 10⁷ or ∞. */
const rising: fc.Arbitrary<readonly number[]> = fc
  .array(fc.double({ min: -12, max: 7, noNaN: true }), { minLength: 1, maxLength: 30 })
  .map((powers) => powers.map((power) => 10 ** power).sort((a, b) => a - b))
  .chain((finite) => fc.constantFrom(finite, [...finite, Infinity]))
  .filter((some) => some.every((sigma, i) => i === 0 || sigma > some[i - 1]!));

const respaced: Law<readonly [Schedule, number]> = {
  name: 'respacing keeps the marginals',
  formula: 'respace(grid)(p).ᾱ_i = p.ᾱ_{grid i}, within 4 roundings a step',
  source: 'Improved DDPM (Nichol & Dhariwal 2021), section 4',
  arbitrary: fc.tuple(schedule, fc.nat(9999)),
  runs: 50,
  violation: ([schedule, n]) => {
    const noising = noisingOf(schedule);
    const short = valueOf(respace(spaced(1 + (n % schedule.T)))(noising));
    const expected = Array.from(short.timesteps, (t) => schedule.alphaBars[t]!);
    return approx('ᾱ', short.schedule.alphaBars, expected, 4 * short.schedule.T * ULP);
  },
};

/** The numbers of a process that a denoiser and a solver use. */
const levelsOf = ({
  schedule: { alphaBars, sigmas: all },
  timesteps,
  marginals,
}: DiscreteNoising): readonly number[] => [
  ...all,
  ...alphaBars,
  ...timesteps,
  ...marginals.flatMap(({ alpha, sigma }) => [alpha, sigma]),
];

const ownSigmas: Law<readonly [DiscreteNoising, number]> = {
  name: 'respacing at the σ of a grid is respacing by the grid',
  formula:
    'respaceAtSigmas(σ of a grid) = respace(grid), to the bit, for processes of betas, of given σ, and respaced ones',
  source: 'definition',
  arbitrary: fc.tuple(
    fc.oneof(
      schedule.map(noisingOf),
      rising.map((sigmas) => valueOf(noisingOfSigmas(sigmas))),
    ),
    fc.nat(9999),
  ),
  runs: 60,
  violation: ([process, n]) => {
    const { T } = process.schedule;
    const visits = (noising: DiscreteNoising, steps: number): Violation => {
      const grid = spaced(steps);
      const falling = valueOf(grid(noising)).map((t) => sigmas(noising.schedule)[t]!);
      const [actual, expected] = [valueOf(respaceAtSigmas(falling)(noising)), valueOf(respace(grid)(noising))];
      return approx(`σ of ${steps} timesteps`, levelsOf(actual), levelsOf(expected), 0);
    };
    const some = 1 + (n % T);
    const short = valueOf(respace(spaced(some))(process));
    return firstOf(visits(process, T), visits(process, some), visits(short, short.schedule.T));
  },
};

/** The stage of a solver from x_t to x_s, to the data for s = −1. */
const stageOf = (
  solver: Solver,
  { noising, t, s }: { readonly noising: DiscreteNoising; readonly t: number; readonly s: number },
) => stagesOn(solver, noising, s < 0 ? [t] : [t, s])[0]!;

const ddimMarginals: Law<
  readonly [{ readonly noising: DiscreteNoising; readonly t: number; readonly s: number }, number]
> = {
  name: 'a step of DDIM keeps the marginals',
  formula: 'x·√ᾱ_t + x0 = √ᾱ_s and x²·(1−ᾱ_t) + σ² = 1−ᾱ_s: q(x_s|x_0) from q(x_t|x_0), for every η',
  source: 'DDIM (Song et al. 2021), lemma 1',
  arbitrary: fc.tuple(twoTimesteps, fc.double({ min: 0, max: 1, noNaN: true })),
  runs: 200,
  violation: ([place, eta]) => {
    const stage = stageOf(ddim({ eta }), place);
    const { x, x0, noise } = factorsOf(stage);
    const tolerance = 16 * ULP * (1 + x);
    return firstOf(
      near('scale', x * stage.at.alpha + x0[0]!, stage.end.alpha, tolerance),
      near('variance', (x * stage.at.sigma) ** 2 + noise ** 2, stage.end.sigma ** 2, tolerance),
    );
  },
};

const posteriorSteps: Law<{ readonly noising: DiscreteNoising; readonly t: number; readonly s: number }> = {
  name: 'DDIM with η = 1 and ancestral sampling step by q(x_s|x_t, x̂₀)',
  formula:
    'x, x0 and σ of ddim(1) and of ancestral are those of Bayes’ rule on q(x_s|x_0) and q(x_t|x_s), x and σ within 16 roundings, x0 within 16 of √ᾱ_s; with σ² = β the noise is that of q(x_t|x_s)',
  source: 'DDPM, eq. 7; DDIM, section 4.1',
  arbitrary: twoTimesteps,
  runs: 200,
  violation: (place) => {
    const { at, end } = stageOf(ancestral(), place);
    const between = transition(end, at);
    const bayes = posteriorOf(end, between, at);
    const isPosterior = (solver: Solver): Violation => {
      const { x, x0, noise } = factorsOf(stageOf(solver, place));
      return firstOf(
        near('coefficient of x_t', x, bayes.xt, 16 * ULP * bayes.xt),
        near('coefficient of x̂₀', x0[0]!, bayes.x0, 16 * ULP * end.alpha), // a difference from √ᾱ_s
        near('noise', noise, bayes.sigma, 16 * ULP * bayes.sigma),
      );
    };
    const { noise } = factorsOf(stageOf(ancestral({ variance: 'beta' }), place));
    return firstOf(
      isPosterior(ddim({ eta: 1 })),
      isPosterior(ancestral()),
      near('noise of β', noise, end.sigma === 0 ? 0 : between.sigma, 16 * ULP * between.sigma),
    );
  },
};

/**
 * Laws of processes: marginals, posteriors, parameterizations, respacing, the steps of solvers.
 * @example
 * noisingLaws.at(-1)!.source // → 'DDPM, eq. 7; DDIM, section 4.1'
 * for (const law of noisingLaws) await checkLaw(law, 0.05)
 */
export const noisingLaws: readonly Law[] = [
  products,
  folding,
  walking,
  posterior,
  roundTrip,
  targets,
  respaced,
  ownSigmas,
  ddimMarginals,
  posteriorSteps,
];
