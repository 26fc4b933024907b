import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Level } from '../channels/level.js';
import { sigmaOf } from '../channels/channel.js';
import { solverOf } from './algorithm.js';
import { orderOf, type SolverFrom, withOptions } from './solverOptions.js';
import { hasSignal, meanStep, recent } from './steps.js';

/** The nodes of two-point Gauss quadrature on [0, 1], which is exact for cubic polynomials. */
const GAUSS = [(1 - Math.sqrt(1 / 3)) / 2, (1 + Math.sqrt(1 / 3)) / 2];

/**
 * The weights of the last ε̂ in the mean over a step: the means of their Lagrange polynomials in σ, which have at most
 * degree 3.
 */
const weightsOf = (levels: readonly Level[], to: Level): readonly number[] => {
  const nodes = levels.map(sigmaOf);
  const length = sigmaOf(to) - nodes[0]!;
  return nodes.map((node, k) => {
    const polynomial = (sigma: number): number =>
      nodes.reduce((all, other, j) => (j === k ? all : (all * (sigma - other)) / (node - other)), 1);
    return GAUSS.reduce((sum, u) => sum + polynomial(nodes[0]! + u * length) / 2, 0);
  });
};

const options = schema('lms', {
  /** 1, which is DDIM, to 4; 4 if left out. */
  order: optional(orderOf(1, 2, 3, 4), 4),
});

interface LmsOptions extends OptionsOf<typeof options> {}

/**
 * The linear multistep method of k-diffusion (`sample_lms`, after Karras et al. 2022): Adams-Bashforth in σ, with weights for
 * the actual step lengths, including the last step, which ends at the data. The first steps have lower order.
 *
 * @param options - `order`: 1 (which is DDIM) to 4; 4 if left out. For any other, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: lms() }))
 * result.memory // → 3
 */
export const lms: SolverFrom<LmsOptions> = withOptions(options, ({ order }) =>
  solverOf(({ x, D, past }, from, to) => {
    const predictions = recent(D(x, from), past, to, order, hasSignal);
    return meanStep(
      predictions,
      weightsOf(
        predictions.map(({ at }) => at),
        to,
      ),
      from,
      to,
    );
  }),
);
