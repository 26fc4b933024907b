import type { Channel } from '../schedules/channel.js';
import { demanding } from '../../internal/takes.js';
import { channelPart } from '../parts.js';
import { natural, numberOf } from '../../internal/decode.js';

/**
 * The coefficients of x_s = x·x_t + x0·x̂₀: the probability flow from one noise level to another, for a constant x̂₀. This is
 * the step of DDIM with η = 0, of Euler in σ, and of DPM-Solver++ of order 1.
 * @example flowStep({ alpha: 0.6, sigma: 0.8 }, { alpha: 0.8, sigma: 0.6 }) // → { x: 0.75, x0: 0.35 }
 */
export const flowStep = demanding(
  'flowStep',
  { from: channelPart, to: channelPart },
  (from: Channel, to: Channel): { readonly x: number; readonly x0: number } => {
    const x = to.sigma / from.sigma;
    return { x, x0: to.alpha - x * from.alpha };
  },
);

/**
 * The weights of an exponential integrator: I_k = ∫₀¹ h·e^{-h(1-u)}·u^k du for k < `count`, which integrate a polynomial x̂₀
 * over a leg of length h in λ. In the signs of DPM-Solver++, I₀ = -φ₁, I₁ = φ₂ and I₂ = -2φ₃.
 * @example exponentialWeights(1, 1) // → [1 - Math.exp(-1)]
 */
export const exponentialWeights = demanding(
  'exponentialWeights',
  { h: numberOf('the length of a leg, a number'), count: natural },
  (h: number, count: number): readonly number[] =>
    h < 1
      ? Array.from({ length: count }, (_, k) => {
          // h·Σ_j (-h)^j·k!/(j + k + 1)!, because the recursion cancels for small h
          let term = h / (k + 1);
          let sum = term;
          for (let j = 1; j < 20; j++) sum += term *= -h / (j + k + 1);
          return sum;
        })
      : Array.from({ length: count - 1 }).reduce<readonly number[]>(
          (known, _, k) => [...known, 1 - ((k + 1) * known[k]!) / h],
          [-Math.expm1(-h)],
        ),
);
