/** DPM-Solver (Lu et al. 2022a), in ε̂: singlestep of order 2 and 3, multistep, and the order by a number of evaluations. */
import { positive, hinted, oneOf } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { isData, type Level, pairsOf } from '../../levels/level.js';
import { pathOf } from '../../levels/noising.js';
import type { Path } from '../../levels/path.js';
import { planning, solverOf, type Stage } from '../plan.js';
import { orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { holdX0, inX0, isGradual, lengthOf, levelBetween } from '../steps.js';
import { multistep } from './multistep.js';

/** A stage in ε̂: x of the start of the step, and factors of ε̂ here and before. */
const inNoise = (at: Level, start: number, own: number, memory: readonly number[] = []): Stage => ({
  at,
  start,
  ...inX0(at, 'epsilon', own),
  memory,
  remembers: 'epsilon',
});

/**
 * The stages of DPM-Solver-1, -2 and -3: eq. 4.1, Algorithms 1 and 2, with r₁ = 1/2, or r₁ = 1/3 and r₂ = 2/3. With λ = ln(α/σ)
 * and the length h, a step with a constant ε̂ is α_s/α_t·x_t - σ_s·(e^h - 1)·ε̂.
 */
const dpmSolverStages = (path: Path, from: Level, to: Level, order: number): readonly Stage[] => {
  if (order === 1 || !isGradual(from, to, 'end')) return [{ ...holdX0(from, to), remembers: 'epsilon' }];
  const whole = (end: Level): number => -end.sigma * Math.expm1(lengthOf(from, end));
  const ratio = (end: Level): number => end.alpha / from.alpha;
  /** The integral of the part of ε̂ that rises linearly, over r. */
  const slope = (end: Level, r: number): number => {
    const h = lengthOf(from, end);
    return (-end.sigma * (Math.expm1(h) / h - 1)) / r;
  };
  if (order === 2) {
    const middle = levelBetween(path, from, to, 1 / 2);
    return [{ ...holdX0(from, middle), remembers: 'epsilon' }, inNoise(middle, ratio(to), whole(to))];
  }
  const [first, second] = [levelBetween(path, from, to, 1 / 3), levelBetween(path, from, to, 2 / 3)];
  const [rise, whole2] = [slope(second, 1 / 2), whole(second)]; // the first place is halfway to the second
  const end = slope(to, 2 / 3);
  return [
    { ...holdX0(from, first), remembers: 'epsilon' },
    inNoise(first, ratio(second), rise, [whole2 - rise]),
    inNoise(second, ratio(to), end, [0, whole(to) - end]),
  ];
};

const options = schema('dpmSolver', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** 'singlestep' if left out, with `order` evaluations a step; or 'multistep', with one. */
  steps: optional(oneOf('singlestep', 'multistep'), 'singlestep'),
});

interface DpmSolverOptions extends OptionsOf<typeof options> {}

/**
 * DPM-Solver (Lu et al. 2022a), which integrates ε̂ as a polynomial in λ: singlestep DPM-Solver-2 (Algorithm 1, r₁ = 1/2) and
 * DPM-Solver-3 (Algorithm 2, r₁ = 1/3, r₂ = 2/3), with `order` evaluations a step; or multistep, through the last `order`
 * predictions. {@link dpmSolverPP} is the same for x̂₀, which is better with guidance. A step to the data or over which σ falls
 * more than a hundredfold has order 1 and one evaluation.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `steps`: 'singlestep' if left out, or 'multistep'. For
 *   others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(8), solver: dpmSolver({ order: 3 }) })).steps // → 22
 */
export const dpmSolver: SolverFrom<DpmSolverOptions> = withOptions(options, ({ order, steps }) =>
  steps === 'multistep'
    ? multistep({ order, space: 'epsilon' })
    : solverOf((from, to, path) => dpmSolverStages(path, from, to, order)),
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
});

interface FastOptions extends OptionsOf<typeof fastOptions> {}

/**
 * DPM-Solver-fast (Lu et al. 2022a, appendix D.4; `sample_dpm_fast` of k-diffusion): steps of DPM-Solver-3, then of lower order,
 * equal in λ between the first and the last level of the grid above the data, with a number of evaluations in all; then one
 * more step to the data, if samples end there.
 *
 * @param options - `evaluations`: their number, without that of the step to the data. Otherwise the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(2), solver: dpmSolverFast({ evaluations: 10 }) }))
 * made.steps // → 11
 */
export const dpmSolverFast: SolverFrom<FastOptions> = withOptions(fastOptions, ({ evaluations }) =>
  planning((levels, noising) => {
    const path = pathOf(noising);
    const noisy = levels.filter((level) => !isData(level));
    const [first, last] = [noisy[0]!, noisy.at(-1)!];
    const orders = noisy.length === 1 ? [] : fastOrders(evaluations);
    const ends = [
      ...orders.map((_, i) => (i === 0 ? first : levelBetween(path, first, last, i / orders.length))),
      last,
    ];
    return [
      ...pairsOf(ends).map(([from, to], i) => ({ from, to, stages: dpmSolverStages(path, from, to, orders[i]!) })),
      ...levels.filter(isData).map((data) => ({ from: last, to: data, stages: [holdX0(last, data)] })),
    ];
  }),
);
