/** Multistep exponential integrators: DPM-Solver, DPM-Solver++, its SDE, UniPC and SA-Solver are settings of one formula. */
import { power } from '../../../internal/numerics/power.js';
import { solved } from '../../../internal/numerics/linearSystem.js';
import { pairsOf, type Level } from '../../levels/level.js';
import { planning, type Solver } from '../plan.js';
import { hasLength, holdX0, inX0, isGradual, lengthOf, type OrderAt, reachOf } from '../steps.js';
import { exponentialWeights } from './exponentialIntegrator.js';

/**
 * The first moment where a step uses one prediction beside its own: 'exact' integrates the line through both, 'bh2' is half of
 * the integral of 1, as in Algorithm 2 of DPM-Solver++ (`midpoint` in published code), and 'bh1' half of the length of the step.
 * These are B(h)/2 of UniPC (Zhao et al. 2023).
 */
export type PairRule = 'exact' | 'bh1' | 'bh2';

/** The settings of a method. */
export interface Multistep {
  /** The number of predictions of the predictor, 1 to 3. */
  readonly order: number;
  /** A limit of the order of a step, from the number of steps that are left, with its own; none if left out. */
  readonly orderAt?: OrderAt;
  /** The number of predictions of the corrector, with the one at the end of the step; 0, no corrector, if left out. */
  readonly corrector?: number;
  readonly pair?: PairRule;
  /** The share of the second moment; 1 if left out, 1/2 in the published code of DPM-Solver++ and 3M SDE. */
  readonly curve?: number;
  /** The integrated prediction; 'x0' if left out. */
  readonly space?: 'x0' | 'epsilon';
  /** The noise of a step: 0 follows the flow, 1 is the reverse SDE. η of DPM-Solver++ SDE, τ² of SA-Solver; in 'x0' only. */
  readonly eta?: (from: Level, to: Level) => number;
  /** The standard deviation of the noise, for 1. */
  readonly sNoise?: number;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

/**
 * The weights of the predictions, own first, then at the places r (the end of the step is 1), for a polynomial through all of
 * them: Σ_m w_m·r_m^k is the k-th moment of the step.
 */
const weightsAt = (
  h: number,
  places: readonly number[],
  { pair = 'bh2', curve = 1 }: Pick<Multistep, 'pair' | 'curve'>,
): readonly number[] => {
  const [whole, slope = 0, ...rest] = exponentialWeights(h, places.length + 1) as readonly [number, ...number[]];
  const first = places.length > 1 || pair === 'exact' ? slope : (pair === 'bh1' ? h : whole) / 2;
  const moments = [first, ...rest.map((moment, k) => (k === 0 ? curve * moment : moment))];
  const weights = solved(
    places.map((_, k) => places.map((r) => power(r, k + 1))),
    moments.slice(0, places.length),
  );
  return [whole - sum(weights), ...weights];
};

/**
 * A multistep method in x̂₀: with the length h of a step in λ = ln(α/σ) and moments of e^{(1+η)·h·(u-1)},
 *
 *     x_s = σ_s/σ_t·e^{-η·h}·x_t + α_s·Σ_m w_m·x̂₀(r_m) + σ_s·√(1 - e^{-2·η·h})·ε
 *
 * (DPM-Solver++, Lu et al. 2022, Proposition 4.1; SA-Solver, Xue et al. 2023, eq. 14 and 17), and in ε̂ with moments of
 * e^{h·(1-u)}, x_s = α_s/α_t·x_t - σ_s·Σ_m w_m·ε̂(r_m)  (DPM-Solver). A corrector repeats the step with the prediction at its end.
 * It has the same x_t and ε, so it adds the difference of both sums to x_s, which is joined to the next step. A step to the data
 * or without signal is DDIM's; in ε̂, also one over which σ/α falls more than a hundredfold.
 */
export const multistep = ({
  order,
  orderAt = () => Infinity,
  corrector = 0,
  space = 'x0',
  eta = () => 0,
  sNoise = 1,
  ...rules
}: Multistep): Solver =>
  planning((levels) => {
    const steps = pairsOf(levels);
    const usable = space === 'epsilon' ? isGradualToEnd : hasLength;
    /** The factors of the predictions at level i and before, and first of the one at the end of the step, if `ends`. */
    const weightsOf = (i: number, most: number, ends: boolean): readonly number[] => {
      const [from, to] = steps[i]!;
      const h = from.alpha === 0 ? Infinity : lengthOf(from, to);
      const reach = reachOf(levels, i, Math.min(most, orderAt(steps.length - i)), usable);
      const earlier = Array.from({ length: reach - 1 }, (_, k) => lengthOf(from, levels[i - k - 1]!) / h);
      const inNoise = space === 'epsilon' && usable(from, to);
      const [own, ...others] = weightsAt(
        inNoise ? -h : h === Infinity ? h : (1 + eta(from, to)) * h,
        ends ? [1, ...earlier] : earlier,
        rules,
      ).map((w) => (inNoise ? to.sigma : to.alpha) * w);
      return ends ? [others[0]!, own!, ...others.slice(1)] : [own!, ...others];
    };
    return steps.map(([from, to], i) => {
      const predictor = weightsOf(i, order, false);
      // the corrector of the step before adds a combination of predictions to x_t
      const isCorrected = corrector > 0 && i > 0 && usable(...steps[i - 1]!);
      const [before, after] = isCorrected
        ? [[0, ...weightsOf(i - 1, order, false)], weightsOf(i - 1, corrector - 1, true)]
        : [[], []];
      const joinedBy = (x: number): readonly number[] =>
        Array.from(
          { length: Math.max(predictor.length, before.length, after.length) },
          (_, k) => (predictor[k] ?? 0) + x * ((after[k] ?? 0) - (before[k] ?? 0)),
        );
      if (space === 'epsilon') {
        // DDIM's step, which keeps its digits at any σ, and what the mean ε̂ adds to it
        const held = holdX0(from, to);
        const [own, ...memory] = usable(from, to) ? joinedBy(to.alpha / from.alpha) : [sum(predictor)];
        const more = own === sum(predictor) ? { x: 0, x0: 0 } : inX0(from, 'epsilon', own! - sum(predictor));
        const stage = { at: from, x: held.x! + more.x, x0: held.x0! + more.x0, memory, remembers: space };
        return { from, to, stages: [stage] };
      }
      const isIn = from.alpha > 0 && to.sigma > 0;
      const decay = isIn ? eta(from, to) * lengthOf(from, to) : to.alpha === 0 || !eta(from, to) ? 0 : Infinity;
      const x = to.sigma === 0 ? 0 : (to.sigma / from.sigma) * Math.exp(-decay);
      const [own, ...memory] = joinedBy(x);
      const noise = to.sigma === 0 ? 0 : sNoise * to.sigma * Math.sqrt(-Math.expm1(-2 * decay));
      return { from, to, stages: [{ at: from, x, x0: own!, memory, noise }] };
    });
  });

/** Tests if a step may be one in ε̂: not to the data, nor over a fall of σ/α in which ε̂ loses x̂₀. */
const isGradualToEnd = (from: Level, to: Level): boolean => isGradual(from, to, 'end');
