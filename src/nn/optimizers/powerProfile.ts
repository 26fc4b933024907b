/**
 * Profiles of averages by `emaPower`, and the combination of profiles into another one: EDM2 (Karras et al. 2024),
 * appendix C.
 */
import { sumOf } from '../../internal/numbers.js';
import { power } from '../../internal/numerics/power.js';
import { solved } from '../../internal/numerics/linearSystem.js';

/** A power function over the updates, p(τ) = (γ + 1)·τ^γ/t^(γ+1) on [0, t]. */
export interface PowerProfile {
  readonly gamma: number;
  readonly t: number;
}

/** ∫ p_a(τ)·p_b(τ) dτ: the closed form. */
const dot = (a: PowerProfile, b: PowerProfile): number => {
  const [early, late] = a.t <= b.t ? [a, b] : [b, a];
  const scale = ((a.gamma + 1) * (b.gamma + 1)) / ((a.gamma + b.gamma + 1) * late.t);
  return scale * power(early.t / late.t, late.gamma);
};

/**
 * Solves the least squares problem ‖Σ_i x_i·p_i − p‖² for x by its normal equations, scaled so that their diagonal is
 * 1, and divides x by its sum, as EDM2's code does: an average of equal parameters is then equal to them.
 */
export const profileWeights = (profiles: readonly PowerProfile[], target: PowerProfile): readonly number[] => {
  const norms = profiles.map((p) => Math.sqrt(dot(p, p)));
  const a = profiles.map((p, i) => profiles.map((q, j) => dot(p, q) / (norms[i]! * norms[j]!)));
  const b = profiles.map((p, i) => dot(p, target) / norms[i]!);
  const weights = solved(a, b).map((x, i) => x / norms[i]!);
  const sum = sumOf(weights);
  return weights.map((x) => x / sum);
};
