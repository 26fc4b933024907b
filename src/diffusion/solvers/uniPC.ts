import { oneOf } from '../../internal/decode.js';
import { power } from '../../internal/numerics/power.js';
import { solved } from '../../internal/numerics/linearSystem.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { pairsOf } from '../levels/level.js';
import { exponentialWeights } from './exponentialIntegrator.js';
import { planning, type Solver } from './plan.js';
import { orderOf, type SolverFrom, withOptions } from './solverOptions.js';
import { flowStep, lengthOf, type OrderAt, reachOf } from './steps.js';

/** B(h) of UniPC: h, or e^h - 1. For predictions of x̂₀, the same with -h. */
export type UniPCVariant = 'bh1' | 'bh2';

/**
 * The weights of the differences x̂₀(λ + r·h) - x̂₀(λ) at the places r, over a step of length h: B·ρ/r, where ρ solves
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

/** {@link uniPC} with the orders of published code. */
export const uniPCOf = (order: number, variant: UniPCVariant, orderAt: OrderAt = () => order): Solver =>
  planning((levels) => {
    const steps = pairsOf(levels);
    /** The weights of the predictions at level i and before, and first of the one at the end of the step, if it is known. */
    const weightsOf = (i: number, endIsKnown: boolean): readonly number[] => {
      const [from, to] = steps[i]!;
      const h = lengthOf(from, to);
      const reach = reachOf(levels, i, orderAt(steps.length - i));
      const earlier = Array.from({ length: reach - 1 }, (_, k) => lengthOf(from, levels[i - k - 1]!) / h);
      const places = [...(endIsKnown ? [1] : []), ...earlier];
      const weights = places.length === 0 ? [] : differenceWeights(h, places, variant).map((w) => to.alpha * w);
      const own = flowStep(from, to).x0 - sum(weights);
      return endIsKnown ? [weights[0]!, own, ...weights.slice(1)] : [own, ...weights];
    };
    return steps.map(([from, to], i) => {
      const { x } = flowStep(from, to);
      const predictor = weightsOf(i, false);
      // the corrector of the step before adds a combination of predictions to x_t
      const isCorrected = i > 0 && levels[i - 1]!.alpha > 0;
      const predicted = isCorrected ? weightsOf(i - 1, false) : [];
      const correction = isCorrected ? weightsOf(i - 1, true).map((w, k) => w - (predicted[k - 1] ?? 0)) : [];
      const [x0, ...memory] = Array.from(
        { length: Math.max(predictor.length, correction.length) },
        (_, k) => (predictor[k] ?? 0) + x * (correction[k] ?? 0),
      );
      return { from, to, stages: [{ at: from, x, x0: x0!, memory }] };
    });
  });

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
 * const noising = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: uniPC({ order: 3, variant: 'bh1' }) }))
 * made.memory // → 3
 */
export const uniPC: SolverFrom<UniPCOptions> = withOptions(options, ({ order, variant }) => uniPCOf(order, variant));
