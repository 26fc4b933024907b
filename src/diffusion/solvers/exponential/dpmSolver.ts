/** DPM-Solver (Lu et al. 2022a), in ε̂: singlestep of order 2 and 3, multistep, and the order by a number of evaluations. */
import { positive, hinted, oneOf } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { isData, type Level, pairsOf } from '../../levels/level.js';
import { pathOf } from '../../levels/noising.js';
import type { Path } from '../../levels/path.js';
import { sigmaOf, type Channel } from '../../levels/channel.js';
import { planning, solverOf, type Stage } from '../plan.js';
import { etaOf, everywhere, noiseFactor, orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { ancestralLevel, evaluatesTwice, holdX0, inX0, lengthOf, levelBetween } from '../steps.js';
import { multistep, multistepFields, publishedRules } from './multistep.js';
import { singlestep, singlestepRules } from './singlestep.js';

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
const dpmSolverStages = (
  path: Path,
  from: Level,
  to: Channel,
  order: number,
  many: boolean,
): readonly [Stage, ...Stage[]] => {
  if (order === 1 || !many) return [{ ...holdX0(from, to), remembers: 'epsilon' }];
  const whole = (end: Channel): number => -end.sigma * Math.expm1(lengthOf(from, end));
  const ratio = (end: Channel): number => end.alpha / from.alpha;
  /** The integral of the part of ε̂ that rises linearly, over r. */
  const slope = (end: Channel, r: number): number => {
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

const options = /* @__PURE__ */ schema('dpmSolver', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /**
   * 'singlestep' if left out, with `order` evaluations a step; 'grouped', where a step covers `order` timesteps of the grid, with an
   * evaluation at each; or 'multistep', with one evaluation a step.
   */
  steps: optional(oneOf('singlestep', 'grouped', 'multistep'), 'singlestep'),
  ...multistepFields,
  /** True for the order in every step but the last; false, for order 1 where σ falls more than 100-fold, if left out. */
  throughout: everywhere,
}).rule(({ steps, rule, curve, lowerFinal }) => {
  const [field, expected] =
    steps === 'singlestep' && (rule !== 'midpoint' || lowerFinal)
      ? ([rule === 'midpoint' ? 'lowerFinal' : 'rule', "steps: 'grouped' or 'multistep' beside it"] as const)
      : steps !== 'multistep' && curve !== 'exact'
        ? (['curve', "steps: 'multistep' beside it"] as const)
        : [null, null];
  return field === null ? null : { field, expected, actual: `steps: '${steps}'`, hint: 'leave it out' };
});

interface DpmSolverOptions extends OptionsOf<typeof options> {}

/**
 * DPM-Solver (Lu et al. 2022a), which integrates ε̂ as a polynomial in λ: singlestep DPM-Solver-2 (Algorithm 1, r₁ = 1/2) and
 * DPM-Solver-3 (Algorithm 2, r₁ = 1/3, r₂ = 2/3), with `order` evaluations a step, which are even in λ; or at the timesteps of the
 * grid, in groups of `order`, as {@link dpmSolverPPSinglestep} and the code of the paper; or multistep, through the last `order`
 * predictions. {@link dpmSolverPP} is the same for x̂₀, which is better with guidance. A step to the data has order 1 and one
 * evaluation, and, but for groups, one over which σ falls more than a hundredfold, unless `throughout` is true.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `steps`: 'singlestep' if left out, 'grouped' or 'multistep'.
 *   `rule` and `lowerFinal` of groups and of multistep, and `curve` of multistep: those of {@link dpmSolverPPSinglestep} and
 *   {@link dpmSolverPP}. `throughout`: true for the order of every step but the last. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(8), solver: dpmSolver({ order: 3 }) })).steps // → 22
 */
export const dpmSolver: SolverFrom<DpmSolverOptions> = withOptions(options, ({ order, steps, throughout, ...rules }) =>
  ({
    multistep: () => multistep({ order, space: 'epsilon', throughout, ...publishedRules(rules) }),
    grouped: () =>
      singlestep({ order, space: 'epsilon', lowerFinal: rules.lowerFinal, ...singlestepRules(rules.rule) }),
    singlestep: () =>
      solverOf((from, to, path) => dpmSolverStages(path, from, to, order, evaluatesTwice(from, to, throughout))),
  })[steps](),
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
  /** η from 0, which follows the flow, to 1; 0 if left out. */
  eta: optional(etaOf('0 is usual'), 0),
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
  /** True for the order in every step but the last; false, for order 1 where σ falls more than 100-fold, if left out. */
  throughout: everywhere,
});

interface FastOptions extends OptionsOf<typeof fastOptions> {}

/**
 * DPM-Solver-fast (Lu et al. 2022a, appendix D.4; `sample_dpm_fast` of k-diffusion): steps of DPM-Solver-3, then of lower order,
 * equal in λ between the first and the last level of the grid above the data, with a number of evaluations in all; then one
 * more step to the data, if samples end there. With η > 0 each step goes to a lower noise level than the next, though not below the
 * last, and noise leads up to the next.
 *
 * @param options - `evaluations`: their number, without that of the step to the data. `eta`: from 0, the default, to 1. `sNoise`: the
 *   standard deviation of the noise, 1 if left out. `throughout`: as in {@link dpmSolver}. Otherwise the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(linear(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: karrasGrid(2), solver: dpmSolverFast({ evaluations: 10 }) }))
 * made.steps // → 11
 */
export const dpmSolverFast: SolverFrom<FastOptions> = withOptions(
  fastOptions,
  ({ evaluations, eta, sNoise, throughout }) =>
    planning((levels, noising) => {
      const path = pathOf(noising);
      const noisy = levels.filter((level) => !isData(level));
      const [first, last] = [noisy[0]!, noisy.at(-1)!];
      const orders = noisy.length === 1 ? [] : fastOrders(evaluations);
      const ends = [
        ...orders.map((_, i) => (i === 0 ? first : levelBetween(path, first, last, i / orders.length))),
        last,
      ];
      const least = sigmaOf(last);
      return [
        ...pairsOf(ends).map(([from, to], i) => {
          // not below the last level, as k-diffusion
          const share = Math.max(sigmaOf(ancestralLevel(from, to, eta).down), least) / sigmaOf(to);
          const down = { ...to, sigma: to.sigma * share };
          const stages = dpmSolverStages(path, from, down, orders[i]!, evaluatesTwice(from, to, throughout));
          const noise = sNoise * to.sigma * Math.sqrt(Math.max(0, (1 - share) * (1 + share)));
          return { from, to, stages: [...stages.slice(0, -1), { ...stages.at(-1)!, noise }] };
        }),
        ...levels.filter(isData).map((data) => ({ from: last, to: data, stages: [holdX0(last, data)] })),
      ];
    }),
);
