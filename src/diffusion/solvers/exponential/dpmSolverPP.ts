import { oneOf } from '../../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { type Algorithm, type Form, minus, plus, solverOf, times } from '../algorithm.js';
import { sigmaRatioInNoise, orderOf, pairRule, type SolverFrom, withOptions } from '../solverOptions.js';
import { lengthOf, type OrderAt, recent } from '../steps.js';
import { exponentialStep, type StepKind } from './exponentialStep.js';
import { lowering, multistepFields, usableIn } from './multistep.js';

/** The settings of {@link dpmMultistep}. */
export interface DpmMultistep extends StepKind {
  readonly order: number;
  /** A limit of the order of a step, as a function of the number of remaining steps; none if left out. */
  readonly orderAt?: OrderAt;
  /** The term with two predictions: half of φ₁, or φ₂. */
  readonly rule: 'midpoint' | 'heun';
  /** The share of the term with φ₃. */
  readonly phi3: number;
  readonly maxSigmaRatio?: number | undefined;
}

/**
 * The step of multistep DPM-Solver++ (Lu et al. 2022), of DPM-Solver in ε̂, and of their SDEs. It integrates a polynomial through the last
 * predictions D₀, D₁ and D₂ (newest first). Order 2 with the midpoint rule is Algorithm 2 of the paper, order 3 its Proposition 4.1.
 */
export const dpmMultistep =
  ({ order, orderAt = () => Infinity, rule, phi3, space = 'x0', maxSigmaRatio, ...kind }: DpmMultistep): Algorithm =>
  ({ x, D, noise, past, left }, from, to) => {
    const usable = usableIn(space, maxSigmaRatio);
    const step = exponentialStep(from, to, { ...kind, space: usable(from, to) ? space : 'x0' });
    const own = D(x, from);
    const predictions = recent(own, past, to, Math.min(order, orderAt(left)), usable);
    const [D0, D1, D2] = predictions.map((one) => one[step.space]) as [Form, Form?, Form?];
    const [m0, m1, m2] = step.moments(3) as [number, number, number]; // the integrals of 1, u and u², u from 0 to 1 over the step
    /** x_s for a prediction that is constant over the step: σ_s/σ_t·x - α_s·(e^{-h} - 1)·D in x̂₀ without noise. */
    const next = (constant: Form): Form =>
      plus(step.constant(own), times(m0, minus(constant, D0)), times(step.noise, noise()));

    if (!D1) return next(D0); // order 1, DDIM: also a step to the data, and from a level without signal
    const r0 = lengthOf(predictions[1]!.at, from) / lengthOf(from, to);
    const midpoint = plus(times(1 + 1 / (2 * r0), D0), times(-1 / (2 * r0), D1)); // Algorithm 2, D_i
    if (!D2 && rule === 'midpoint') return next(midpoint);

    const slope = times(1 / r0, minus(D0, D1));
    if (!D2) return next(plus(D0, times(m1 / m0, slope)));
    const r1 = lengthOf(predictions[2]!.at, predictions[1]!.at) / lengthOf(from, to);
    const bend = times(1 / (r0 + r1), minus(slope, times(1 / r1, minus(D1, D2))));
    return next(plus(D0, times(m1 / m0, plus(slope, times(r0, bend))), times((phi3 * m2) / m0, bend)));
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
