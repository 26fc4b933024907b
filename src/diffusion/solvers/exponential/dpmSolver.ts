/** Singlestep DPM-Solver (Lu et al. 2022a), in ε̂: with an order, and with a number of evaluations. */
import { positive, hinted } from '../../../internal/decode.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { isData, type Level, pairsOf } from '../../levels/level.js';
import { pathOf } from '../../levels/noising.js';
import type { Path } from '../../levels/path.js';
import { sigmaOf, type Channel } from '../../levels/channel.js';
import { planning, solverOf, type SolverStep, type Stage } from '../plan.js';
import { anyEta, fallFields, noiseFactor, orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import {
  ancestralLevel,
  evaluatesAgain,
  hasSignal,
  holdX0,
  inX0,
  lengthOf,
  levelBetween,
  thenNoise,
} from '../steps.js';

/** A stage in ε̂: x of the start of the step, and factors of ε̂ here and before. */
const inNoise = (at: Level, start: number, own: number, memory: readonly number[] = []): Stage => ({
  at,
  start,
  ...inX0(at, 'epsilon', own),
  memory,
  remembers: 'epsilon',
});

// With λ = ln(α/σ) and the length h, a step with a constant ε̂ is α_s/α_t·x_t - σ_s·(e^h - 1)·ε̂.

const ratio = (from: Channel, to: Channel): number => to.alpha / from.alpha;

/** The factor of a constant ε̂. */
const constant = (from: Channel, to: Channel): number => -to.sigma * Math.expm1(lengthOf(from, to));

/** The factor of the difference of ε̂ at the fraction r of the step, for an ε̂ that rises linearly. */
const slope = (from: Channel, to: Channel, r: number): number => {
  const h = lengthOf(from, to);
  return (-to.sigma * (Math.expm1(h) / h - 1)) / r;
};

/** DPM-Solver-1, the step of DDIM: eq. 4.1. */
const firstOrder = (from: Level, to: Channel): Stage => ({ ...holdX0(from, to), remembers: 'epsilon' });

/** DPM-Solver-2: Algorithm 1, r₁ = 1/2. */
const secondOrder = (path: Path, from: Level, to: Channel): readonly Stage[] => {
  const middle = levelBetween(path, from, to, 1 / 2);
  return [firstOrder(from, middle), inNoise(middle, ratio(from, to), constant(from, to))];
};

/** DPM-Solver-3: Algorithm 2, r₁ = 1/3 and r₂ = 2/3. */
const thirdOrder = (path: Path, from: Level, to: Channel): readonly Stage[] => {
  const [s1, s2] = [levelBetween(path, from, to, 1 / 3), levelBetween(path, from, to, 2 / 3)];
  const rise = slope(from, s2, 1 / 2); // s₁ is halfway to s₂
  const end = slope(from, to, 2 / 3);
  return [
    firstOrder(from, s1),
    inNoise(s1, ratio(from, s2), rise, [constant(from, s2) - rise]),
    inNoise(s2, ratio(from, to), end, [0, constant(from, to) - end]),
  ];
};

/** The stages of DPM-Solver-1, -2 or -3; of DPM-Solver-1 unless `again` is true. */
const dpmSolverStages = (path: Path, from: Level, to: Channel, order: number, again: boolean): readonly Stage[] => {
  if (order === 1 || !again) return [firstOrder(from, to)];
  return (order === 2 ? secondOrder : thirdOrder)(path, from, to);
};

const options = schema('dpmSolver', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  ...fallFields,
});

interface DpmSolverOptions extends OptionsOf<typeof options> {}

/**
 * Singlestep DPM-Solver (Lu et al. 2022a), which integrates ε̂ as a polynomial in λ: DPM-Solver-2 (Algorithm 1, r₁ = 1/2) and
 * DPM-Solver-3 (Algorithm 2, r₁ = 1/3, r₂ = 2/3), with `order` evaluations a step, which are even in λ. A step to the data has order 1
 * and one evaluation. {@link dpmSolverPPSinglestep} with `space: 'epsilon'` evaluates at the timesteps of the grid, and
 * {@link dpmSolverPP} with it is multistep DPM-Solver.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `maxFall`: the most by which σ may fall in a step of order above
 *   1; if left out, 100 from a σ above 1000, else any. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(8), solver: dpmSolver({ order: 3 }) })).steps // → 22
 */
export const dpmSolver: SolverFrom<DpmSolverOptions> = withOptions(options, ({ order, maxFall }) =>
  solverOf((from, to, path) => dpmSolverStages(path, from, to, order, evaluatesAgain(from, to, maxFall))),
);

/** DPM-Solver-fast: orders of the steps that use a number of evaluations, as many of 3 as fit (appendix D.4 of the paper). */
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

/** A step to a lower noise level than the next, though not below σ/α = `least`, as k-diffusion; then noise up to the next. */
const lowered = (
  path: Path,
  [from, to]: readonly [Level, Level],
  order: number,
  least: number,
  { eta, sNoise, maxFall }: FilledOf<typeof fastOptions>,
): SolverStep => {
  const share = Math.max(sigmaOf(ancestralLevel(from, to, eta).down), least) / sigmaOf(to);
  const down = { ...to, sigma: to.sigma * share };
  const stages = dpmSolverStages(path, from, down, order, evaluatesAgain(from, to, maxFall));
  const noise = sNoise * to.sigma * Math.sqrt(Math.max(0, (1 - share) * (1 + share)));
  return { from, to, stages: thenNoise(stages, noise) };
};

/**
 * DPM-Solver-fast (Lu et al. 2022a, appendix D.4; `sample_dpm_fast` of k-diffusion): steps of DPM-Solver-3, then of lower order,
 * equal in λ between the first and the last level of the grid above the data, with a number of evaluations in all; then one
 * more step to the data, if samples end there. From a level without signal, one more step leads to the next level. With η > 0 each
 * step goes to a lower noise level than the next, though not below the last, and noise leads up to the next.
 *
 * @param options - `evaluations`: their number, without those of the steps from a level without signal and to the data. `eta`: 0,
 *   the default, or more. `sNoise`: the standard deviation of the noise, 1 if left out. `maxFall`: as in {@link dpmSolver}.
 *   Otherwise the sampler returns a `ConfigError`
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
    const holds = pairsOf(levels).map(([from, to]) => ({ from, to, stages: [holdX0(from, to)] }));
    return [
      ...holds.filter(({ from }) => !hasSignal(from)),
      ...between.map((pair, i) => lowered(path, pair, orders[i]!, sigmaOf(last), settings)),
      ...holds.filter(({ from, to }) => hasSignal(from) && isData(to)),
    ];
  }),
);
