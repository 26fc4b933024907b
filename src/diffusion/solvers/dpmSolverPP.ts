import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { pairsOf } from '../levels/level.js';
import { exponentialWeights } from './exponentialIntegrator.js';
import { planning, type Solver } from './plan.js';
import { orderOf, type SolverFrom, withOptions } from './solverOptions.js';
import { holdX0, lengthOf, type OrderAt, reachOf } from './steps.js';

/** The weights of the predictions, newest first, for x̂₀ as a polynomial in λ through 1, 2 or 3 of them. */
const weightsOf = (h: number, [before, beforeThat]: readonly number[], share: number): readonly number[] => {
  const [constant = 0, slope = 0, whole = 0] = exponentialWeights(h, 3);
  const curve = share * whole;
  if (before === undefined) return [constant];
  const r0 = before / h;
  if (beforeThat === undefined) return [constant * (1 + 1 / (2 * r0)), -constant / (2 * r0)];
  const r1 = beforeThat / h;
  // Newton's divided differences: x̂₀ at u·h is D₀ + u·D₁ + u²·D₂
  const second = (slope * r0 + curve) / (r0 + r1);
  const [newer, older] = [(slope + second) / r0, second / r1];
  return [constant + newer, -newer - older, older];
};

/** The choices in which published code differs from {@link dpmSolverPP}. */
interface Published {
  /** The share of the term with φ₃ in steps of order 3; 1 if left out, 1/2 in the published code. */
  readonly curve?: number;
  readonly orderAt?: OrderAt;
}

/** {@link dpmSolverPP} with the choices of published code. */
export const dpmSolverPPOf = (order: number, { curve = 1, orderAt = () => order }: Published = {}): Solver =>
  planning((levels) => {
    const steps = pairsOf(levels);
    const lengths = steps.map(([from, to]) => lengthOf(from, to));
    return steps.map(([from, to], i) => {
      const reach = reachOf(levels, i, orderAt(steps.length - i));
      const earlier = lengths.slice(i - reach + 1, i).reverse();
      const [x0, ...memory] = weightsOf(lengths[i]!, earlier, curve).map((weight) => to.alpha * weight);
      const held = holdX0(from, to);
      return { from, to, stages: [reach === 1 ? held : { ...held, x0: x0!, memory }] };
    });
  });

const options = schema('dpmSolverPP', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
});

interface DpmSolverPPOptions extends OptionsOf<typeof options> {}

/**
 * Multistep DPM-Solver++ (Lu et al. 2022): one evaluation a step, with x̂₀ as a polynomial in λ through the last `order`
 * predictions. Order 2 is Algorithm 2 of the paper (2M). Order 3 integrates the parabola exactly, as in the expansion of the
 * paper's Proposition 4.1; the published code of 3M has half of the term with φ₃, and converges with order 2. The first
 * steps and the last, which ends at the data, have lower order.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const made = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPP({ order: 3 }) }))
 * made.memory // → 2
 */
export const dpmSolverPP: SolverFrom<DpmSolverPPOptions> = withOptions(options, ({ order }) => dpmSolverPPOf(order));
