import { oneOf } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { type Algorithm, minus, plus, solverOf, times } from '../algorithm.js';
import { sigmaRatioInNoise, orderOf, pairRule, type SolverFrom, withOptions } from '../solverOptions.js';
import { lengthOf, type OrderAt, recent } from '../steps.js';
import { exponentialStep, type StepKind } from './exponentialStep.js';
import { lowering, multistepFields, usableIn } from './multistep.js';

/** The settings of {@link dpmMultistep}. */
export interface DpmMultistep extends StepKind {
  readonly order: number;
  /** A limit of the order of a step, from the number of steps that are left, with its own; none if left out. */
  readonly orderAt?: OrderAt;
  /** The term with two predictions: half of φ₁, or φ₂. */
  readonly rule: 'midpoint' | 'heun';
  /** The share of the term with φ₃. */
  readonly phi3: number;
  readonly maxSigmaRatio?: number | undefined;
}

/**
 * The step of multistep DPM-Solver++ (Lu et al. 2022, Algorithm 2; `multistep_dpm_solver_third_update` of its code), of DPM-Solver in
 * ε̂, and of their SDEs. With u from 0 to 1 over the step, the prediction is D₀ + D₁·u + D₂·u², through those at 0, -r₀ and -(r₀ + r₁).
 */
export const dpmMultistep =
  ({ order, orderAt = () => Infinity, rule, phi3, space = 'x0', maxSigmaRatio, ...kind }: DpmMultistep): Algorithm =>
  ({ x, D, noise, past, left }, from, to) => {
    const usable = usableIn(space, maxSigmaRatio);
    const step = exponentialStep(from, to, { ...kind, space: usable(from, to) ? space : 'x0' });
    const [phi1, phi2, phi3s] = step.moments(3) as [number, number, number];
    const own = D(x, from);
    const predictions = recent(own, past, to, Math.min(order, orderAt(left)), usable);
    const [D0, before, last] = predictions.map((one) => one[step.space]);
    const lengths = predictions.map(({ at }, k) => lengthOf(at, predictions[k - 1]?.at ?? to));
    const [r0, r1] = [lengths[1]! / lengths[0]!, lengths[2]! / lengths[0]!];

    const constant = plus(step.constant(own), times(step.noise, noise()));
    if (!before) return constant;
    const slope = times(1 / r0, minus(D0!, before));
    // Algorithm 2: D = (1 + 1/2r)·x̂₀ - 1/2r·(the one before), times φ₁
    if (!last) return plus(constant, times(rule === 'midpoint' ? phi1 / 2 : phi2, slope));
    const D2 = times(1 / (r0 + r1), minus(slope, times(1 / r1, minus(before, last))));
    const D1 = plus(slope, times(r0, D2));
    return plus(constant, times(phi2, D1), times(phi3 * phi3s, D2));
  };

const options = /* @__PURE__ */ schema('dpmSolverPP', {
  /** 1, which is DDIM, 2 or 3; 2 if left out. */
  order: optional(orderOf(1, 2, 3), 2),
  /** The rule for two predictions: 'midpoint' if left out, or 'heun', which integrates the line through both. */
  rule: pairRule,
  /** The term of order 3 with φ₃: 'exact' if left out, or 'half' of it, as in the code of DPM-Solver and of diffusers. */
  phi3: optional(oneOf('exact', 'half'), 'exact'),
  ...multistepFields,
}).rule(sigmaRatioInNoise);

interface DpmSolverPPOptions extends OptionsOf<typeof options> {}

/**
 * Multistep DPM-Solver++ (Lu et al. 2022): one evaluation a step, with x̂₀ as a polynomial in λ through the last `order`
 * predictions. Order 2 is Algorithm 2 of the paper (2M). Order 3 integrates the parabola exactly, as in the expansion of the
 * paper's Proposition 4.1. Half of its term with φ₃ is `multistep_dpm_solver_third_update` of the code of DPM-Solver and of diffusers,
 * which converges with order 2. The first steps and the last, which ends at the data, have lower order. With ε̂ it is multistep
 * DPM-Solver (Lu et al. 2022a), for samples without guidance; there a step over which σ falls more than `maxSigmaRatio` has order 1 too.
 *
 * @param options - `order`: 1 (which is DDIM), 2 or 3; 2 if left out. `rule`: 'midpoint' if left out, or 'heun' (`taylor` in its code),
 *   for steps with two predictions. `phi3`: 'exact' if left out, or 'half'. `space`: the prediction that it integrates, 'x0' if left
 *   out, or 'epsilon'. `lowerOrderFinal`: true for lower orders in the last steps, such as those of a run that does not end at the data
 *   (`lower_order_final`); false if left out. `maxSigmaRatio`: in ε̂, the most by which σ may fall in a step of order above 1; 100 if left
 *   out, Infinity as in published code. For others, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(cosine(1000)))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: trailing(20), solver: dpmSolverPP({ order: 3 }) }))
 * result.memory // → 2
 */
export const dpmSolverPP: SolverFrom<DpmSolverPPOptions> = withOptions(
  options,
  ({ phi3, lowerOrderFinal, ...settings }) =>
    solverOf(dpmMultistep({ ...settings, phi3: phi3 === 'half' ? 1 / 2 : 1, orderAt: lowering(lowerOrderFinal) })),
);
