/** Compares EDM's solvers with Algorithm 2 of the paper (Karras et al. 2022). */
import fc from 'fast-check';
import {
  type Channel,
  type Churn,
  ddim,
  euler,
  heun,
  type DiscreteNoising,
  noisingOf,
  sigmaOf,
  type Solver,
} from 'noisefold/diffusion';
import { gridded, unended } from '../arbitraries/diffusion.js';
import { type Gridded, planOn } from '../arbitraries/solvers.js';
import { gaussianOf, onReference, stationsOf, walked } from '../oracles/gaussianWalk.js';
import { approx, firstOf, type Law, near } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** True if there is enough signal to recover x₀ from x_t in float32. */
const hasSignal = ({ alpha }: Channel): boolean => alpha >= 2 ** -48;

const zeroChurn: Law<readonly [Gridded, number, number]> = {
  name: 'zero churn is the deterministic sampler',
  formula: 'euler(churn 0) = ddim(η = 0), within 2¹⁶ roundings; neither it nor heun(churn 0) draws',
  source: 'EDM (Karras et al. 2022), Algorithm 2, lines 4 to 6',
  arbitrary: fc.tuple(
    gridded.filter(({ steps }) => steps <= 40),
    within(-1, 1),
    within(-3, 3),
  ),
  runs: 30,
  violation: async ([course, mean, x]) => {
    const data = gaussianOf(mean, 0.25);
    const end = (solver: Solver): Promise<readonly number[]> => walked(solver, course, data, [x]);
    const draws = (solver: Solver): Promise<boolean> =>
      onReference(solver, course, data, 1, async ({ stochastic }) => stochastic);
    return firstOf(
      approx('euler', await end(euler({ churn: 0 })), await end(ddim()), 2 ** 16 * ULP),
      (await draws(euler({ churn: 0 }))) ? 'euler: expected no noise' : null,
      (await draws(heun({ churn: 0 }))) ? 'heun: expected no noise' : null,
    );
  },
};

/** Heun's second evaluation is not used at the data, and where σ falls too far from a high σ. */
const evaluatesTwice = (sigma: number, next: number): boolean => next > 0 && sigma <= Math.max(1000, 100 * next);

const algorithm2: Law<readonly [Gridded, number, number, number]> = {
  name: 'Euler and Heun are Algorithm 2 without churn',
  formula:
    'x̄ = x_t/√ᾱ_t, d = (x̄ − D(x̄; σ))/σ, x̄′ = x̄ + (σ′ − σ)·d, and for Heun x̄ + (σ′ − σ)·(d + d′)/2 where σ′ > 0 and σ ≤ max(1000, 100·σ′), with D(x̄; σ) = (τ²·x̄ + σ²·m)/(τ² + σ²) of N(m, τ²): every x, within 32 roundings of max(1, |x|) for each step, and for each of Heun σ/(2·σ′) times more',
  source: 'EDM (Karras et al. 2022), Algorithm 2, lines 7 to 11',
  arbitrary: fc
    .tuple(
      gridded.filter(({ steps }) => steps <= 40),
      within(-1, 1),
      within(0.1, 1),
      within(-3, 3),
    )
    .filter(([{ noising }]) => noising.marginals.every(hasSignal)),
  runs: 120,
  violation: async ([course, mean, tau, begin]) => {
    const data = gaussianOf(mean, tau ** 2);
    const plan = planOn(euler(), course);
    const best = (x: number, sigma: number): number => (tau ** 2 * x + sigma ** 2 * mean) / (tau ** 2 + sigma ** 2);
    const expected = (corrects: boolean): readonly number[] => {
      let x = begin / plan[0]!.from.alpha;
      return plan.map(({ from, to }) => {
        const [sigma, next] = [sigmaOf(from), sigmaOf(to)];
        const slope = (x - best(x, sigma)) / sigma;
        // x̄ + (σ′ − σ)·d, where x̄ may have terms of size 1/√ᾱ that cancel
        const end = best(x, sigma) + next * slope;
        const isHeun = corrects && evaluatesTwice(sigma, next);
        x = isHeun ? x + (next - sigma) * ((slope + (end - best(end, next)) / next) / 2) : end;
        return to.alpha * x;
      });
    };
    const stations = async (solver: Solver): Promise<readonly number[]> =>
      (await stationsOf(solver, course, data, [begin])).flat();
    // A step rounds some ten numbers of the size of x. Heun multiplies the roundings of d′ = (x̄′ − D(x̄′; σ′))/σ′ by (σ − σ′)/2.
    const growth = plan.reduce((sum, { from, to }) => {
      const [sigma, next] = [sigmaOf(from), sigmaOf(to)];
      return evaluatesTwice(sigma, next) ? sum + sigma / next / 2 : sum;
    }, 0);
    const each = 32 * ULP * Math.max(1, Math.abs(begin));
    return firstOf(
      approx('euler', await stations(euler()), expected(false), each * plan.length),
      approx('heun', await stations(heun()), expected(true), each * (plan.length + growth)),
    );
  },
};

/** ln(1 + γ) of a step (Algorithm 2): what churn adds to ln σ. */
const churnOf = (churn: number, steps: number): number => Math.log1p(Math.min(churn / steps, Math.SQRT2 - 1));

const churnInAll: Law<readonly [DiscreteNoising, number, Required<Churn>]> = {
  name: 'churn raises the noise to (1 + γ)·σ',
  formula:
    'ln(σ̂_i/σ_i) = ln(1 + γ_i) in each step of σ_i in [S_tmin, S_tmax], and 0 in others, with σ̂ from the share of the added noise in the variance, within 64 roundings of this share',
  source: 'EDM (Karras et al. 2022), Algorithm 2, lines 4 to 6',
  arbitrary: fc
    .tuple(
      unended.map(noisingOf),
      fc.integer({ min: 2, max: 40 }),
      fc.record({
        churn: within(0.1, 60),
        sMin: fc.constantFrom(0, 0.05),
        sMax: fc.constantFrom(50, Infinity),
        sNoise: within(0.9, 1.1),
      }),
    )
    .map(([of, steps, churn]): [DiscreteNoising, number, Required<Churn>] => [
      of,
      Math.min(steps, of.timesteps.length),
      churn,
    ]),
  runs: 60,
  violation: async ([of, grid, churn]) => {
    const solver = euler(churn);
    const plan = planOn(solver, { noising: of, grid });
    return onReference(solver, { noising: of, grid }, gaussianOf(0, 0), 1, async (walk) => {
      // without the last step, after which no noise is left
      for (const [i, { from, to }] of plan.slice(0, -1).entries()) {
        const sigma = sigmaOf(from);
        const { x } = await walk.step(i, { x: new Float64Array(1), memory: [] }, Float64Array.of(1));
        // the data are 0, so only the noise remains in x: S_noise·√(1 - (σ/σ̂)²)·s
        const share = x[0]! ** 2 / (churn.sNoise * to.sigma) ** 2;
        const isIn = hasSignal(from) && sigma >= churn.sMin && sigma <= churn.sMax;
        const violation = isIn
          ? near(
              `ln(σ̂/σ) of step ${i}`,
              -Math.log1p(-share) / 2,
              churnOf(churn.churn, plan.length),
              (64 * ULP) / (1 - share),
            )
          : near(`noise of step ${i}, out of range`, share, 0, 0);
        if (violation !== null) return violation;
      }
      return null;
    });
  },
};

/** Laws of EDM's solvers, a part of those of all solvers. */
export const edmLaws: readonly Law[] = [zeroChurn, algorithm2, churnInAll];
