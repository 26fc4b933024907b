/** Solvers in the time of a continuous path, for the velocity of its flow. */
import { aboveZero, functionOf, hinted, oneOf, refined } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isData, type Level } from '../channels/level.js';
import { type Algorithm, type Form, minus, plus, type Prediction, solverOf, times } from './algorithm.js';
import { type Churn, churnFields, inOrder, withChurn } from './edm.js';
import type { Solver } from './plan.js';
import { type SolverFrom, withOptions } from './solverOptions.js';

/** A solver for paths with derivatives. On another path its plan is a `ConfigError`. */
const alongTime = (where: string, algorithm: Algorithm): Solver => ({
  plan: (levels, noising) =>
    levels.slice(0, -1).every(({ rates }) => rates)
      ? solverOf(algorithm).plan(levels, noising)
      : fail('ConfigError', {
          where,
          expected: 'a path with derivatives by its time',
          actual: 'the timesteps of a schedule',
          hint: 'take rectifiedFlow(), another continuous path, or ddim()',
        }),
});

const eulerOptions = /* @__PURE__ */ schema('flowEuler', churnFields).rule(inOrder);

/**
 * Euler's method for the flow dx = u(x, t)·dt in the time of a continuous path: x_s = x_t + (s - t)·û. On {@link rectifiedFlow} it is
 * DDIM, and on EDM's path Euler in σ. The discretization of SD3 and FLUX (`FlowMatchEulerDiscreteScheduler` of diffusers). Churn works
 * as in {@link euler}, in σ/α: Euler of the ablations of EDM's code.
 *
 * @param options - churn: none if left out; if invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * unwrap(sampler({ noising: rectifiedFlow(), denoiser: white, grid: 4, solver: flowEuler() })).steps // → 4
 */
export const flowEuler: SolverFrom<Churn> = withOptions(eulerOptions, (churn) =>
  alongTime(
    'flowEuler',
    withChurn(churn, ({ x, D }, hat, to) => plus(x, times(to.t - hat.t, D(x, hat).velocity))),
  ),
);

const secondOptions = schema('flowHeun', {
  /** The place of the second evaluation in a step: 1 is Heun, 1/2 the midpoint, 2/3 Ralston; 1 if left out. */
  alpha: optional(
    hinted(
      refined(aboveZero, 'a place above 0 and up to 1', (r) => r > 0 && r <= 1),
      '1 is Heun',
    ),
    1,
  ),
  /** The evaluations of the last step, to the data: 1, Euler as in EDM, if left out; 2 if `alpha` is below 1. */
  last: optional(hinted(t.union([t.literal(1), t.literal(2)], '1 or 2'), '1 is Euler'), 1),
  ...churnFields,
})
  .rule(inOrder)
  .rule(({ alpha, last }) =>
    last === 1 || alpha < 1
      ? null
      : ({
          field: 'last',
          expected: '1 beside an alpha of 1',
          actual: '2',
          hint: 'no network evaluates the data; take alpha: 1 / 2',
        } as const),
  );

interface SecondOptions extends OptionsOf<typeof secondOptions> {}

/**
 * The methods of order 2 of two evaluations a step for the flow, in the time of a continuous path: with u′ at the fraction α of the
 * step, x_s = x_t + (s - t)·((1 - 1/2α)·û + 1/2α·û′). This is the deterministic sampler of EDM (Karras et al. 2022, Algorithm 3,
 * appendix D.2) for any σ(t) and scaling: the path's. The last step, to the data, is Euler's. With `last: 2` it has two
 * evaluations, as in the midpoint method of torchdiffeq. Churn works as in {@link euler}, in σ/α: the stochastic sampler that EDM's
 * code uses for its ablations.
 *
 * @param options - `alpha`: the place of the second evaluation; 1 (Heun) if left out, 1/2 is the midpoint. `last`: the evaluations of
 *   the last step, to the data; 1 if left out. And churn: none if left out. If invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * unwrap(sampler({ noising: rectifiedFlow(), denoiser: white, grid: 4, solver: flowHeun({ alpha: 0.5 }) })).steps // → 7
 */
export const flowHeun: SolverFrom<SecondOptions> = withOptions(secondOptions, ({ alpha, last, ...churn }) =>
  alongTime(
    'flowHeun',
    withChurn(churn, ({ x, D, path }, hat, to) => {
      const h = to.t - hat.t;
      const u = D(x, hat).velocity;
      if (isData(to) && last === 1) return plus(x, times(h, u));
      const middle = alpha === 1 ? to : path.levelAt(hat.t + alpha * h);
      const u2 = D(plus(x, times(alpha * h, u)), middle).velocity;
      const share = 1 / (2 * alpha);
      return plus(x, times((1 - share) * h, u), times(share * h, u2));
    }),
  ),
);

const sdeOptions = schema('flowSde', {
  /** w(t) ≥ 0, the squared diffusion coefficient at a level; its σ if left out. The `diffusion` of SiT's code is w/2. */
  diffusion: optional(
    functionOf<(level: Level) => number>('a function of a level, such as ({ sigma }) => sigma'),
    (level: Level) => level.sigma,
  ),
  /** 'euler', Euler and Maruyama, if left out, or 'heun', two evaluations a step, after the noise. */
  method: optional(oneOf('euler', 'heun'), 'euler'),
});

interface FlowSdeOptions extends OptionsOf<typeof sdeOptions> {}

/** The drift û - w/2·score of the reverse SDE. */
const drift = ({ velocity, score }: Prediction, w: number): Form => minus(velocity, times(w / 2, score));

/**
 * Stochastic sampling of a flow by the reverse SDE with a chosen diffusion w(t) (SiT, Ma et al. 2024, eq. 6), by Euler and
 * Maruyama: x_s = x_t + (s - t)·(û - w/2·score) + √(w·(t - s))·ε. For every w ≥ 0 the law of x_t is that of the path; 0 is
 * {@link flowEuler}. The method 'heun' adds the noise to x_t first, then takes the mean of the drifts at t and at s. The step to the data
 * is Euler's without noise, as in the code of SiT (its last step `Mean`; {@link denoiseToZero} is `Tweedie`).
 *
 * @param options - `diffusion`: w as a function of the level, ({ t, alpha, sigma }) => number; σ if left out. The `diffusion` of
 * SiT's code is w/2, so its form 'sigma' is ({ sigma }) => 2 * sigma here. `method`: 'euler' if left out, or 'heun'
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const solver = flowSde({ diffusion: ({ t }) => Math.sin(Math.PI * t) ** 2 })
 * unwrap(sampler({ noising: rectifiedFlow(), denoiser: white, grid: 250, solver })).stochastic // → true
 */
export const flowSde: SolverFrom<FlowSdeOptions> = withOptions(sdeOptions, ({ diffusion, method }) =>
  alongTime('flowSde', ({ x, D, noise }, from, to) => {
    const h = to.t - from.t;
    const w = diffusion(from);
    const dW = times(isData(to) ? 0 : Math.sqrt(w * -h), noise());
    if (isData(to) || method === 'euler') return plus(x, times(h, drift(D(x, from), w)), dW);
    const hat = plus(x, dW);
    const d = drift(D(hat, from), w);
    const euler = plus(hat, times(h, d));
    const d2 = drift(D(euler, to), diffusion(to));
    return plus(hat, times(h / 2, plus(d, d2)));
  }),
);
