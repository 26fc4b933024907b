/** Continuous noising processes, data, and solvers that are defined by the log-SNR. */
import fc from 'fast-check';
import {
  type ContinuousNoising,
  continuousCosine,
  continuousLinear,
  continuousSigmoid,
  ddim,
  dpmSolverPP,
  dpmSolverPPSinglestep,
  edm,
  euler,
  type GaussianMixture,
  heun,
  interpolant,
  lms,
  pndm,
  rectifiedFlow,
  type Solver,
  trigonometric,
  uniPC,
} from 'noisefold/diffusion';
import { add, exp, expm1, mul, neg, sin, sqrt, square, sub } from 'noisefold/dsl';
import { valueOf } from '../oracles/plans.js';

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

/** (1 - t)² and sin(πt/2), which do not preserve the variance. */
const early = valueOf(
  interpolant({ name: 'early', alpha: (t) => square(sub(1, t)), sigma: (t) => sin(mul(t, Math.PI / 2)) }),
);

/** α² = e^{-(10⁻⁴ + 10·t²)}, which has noise at t = 0: lucidrains' `beta_linear_log_snr`. */
const noisyStart = valueOf(
  interpolant({
    name: 'noisyStart',
    alpha: (t) => exp(mul(add(mul(square(t), 10), 1e-4), -0.5)),
    sigma: (t) => sqrt(neg(expm1(neg(add(mul(square(t), 10), 1e-4))))),
  }),
);

/** A path over [0, 1]. */
export const unitPath: fc.Arbitrary<ContinuousNoising> = fc.oneof(
  fc.constantFrom(rectifiedFlow(), trigonometric(), early, noisyStart),
  within(0, 0.2).map((offset) => continuousCosine({ offset })),
  fc.tuple(within(0.05, 2), within(3, 20)).map(([betaMin, betaMax]) => continuousLinear({ betaMin, betaMax })),
  fc
    .tuple(within(-3, 0), within(1, 3), within(0.4, 1.2))
    .map(([start, end, tau]) => continuousSigmoid({ start, end, tau })),
);

/** Any continuous path, and one of its times, not next to an end. */
export const placeOnPath: fc.Arbitrary<{ readonly noising: ContinuousNoising; readonly t: number }> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ noising: unitPath, t: within(0.02, 0.98) }) },
  { weight: 1, arbitrary: fc.record({ noising: fc.constant(edm()), t: within(0.02, 50) }) },
);

/** Data of one number: two Gaussians, not so narrow that x̂₀ would jump between them. */
export const twoGaussians: fc.Arbitrary<GaussianMixture<[]>> = fc
  .record({ share: within(0.2, 0.8), low: within(-1, 0), high: within(0, 1), variance: within(0.1, 0.5) })
  .map(({ share, low, high, variance }) => ({
    shape: [],
    weights: [share, 1 - share],
    means: [[low], [high]],
    variances: [variance, 0.2],
  }));

/** Deterministic solvers whose steps depend on the levels only by α and σ, by name. */
export const solversOfLevels: Readonly<Record<string, Solver>> = {
  ddim: ddim(),
  euler: euler(),
  heun: heun(),
  ...Object.fromEntries(
    ([1, 2, 3] as const).flatMap((order) => [
      [`dpmSolverPP ${order}`, dpmSolverPP({ order })],
      [`dpmSolverPPSinglestep ${order}`, dpmSolverPPSinglestep({ order })],
      [`uniPC bh1 ${order}`, uniPC({ order, variant: 'bh1' })],
      [`uniPC bh2 ${order}`, uniPC({ order })],
    ]),
  ),
  ...Object.fromEntries(
    ([1, 2, 3, 4] as const).flatMap((order) => [
      [`lms ${order}`, lms({ order })],
      [`pndm ${order}`, pndm({ order })],
    ]),
  ),
};

/** Falling σ from 10 to 80 on, each a part of the one before that is as long as in practice. */
export const fallingSigmas: fc.Arbitrary<readonly number[]> = fc
  .tuple(within(10, 80), fc.array(within(0.35, 0.8), { minLength: 1, maxLength: 9 }))
  .map(([first, parts]) => parts.reduce((all, part) => [...all, all.at(-1)! * part], [first]));
