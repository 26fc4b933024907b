import { solved } from '../../../internal/numerics/linearSystem.js';
import { power } from '../../../internal/numerics/power.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { type Level, pairsOf } from '../../levels/level.js';
import { planning, type Solver } from '../plan.js';
import { orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { hasLength, hasSignal, holdNoise, lengthOf, type OrderAt, reachOf } from '../steps.js';
import { exponentialWeights } from './exponentialIntegrator.js';

/**
 * The weights of the last ε̂ in the mean over a step: ∫ ε̂ dσ of their polynomial in ln σ, over the length of the step. Places are
 * counted from the end of the step, so that the newest ε̂ is at 1 and the earlier ones are above.
 */
const weightsOf = (levels: readonly Level[], i: number, reach: number): readonly number[] => {
  if (reach === 1) return [1];
  const [from, to] = [levels[i]!, levels[i + 1]!];
  const h = lengthOf(from, to);
  const places = Array.from({ length: reach }, (_, k) => 1 - lengthOf(from, levels[i - k]!) / h);
  const moments = exponentialWeights(h, reach);
  const weights = solved(
    places.map((_, k) => places.map((r) => power(r, k))),
    moments,
  );
  return weights.map((w) => w / moments[0]!);
};

/** Tests if the polynomial may have the ε̂ of a step: ln σ has a length, and x/√ᾱ does not lose the digits of x. */
const usable = (from: Level, to: Level): boolean => hasSignal(from) && hasLength(from, to);

/** {@link deis} with a limit of the order of each step. */
export const deisOf = (order: number, orderAt: OrderAt = () => Infinity): Solver =>
  planning((levels) =>
    pairsOf(levels).map(([from, to], i, { length }) => {
      const reach = reachOf(levels, i, Math.min(order, orderAt(length - i)), usable);
      return { from, to, stages: [holdNoise(from, to, weightsOf(levels, i, reach))] };
    }),
  );

const options = schema('deis', {
  /** 1, which is DDIM, to 4; 3 if left out. */
  order: optional(orderOf(1, 2, 3, 4), 3),
});

interface DeisOptions extends OptionsOf<typeof options> {}

/**
 * DEIS (Zhang & Chen 2023), tAB-DEIS in ln σ (`logrho` of diffusers): the last ε̂ as a polynomial in ln σ, integrated over the step
 * in σ. Like {@link lms}, whose polynomial is in σ. The first steps, and the last, which ends at the data, have lower order.
 *
 * @param options - `order`: 1 (which is DDIM) to 4; 3 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: deis({ order: 3 }) })).memory // → 2
 */
export const deis: SolverFrom<DeisOptions> = withOptions(options, ({ order }) => deisOf(order));
