import { power } from '../../internal/numerics/power.js';
import { exponentialWeights, flowStep } from './exponentialIntegrator.js';
import { halfLogSNR } from '../schedules/channel.js';
import { type OrderAt, reachOf } from './stepLimits.js';
import { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
import { solved } from '../../internal/numerics/linearSystem.js';
import type { Leg } from '../grids/leg.js';
import { oneOf } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { integrating, orderOf, type SolverFrom, withOptions } from './solverOptions.js';

/** B(h) of UniPC: h, or e^h - 1. For predictions of x̂₀, the same with -h. */
export type UniPCVariant = 'bh1' | 'bh2';

/**
 * The weights of the differences x̂₀(λ + r·h) - x̂₀(λ) at the places r, over a leg of length h: B·ρ/r, where ρ solves
 * Σ_m ρ_m·r_m^{k-1} = k!·φ_{k+1}/B. For a single place ρ is 1/2, the only case where B does not cancel.
 */
const differenceWeights = (h: number, places: readonly number[], variant: UniPCVariant): readonly number[] => {
  const [constant, ...moments] = exponentialWeights(h, places.length + 1);
  const rho =
    places.length === 1
      ? [(variant === 'bh1' ? h : constant!) / 2]
      : solved(
          places.map((_, k) => places.map((r) => power(r, k))),
          moments,
        );
  return rho.map((weight, m) => weight / places[m]!);
};

const sum = (numbers: readonly number[]): number => numbers.reduce((all, n) => all + n, 0);

/**
 * The coefficients of UniPC, for each leg of a path: the corrector of the previous leg, with the prediction at its end, then
 * the predictor. The corrector adds a combination of predictions to x_t, so both fit into one step.
 * @example
 * const process = unwrap(ddpm(cosine(1000)))
 * const legs = legsOf(process, [900, 600, 300])
 * const rows = uniPCRows(2, 'bh2')(legs)
 * rows.map(({ x0 }) => x0.length) // → [1, 2, 3]
 */
export const uniPCRows =
  (order: number, variant: UniPCVariant, orderAt: OrderAt = () => order) =>
  (legs: readonly Leg[]): readonly StepCoefficients[] => {
    const lambdas = legs.map(({ from }) => halfLogSNR(from));
    /** The weights of the predictions at leg i and before, and of the prediction at its end, if it is known. */
    const weightsOf = (i: number, endIsKnown: boolean): readonly number[] => {
      const { from, to } = legs[i]!;
      const h = halfLogSNR(to) - lambdas[i]!;
      const earlier = Array.from({ length: reachOf(legs, i, orderAt(legs.length - i)) - 1 }, (_, k) => i - k - 1);
      const places = [...(endIsKnown ? [1] : []), ...earlier.map((j) => (lambdas[j]! - lambdas[i]!) / h)];
      if (places.length === 0) return [flowStep(from, to).x0];
      const weights = differenceWeights(h, places, variant).map((weight) => to.alpha * weight);
      const own = flowStep(from, to).x0 - sum(weights);
      return endIsKnown ? [weights[0]!, own, ...weights.slice(1)] : [own, ...weights];
    };
    return legs.map(({ from, to }, i) => {
      const { x } = flowStep(from, to);
      const predictor = weightsOf(i, false);
      const before = legs[i - 1];
      if (before === undefined || !(before.from.alpha > 0)) return { x, x0: predictor, noise: 0 };
      const predicted = weightsOf(i - 1, false);
      const correction = weightsOf(i - 1, true).map((weight, k) => weight - (k === 0 ? 0 : predicted[k - 1]!));
      const x0 = Array.from(
        { length: Math.max(predictor.length, correction.length) },
        (_, k) => x * (correction[k] ?? 0) + (predictor[k] ?? 0),
      );
      return { x, x0, noise: 0 };
    });
  };

const options = schema('uniPC', {
  /** 1, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** B(h); 'bh2' if left out. */
  variant: optional(oneOf('bh1', 'bh2'), 'bh2'),
});

interface UniPCOptions extends OptionsOf<typeof options> {}

/**
 * UniPC (Zhao et al. 2023, Algorithms 1 and 2, for x̂₀): a predictor through the last `order` predictions, and a corrector
 * that also uses the next one, once it is evaluated. One evaluation a step; the order is one more than the predictor's. The
 * last step, which ends at the data, is x̂₀ itself, without a corrector.
 *
 * @param options - `order`: 1, 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`. `variant`: B(h), 'bh2'
 *   if left out
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const process = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ process, denoiser: white, grid: trailing(20), solver: uniPC({ order: 3, variant: 'bh1' }) }))
 * made.memory // → 3
 */
export const uniPC: SolverFrom<UniPCOptions> = withOptions(options, ({ order, variant }) =>
  integrating((legs) => linearIntegrator(uniPCRows(order, variant)(legs))),
);
