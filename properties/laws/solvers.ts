/** Laws of solvers with the exact denoiser of known data. */
import fc from 'fast-check';
import {
  ancestral,
  cosine,
  ddim,
  ddimInversion,
  ddpm,
  dpmSolverPP,
  dpmSolverPPSde,
  dpmSolverPPSinglestep,
  eulerAncestral,
  exponentialGrid,
  type GaussianMixture,
  halfLogSNR,
  heun,
  integratorOf,
  linear,
  type SolverPlan,
  type DiscreteNoising,
  sigmaOf,
  type Solver,
  type Level,
  uniPC,
} from 'noisefold/diffusion';
import { gridded } from '../arbitraries/diffusion.js';
import {
  type Gridded,
  planOn,
  type Named,
  solverOfPoints,
  solverOf,
  type Stochastic,
  stochasticSolvers,
} from '../arbitraries/solvers.js';
import { beginningOf, gaussianOf, onReference, walked } from '../oracles/gaussianWalk.js';
import { type Moments, stepsOf, through } from '../oracles/affineSteps.js';
import { valueOf } from '../oracles/plans.js';
import { factorsOf, stagesOn } from '../oracles/stages.js';
import { edmLaws } from './edm.js';
import { approx, firstOf, type Law, near, type Violation } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

/** Solvers whose stages keep x̂₀. */
const ofX0: Readonly<Record<string, Solver>> = {
  ddim: ddim(),
  'ddim, η = 0.6': ddim({ eta: 0.6 }),
  ancestral: ancestral(),
  eulerAncestral: eulerAncestral(),
  heun: heun(),
  'dpmSolverPP 2': dpmSolverPP(),
  'dpmSolverPP 3': dpmSolverPP({ order: 3 }),
  'dpmSolverPPSinglestep 2': dpmSolverPPSinglestep(),
  'dpmSolverPPSinglestep 3': dpmSolverPPSinglestep({ order: 3 }),
  'dpmSolverPPSde 2': dpmSolverPPSde(),
  'uniPC 2': uniPC({ variant: 'bh1' }),
  'uniPC 3': uniPC({ order: 3 }),
};

const pointSteps: Law<readonly [string, { readonly noising: DiscreteNoising; readonly timesteps: readonly number[] }]> =
  {
    name: 'every stage is exact for data at a single point',
    formula:
      'x·√ᾱ_t + start·√ᾱ_begin + Σ x0 = √ᾱ_s and (x·√(1−ᾱ_t) + start·√(1−ᾱ_begin))² + σ² = 1−ᾱ_s, within 64 roundings of the factors, without signal as well; for heun times √ᾱ_s·σ where that is more, σ at the beginning of the step, since its factor of x/√ᾱ is 1 + (σ′ − σ)/σ: q(x_s|x_0) from q(x_t|x_0)',
    source: 'the flow of a point; DDIM (Song et al. 2021), lemma 1',
    arbitrary: fc.tuple(
      fc.constantFrom(...Object.keys(ofX0)),
      gridded.map(({ noising, grid }) => ({ noising, timesteps: valueOf(grid(noising)) })),
    ),
    runs: 200,
    violation: ([name, { noising, timesteps }]) =>
      stagesOn(ofX0[name]!, noising, timesteps).reduce<Violation>((violation, stage, i) => {
        const { at, begin, end, start = 0 } = stage;
        const { x, x0, noise } = factorsOf(stage);
        // heun's factor of x/√ᾱ is 1 + (σ′ − σ)/σ, rounded at 1
        const rounding = 64 * ULP * (name === 'heun' && begin.alpha > 0 ? Math.max(1, end.alpha * sigmaOf(begin)) : 1);
        const size = x0.reduce((sum, weight) => sum + Math.abs(weight), 1 + x + start);
        const scale = x0.reduce((sum, weight) => sum + weight, x * at.alpha + start * begin.alpha);
        const variance = (x * at.sigma + start * begin.sigma) ** 2 + noise ** 2;
        return (
          violation ??
          firstOf(
            near(`scale of stage ${i}`, scale, end.alpha, rounding * size),
            near(`variance of stage ${i}`, variance, end.sigma ** 2, rounding * (1 + x + start)),
          )
        );
      }, null),
  };

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/**
 * The ratio of the length of a step, in λ or in σ, to the shortest of a number of steps before it, or to the part of the step
 * before one of its stages; at least 1.
 */
const growthOf = (plan: SolverPlan, before: number): readonly number[] => {
  const growthBy = (lengthOf: (from: Level, to: Level) => number, i: number): number => {
    const { from, to, stages } = plan[i]!;
    const own = lengthOf(from, to);
    const earlier = plan.slice(Math.max(0, i - before), i).map((step) => lengthOf(step.from, step.to));
    const parts = stages.slice(1).map(({ at }) => lengthOf(from, at));
    const growths = [...earlier, ...parts].map((length) => own / length).filter((r) => r > 1 && Number.isFinite(r));
    return Math.max(1, ...growths);
  };
  return plan.map((_, i) =>
    Math.max(
      growthBy((from, to) => halfLogSNR(to) - halfLogSNR(from), i),
      growthBy((from, to) => sigmaOf(from) - sigmaOf(to), i),
    ),
  );
};

/** The least √ᾱ that counts as signal, because programs usually run in float32. */
const LEAST_SIGNAL = 2 ** -48;

const points: Law<readonly [Named, Gridded, number, number]> = {
  name: 'every sampler is exact for data at a single point, at every step',
  formula:
    'with the exact denoiser of c, for any solver but ancestral with σ² = β, any grid and process: x_s − √ᾱ_s·c = k·(x_t − √ᾱ_t·c) + q·noise, where k ≥ 0 and k²·(1−ᾱ_t) + q² = 1−ᾱ_s, so that without noise √((1−ᾱ_s)/(1−ᾱ_t)) is k: within 64·(1 + R)² roundings, R ≥ 1 being the growth of steps over three, and of a step over the part before a stage, which are those of weights of polynomials; 1024·(1 + R)³ for those that end with several ε̂; for all with several ε̂ in a step times the number of steps so far, and times √ᾱ_s·σ where that is more than 1: they carry on x/√ᾱ, with what was rounded of it at σ, the largest after the first step of those that leave signal. At the end x_0 = c, exactly for those that end with one ε̂',
  source: 'E[x_0|x_t] = c; DDIM (Song et al. 2021), lemma 1',
  arbitrary: fc.tuple(
    solverOfPoints,
    gridded.filter(({ steps }) => steps <= 40),
    within(-1, 1),
    within(0.5, 3),
  ),
  runs: 80,
  violation: async ([{ solver, endsAtX0, ofNoises }, course, point, epsilon]) => {
    const plan = planOn(solver, course);
    const { alpha, sigma: deviation } = plan[0]!.from;
    const begin = alpha * point + deviation * epsilon;
    // methods of ε̂ have order 4, the others order 3
    const growths = growthOf(plan, 3);
    let most = 1;
    // the σ from which methods of several ε̂ continue x/√ᾱ; without signal, and at first, there is one ε̂
    let sigma = 0;
    return onReference(solver, course, gaussianOf(point, 0), 2, async (walk) => {
      let state = beginningOf(walk, [begin, begin]);
      for (const [i, { from, to, stages }] of plan.entries()) {
        // rounding errors accumulate
        most = Math.max(most, growths[i]!);
        if ((i > 0 || stages.length > 1) && from.alpha >= LEAST_SIGNAL) sigma = Math.max(sigma, sigmaOf(from));
        const tolerance =
          ULP *
          (endsAtX0 ? 64 * (1 + most) ** 2 : 1024 * (1 + most) ** 3) *
          (ofNoises ? (i + 1) * Math.max(1, to.alpha * sigma) : 1);
        const after = await walk.step(i, state, Float64Array.of(0, 1));
        const [still, noisy] = [after.x[0]!, after.x[1]!];
        const k = (still - to.alpha * point) / (state.x[0]! - from.alpha * point);
        const violation =
          to.sigma === 0
            ? approx('x_0', after.x, [point, point], endsAtX0 ? 0 : tolerance)
            : firstOf(
                k >= -tolerance ? null : `step ${i}: expected k ≥ 0, got ${k} ± ${tolerance}`,
                near(
                  `variance after step ${i}`,
                  (k * from.sigma) ** 2 + (noisy - still) ** 2,
                  to.sigma ** 2,
                  tolerance,
                ),
              );
        if (violation !== null) return violation;
        // continues with half of the noise
        state = { ...after, x: after.x.map(() => (still + noisy) / 2) };
      }
      return null;
    });
  },
};

const noisings = {
  cosine: valueOf(ddpm(cosine(1000))),
  linear: valueOf(ddpm(linear(1000))),
} as const;

/** A mean and a variance. */
interface Spread {
  readonly mean: number;
  readonly variance: number;
}

/** Mean and variance of the samples of one Gaussian, propagated exactly through the affine maps of the steps. */
const momentsOf = async (
  solver: Solver,
  course: Gridded,
  data: GaussianMixture<[]>,
  first: Spread = { mean: 0, variance: 1 },
): Promise<Spread> => {
  const { memory } = integratorOf(planOn(solver, course));
  const zeros = Array<number>(memory).fill(0);
  const begin: Moments = {
    mean: [first.mean, ...zeros],
    covariance: [[first.variance, ...zeros], ...zeros.map(() => [0, ...zeros])],
  };
  const { mean, covariance } = await onReference(solver, course, data, memory + 3, async (walk, steps) => {
    let now = begin;
    for (let index = 0; index < steps; index++) now = through((await stepsOf(walk, index, memory + 3, 1))[0]!)(now);
    return now;
  });
  return { mean: mean[0]!, variance: covariance[0]![0]! };
};

const moments: Law<readonly [Named, number, number]> = {
  name: 'every sampler gives Gaussian data their mean and variance',
  formula:
    'N(m, τ²), |m| ≤ 1, 0.2 ≤ τ ≤ 1, cosine T = 1000, 400 steps: |mean − m| ≤ 0.001·τ, and |variance/τ² − 1| ≤ 0.05 for solvers of order 1, 0.08 with churn, 0.015 from order 2 on; propagated exactly',
  source: 'convergence of the solvers; a step is an affine map',
  arbitrary: fc.tuple(solverOf, within(-1, 1), within(0.2, 1)),
  runs: 30,
  violation: async ([{ solver, accuracy }, mean, tau]) => {
    const whole: Gridded = { noising: noisings.cosine, grid: 400 };
    const moments = await momentsOf(solver, whole, gaussianOf(mean, tau ** 2));
    return firstOf(
      near('mean', (moments.mean - mean) / tau, 0, 0.001),
      near('variance', moments.variance / tau ** 2, 1, accuracy),
    );
  },
};

/** x_t of data N(m, τ²): the marginal of a level. */
const marginalOf = ({ alpha, sigma }: Level, mean: number, tau: number): Spread => ({
  mean: alpha * mean,
  variance: (alpha * tau) ** 2 + sigma ** 2,
});

const openEnds: Law<readonly [Named, number, number, number]> = {
  name: 'every sampler ends at the last level of its grid, with its noise',
  formula:
    'N(m, τ²), |m| ≤ 1, 0.2 ≤ τ ≤ 1, cosine T = 1000, from the marginal at σ/α = 100 in 400 steps of equal factors to 0.05 ≤ σ/α ≤ 2, without the step to the data: |mean − α·m| ≤ 0.001·δ, δ² = α²τ² + σ², and |variance/δ² − 1| ≤ 0.05 for solvers of order 1, 0.08 with churn, 0.015 from order 2 on; propagated exactly',
  source: 'convergence of the solvers to the marginals of the path; a step is an affine map',
  arbitrary: fc.tuple(solverOf, within(-1, 1), within(0.2, 1), within(0.05, 2)),
  runs: 30,
  violation: async ([{ solver, accuracy }, mean, tau, sigma]) => {
    const grid = exponentialGrid(401, { min: sigma, max: 100 });
    const course: Gridded = { noising: noisings.cosine, grid, toData: false };
    const plan = planOn(solver, course);
    const [begin, end] = [plan[0]!.from, plan.at(-1)!.to].map((level) => marginalOf(level, mean, tau));
    const moments = await momentsOf(solver, course, gaussianOf(mean, tau ** 2), begin);
    return firstOf(
      near('mean', (moments.mean - end!.mean) / Math.sqrt(end!.variance), 0, 0.001),
      near('variance', moments.variance / end!.variance, 1, accuracy),
    );
  },
};

const weakOrder: Law<readonly [Stochastic, number]> = {
  name: 'SDE solvers approach the marginals of their path at their weak order',
  formula:
    'N(m, τ²), |m| ≤ 1, linear T = 1000, from the marginal at σ/α = 8 to 0.4 in n steps of equal factors: e(64) ≤ 1.15·2⁻ᵖ·e(32), p the weak order, e the greatest distance of (mean, variance) from (α·m, α²τ² + σ²), beside the deviation and the variance, for τ of 0.3, 0.5, 0.7 and 1; propagated exactly',
  source: 'Kloeden & Platen 1992, section 9.7; DPM-Solver++ (Lu et al. 2022); SA-Solver (Xue et al. 2023)',
  arbitrary: fc.tuple(fc.constantFrom(...stochasticSolvers), within(-1, 1)),
  runs: 20,
  violation: async ([{ solver, order }, mean]) => {
    const errorOf = async (steps: number, tau: number): Promise<number> => {
      const grid = exponentialGrid(steps + 1, { min: 0.4, max: 8 });
      const course: Gridded = { noising: noisings.linear, grid, toData: false };
      const plan = planOn(solver, course);
      const [begin, end] = [plan[0]!.from, plan.at(-1)!.to].map((level) => marginalOf(level, mean, tau));
      const moments = await momentsOf(solver, course, gaussianOf(mean, tau ** 2), begin);
      return Math.hypot((moments.mean - end!.mean) / Math.sqrt(end!.variance), moments.variance / end!.variance - 1);
    };
    const greatest = async (steps: number): Promise<number> =>
      Math.max(...(await Promise.all([0.3, 0.5, 0.7, 1].map((tau) => errorOf(steps, tau)))));
    const [coarse, fine] = [await greatest(32), await greatest(64)];
    return near('error beside that of half the steps', fine, 0, 1.15 * 2 ** -order * coarse);
  },
};

const fewSteps: Law<readonly [Named, keyof typeof noisings, 10 | 20, number, number]> = {
  name: '10 and 20 steps are accurate on the default grid',
  formula:
    'N(m, τ²), |m| ≤ 1, 0.2 ≤ τ ≤ 1, cosine and linear T = 1000, grid n = 10 and 20, solvers without churn: |mean − m| ≤ 0.01·τ, and (1 − δ)·τ/√(1 + σ²/τ²) ≤ deviation ≤ (1 + δ)·τ, where σ is that of the last timestep, from which x̂₀ leaves so much, and δ is 4/n for solvers of order 1, 1.5/n from order 2 on; propagated exactly',
  source: 'Lin et al. (2024), table 2: trailing; convergence of the solvers',
  arbitrary: fc.tuple(
    solverOf.filter(({ name }) => !name.includes('churn')),
    fc.constantFrom('cosine', 'linear'),
    fc.constantFrom(10, 20),
    within(-1, 1),
    within(0.2, 1),
  ),
  runs: 60,
  violation: async ([{ solver, accuracy }, schedule, steps, mean, tau]) => {
    const course: Gridded = { noising: noisings[schedule], grid: steps };
    const moments = await momentsOf(solver, course, gaussianOf(mean, tau ** 2));
    const share = Math.sqrt(moments.variance) / tau;
    const left = 1 / Math.hypot(1, sigmaOf(planOn(solver, course).at(-1)!.from) / tau);
    const delta = (accuracy < 0.05 ? 1.5 : 4) / steps;
    return firstOf(
      near('mean', (moments.mean - mean) / tau, 0, 0.01),
      // the middle of the bounds, and half of their distance
      near('deviation', share, (1 + delta + (1 - delta) * left) / 2, (1 + delta - (1 - delta) * left) / 2),
    );
  },
};

const inversion: Law<readonly [number, number, number]> = {
  name: 'decoding undoes encoding, to first order in the steps',
  formula:
    'ddim∘ddimInversion on N(m, τ²), linear T = 1000: the error of 160 steps is at most 0.6 of that of 80 and 0.001·τ, and at most 0.1·τ·(1 + |x_0 − m|/τ)',
  source: 'DDIM, section 4.3',
  arbitrary: fc.tuple(within(-0.5, 0.5), within(0.3, 1), within(-2, 2)),
  runs: 15,
  violation: async ([mean, tau, deviation]) => {
    const flow = noisings.linear;
    const data = gaussianOf(mean, tau ** 2);
    const x = mean + tau * deviation;
    const errorOf = async (steps: number): Promise<number> => {
      const noise = await walked(ddimInversion(), { noising: flow, grid: steps }, data, [x]);
      const [back] = await walked(ddim(), { noising: flow, grid: steps }, data, noise);
      return Math.abs(back! - x);
    };
    const [coarse, fine] = [await errorOf(80), await errorOf(160)];
    return firstOf(
      near('error', fine, 0, 0.1 * tau * (1 + Math.abs(deviation))),
      near('error beside that of half the steps', fine, 0, 0.6 * coarse + 1e-3 * tau),
    );
  },
};

/**
 * Laws of solvers: exactness according to theory, correct moments for Gaussian data, and inversion.
 * @example
 * solverLaws[0]!.name // → 'every stage is exact for data at a single point'
 * for (const law of solverLaws.slice(0, 2)) await checkLaw(law, 0.05)
 */
export const solverLaws: readonly Law[] = [
  pointSteps,
  points,
  moments,
  openEnds,
  weakOrder,
  fewSteps,
  ...edmLaws,
  inversion,
];
