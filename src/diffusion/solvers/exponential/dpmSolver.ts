/** Singlestep DPM-Solver (Lu et al. 2022a) in ε̂: of a fixed order, and with a fixed number of evaluations. */
import { positive, hinted } from '../../../internal/decode.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { isData, type Level, pairsOf } from '../../channels/level.js';
import { pathOf } from '../../paths/noising.js';
import { sigmaOf, type Channel } from '../../channels/channel.js';
import { type Algorithm, type Form, minus, type PlannedStep, plus, solverOf, times, traced } from '../algorithm.js';
import { planning } from '../plan.js';
import { anyEta, fallFields, noiseFactor, orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { ancestralLevel, ddimStep, evaluatesAgain, hasSignal, lengthOf, levelBetween } from '../steps.js';

/** DPM-Solver-1, the step of DDIM (eq. 4.1): α_s/α_t·x_t - σ_s·(e^h - 1)·ε̂ with the length h in λ = ln(α/σ). */
const first = (x: Form, epsilon: Form, from: Channel, to: Channel): Form =>
  plus(times(to.alpha / from.alpha, x), times(-to.sigma * Math.expm1(lengthOf(from, to)), epsilon));

/** DPM-Solver-2: Algorithm 1 with r₁ = 1/2. */
const secondOrder: Algorithm<Channel> = ({ x, D, path }, from, to) => {
  const s1 = levelBetween(path, from, to, 1 / 2);
  const u = ddimStep(x, D(x, from).x0, from, s1);
  return first(x, D(u, s1).epsilon, from, to);
};

/** DPM-Solver-3: Algorithm 2 with r₁ = 1/3 and r₂ = 2/3. */
const thirdOrder: Algorithm<Channel> = ({ x, D, path }, from, to) => {
  const [r1, r2] = [1 / 3, 2 / 3];
  const [s1, s2] = [levelBetween(path, from, to, r1), levelBetween(path, from, to, r2)];
  const h = lengthOf(from, to);
  const phi = (k: number): number => Math.expm1(k) / k - 1; // (e^k - 1)/k - 1
  const own = D(x, from);
  const e0 = own.epsilon;
  const u1 = ddimStep(x, own.x0, from, s1);
  const D1 = minus(D(u1, s1).epsilon, e0);
  const u2 = plus(first(x, e0, from, s2), times((-s2.sigma * r2 * phi(r2 * h)) / r1, D1));
  const D2 = minus(D(u2, s2).epsilon, e0);
  return plus(first(x, e0, from, to), times((-to.sigma * phi(h)) / r2, D2));
};

/** DPM-Solver-1, -2 or -3; DPM-Solver-1 unless `again` is true. */
const dpmSolverStep = (order: number, again: boolean): Algorithm<Channel> => {
  if (order === 1 || !again) return ({ x, D }, from, to) => ddimStep(x, D(x, from).x0, from, to);
  return order === 2 ? secondOrder : thirdOrder;
};

const options = schema('dpmSolver', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  ...fallFields,
});

interface DpmSolverOptions extends OptionsOf<typeof options> {}

/**
 * Singlestep DPM-Solver (Lu et al. 2022a), which integrates ε̂ as a polynomial in λ: DPM-Solver-2 (Algorithm 1, r₁ = 1/2) and
 * DPM-Solver-3 (Algorithm 2, r₁ = 1/3, r₂ = 2/3), with `order` evaluations a step, evenly spaced in λ. A step to the data has order
 * 1 and one evaluation. {@link dpmSolverPPSinglestep} with `space: 'epsilon'` evaluates at the timesteps of the grid, and
 * {@link dpmSolverPP} with `space: 'epsilon'` is multistep DPM-Solver.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `maxSigmaRatio`: the most by which σ may fall in a step of order above
 *   1; if left out, 100 from a σ above 1000, else any. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(8), solver: dpmSolver({ order: 3 }) })).steps // → 22
 */
export const dpmSolver: SolverFrom<DpmSolverOptions> = withOptions(options, ({ order, maxSigmaRatio }) =>
  solverOf((parts, from, to) => dpmSolverStep(order, evaluatesAgain(from, to, maxSigmaRatio))(parts, from, to)),
);

/**
 * The orders of the steps of DPM-Solver-fast for a number of evaluations: as many steps of order 3 as possible (appendix D.4 of the
 * paper).
 */
const fastOrders = (evaluations: number): readonly number[] => {
  const threes = Math.floor(evaluations / 3) + 1;
  return evaluations % 3 === 0
    ? [...Array<number>(threes - 2).fill(3), 2, 1]
    : [...Array<number>(threes - 1).fill(3), evaluations % 3];
};

const fastOptions = schema('dpmSolverFast', {
  /** The number of evaluations. */
  evaluations: hinted(positive, '15 to 25 are usual'),
  /** η ≥ 0: 0 follows the flow, and above 1 more noise; 0 if left out. */
  eta: optional(anyEta('0 is usual'), 0),
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
  ...fallFields,
});

interface FastOptions extends OptionsOf<typeof fastOptions> {}

/** A step to a noise level below the next level, but not below σ/α = `least`, as in k-diffusion; then new noise up to the next level. */
const lowered =
  (order: number, least: number, { eta, sNoise, maxSigmaRatio }: FilledOf<typeof fastOptions>): Algorithm =>
  (parts, from, to) => {
    const share = Math.max(sigmaOf(ancestralLevel(from, to, eta).down), least) / sigmaOf(to);
    const down = { ...to, sigma: to.sigma * share };
    const next = dpmSolverStep(order, evaluatesAgain(from, to, maxSigmaRatio))(parts, from, down);
    const noise = sNoise * to.sigma * Math.sqrt(Math.max(0, (1 - share) * (1 + share)));
    return plus(next, times(noise, parts.noise()));
  };

/**
 * DPM-Solver-fast (Lu et al. 2022a, appendix D.4; `sample_dpm_fast` of k-diffusion): steps of DPM-Solver-3, then of lower order,
 * equal in λ between the first and the last level of the grid above the data, with a number of evaluations in all; then one more
 * step to the data, if samples end there. From a level without signal, one more step leads to the next level. With η > 0 each step
 * goes to a noise level below the next level, but not below the last, and new noise leads up to the next level.
 *
 * @param options - `evaluations`: the number of evaluations, without the steps from a level without signal and to the data. `eta`:
 * 0, the default, or more. `sNoise`: the standard deviation of the noise, 1 if left out. `maxSigmaRatio`: as in {@link dpmSolver}.
 * Otherwise the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(2), solver: dpmSolverFast({ evaluations: 10 }) }))
 * result.steps // → 11
 */
export const dpmSolverFast: SolverFrom<FastOptions> = withOptions(fastOptions, (settings) =>
  planning((levels, noising) => {
    const path = pathOf(noising);
    const isBetween = (level: Level): boolean => hasSignal(level) && !isData(level);
    const ends = levels.filter(isBetween);
    const [first, last] = [ends[0]!, ends.at(-1)!];
    const orders = ends.length < 2 ? [] : fastOrders(settings.evaluations);
    const at = (i: number): Level => (i === 0 ? first : levelBetween(path, first, last, i / orders.length));
    const between = pairsOf([...orders.map((_, i) => at(i)), last]);
    const firsts: readonly PlannedStep[] = pairsOf(levels).map(([from, to]) => ({
      from,
      to,
      algorithm: dpmSolverStep(1, false),
    }));
    return traced(path, [
      ...firsts.filter(({ from }) => !hasSignal(from)),
      ...between.map(([from, to], i) => ({ from, to, algorithm: lowered(orders[i]!, sigmaOf(last), settings) })),
      ...firsts.filter(({ from, to }) => hasSignal(from) && isData(to)),
    ]);
  }),
);
