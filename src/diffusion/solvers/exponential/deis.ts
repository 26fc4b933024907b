import { integral } from '../../../internal/numerics/gaussLegendre.js';
import { solved } from '../../../internal/numerics/linearSystem.js';
import { power } from '../../../internal/numerics/power.js';
import { oneOf } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { sigmaOf } from '../../channels/channel.js';
import type { Level } from '../../channels/level.js';
import type { Path } from '../../paths/path.js';
import { solverOf } from '../algorithm.js';
import type { Solver } from '../plan.js';
import { orderOf, type SolverFrom, withOptions } from '../solverOptions.js';
import { hasLength, hasSignal, lengthOf, meanStep, type OrderAt, recent } from '../steps.js';
import { exponentialWeights } from './exponentialIntegrator.js';

/**
 * The weights of the last ε̂ in their mean over a step: the integral of their polynomial in ln σ over σ, divided by the length of
 * the step. Places are distances from the end of the step: the newest ε̂ is at 1, earlier ε̂ are above 1.
 */
const weightsOf = (levels: readonly Level[], to: Level): readonly number[] => {
  if (levels.length === 1) return [1];
  const from = levels[0]!;
  const h = lengthOf(from, to);
  const places = levels.map((level) => 1 - lengthOf(from, level) / h);
  const moments = exponentialWeights(h, levels.length);
  const weights = solved(
    places.map((_, k) => places.map((r) => power(r, k))),
    moments,
  );
  return weights.map((w) => w / moments[0]!);
};

/**
 * The weights of a polynomial in t: Σ w_k·ε̂_k is the mean of ε̂ over the step in σ/α. L_k are its Lagrange polynomials, and
 * share(t) is the fraction of the step in σ/α between its beginning and t. The mean of L_k is L_k(t_s) - ∫ share·L_k' dt.
 */
const weightsInTime = ({ levelAt }: Path, levels: readonly Level[], to: Level): readonly number[] => {
  if (levels.length === 1) return [1];
  const from = levels[0]!;
  const [begin, end] = [sigmaOf(from), sigmaOf(to)];
  const nodes = levels.map(({ t }) => t);
  return nodes.map((own, k) => {
    const others = nodes.filter((_, m) => m !== k);
    const product = (t: number, factors: readonly number[]): number =>
      factors.reduce((all, other) => (all * (t - other)) / (own - other), 1);
    const slope = (t: number): number =>
      others.reduce((sum, one, m) => sum + product(t, others.toSpliced(m, 1)) / (own - one), 0);
    const share = (t: number): number => (sigmaOf(levelAt(t)) - begin) / (end - begin);
    return product(to.t, others) - integral((t) => share(t) * slope(t), from.t, to.t);
  });
};

/** Tests if the polynomial may use the ε̂ at the beginning of a step: the step has a length in ln σ, and x/√ᾱ keeps the digits of x. */
const usable = (from: Level, to: Level): boolean => hasSignal(from) && hasLength(from, to);

/** {@link deis} with a limit of the order of each step. */
export const deisOf = (
  order: number,
  orderAt: OrderAt = () => Infinity,
  variable: 't' | 'logSigma' = 'logSigma',
): Solver =>
  solverOf(({ x, D, past, path, left }, from, to) => {
    const predictions = recent(D(x, from), past, to, Math.min(order, orderAt(left)), usable);
    const levels = predictions.map(({ at }) => at);
    const weights = variable === 't' ? weightsInTime(path, levels, to) : weightsOf(levels, to);
    return meanStep(predictions, weights, from, to);
  });

const options = schema('deis', {
  /** 1, which is DDIM, to 4; 3 if left out. */
  order: optional(orderOf(1, 2, 3, 4), 3),
  /** The variable of the polynomial: 'logSigma', ln σ, as in diffusers, if left out; or 't', the time, as in the paper. */
  variable: optional(oneOf('logSigma', 't'), 'logSigma'),
});

interface DeisOptions extends OptionsOf<typeof options> {}

/**
 * DEIS (Zhang & Chen 2023), tAB-DEIS in ln σ (`logrho` of diffusers): the last ε̂ as a polynomial in ln σ, integrated over the step
 * in σ. With the `variable` 't' the polynomial is in the time of the process, which is tAB-DEIS of the paper (`t_ab` of its code);
 * {@link lms}, whose polynomial is in σ, is ρAB-DEIS. The first steps, and the last, which ends at the data, have lower order.
 *
 * @param options - `order`: 1 (which is DDIM) to 4, one more than `ab_order` of the paper's code; 3 if left out. `variable`: 'logSigma'
 *   if left out, or 't'. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: deis({ order: 3 }) })).memory // → 2
 */
export const deis: SolverFrom<DeisOptions> = withOptions(options, ({ order, variable }) =>
  deisOf(order, undefined, variable),
);
