import { type Channel, logSNR } from './channel.js';
import type { Leg } from './leg.js';

/**
 * λ of DPM-Solver: half of the log-SNR, ln(a/s); -∞ without signal, ∞ without noise.
 * @example lambdaOf({ scale: 0.6, variance: 0.64 }) // → Math.log(0.6 / 0.8)
 */
export const lambdaOf = (channel: Channel): number => logSNR(channel) / 2;

/**
 * σ of EDM: the noise of x_t/a, s/a. Infinite without signal.
 * @example sigmaOf({ scale: 0.6, variance: 0.64 }) // → 0.8 / 0.6
 */
export const sigmaOf = ({ scale, variance }: Channel): number => Math.sqrt(variance) / scale;

/**
 * x_s = x·x_t + x0·x̂₀: the probability flow from one noise level to another, where x̂₀ stays what it is. It is
 * the step of DDIM with η = 0, of Euler in σ, and of DPM-Solver++ of order 1.
 * @example flowStep({ scale: 0.6, variance: 0.64 }, { scale: 0.8, variance: 0.36 }) // → { x: 0.75, x0: 0.35 }
 */
export const flowStep = (from: Channel, to: Channel): { readonly x: number; readonly x0: number } => {
  const x = Math.sqrt(to.variance / from.variance);
  return { x, x0: to.scale - x * from.scale };
};

/** Whether a leg has a length in λ. Without signal at its beginning, or without noise at its end, it has none. */
export const hasLength = ({ from, to }: Leg): boolean => from.scale > 0 && to.variance > 0;

/**
 * The least √ᾱ that counts as signal. What is divided by it grows at most 2⁴⁸-fold, so that in float32, which ends at
 * 2¹²⁸, the squares of 2²⁴ numbers up to 2⁴ still have a sum.
 */
const LEAST_SIGNAL = 2 ** -48;

/** Whether there is signal from which x₀ can be told in float32, on which programs run. */
export const leavesSignal = ({ scale }: Channel): boolean => scale >= LEAST_SIGNAL;

/** Whether σ is within float32 where a leg begins. Where it ends it always is: at the data it is 0. */
export const hasSignal = ({ from }: Leg): boolean => leavesSignal(from);

/**
 * How far σ may fall over a step that evaluates more than once: at its `end` as well (Heun), or in its `middle`, where
 * weights take half-way in t for half-way in σ (Runge-Kutta). The first steps of a coarse grid of the cosine schedule,
 * from a σ of thousands, know nothing of such a slope.
 */
const FURTHEST = { end: 100, middle: 4 } as const;

/** Whether a step may evaluate there: σ does not fall too far. It does at the data, and without signal. */
export const isGradual = (from: Channel, to: Channel, at: keyof typeof FURTHEST): boolean =>
  sigmaOf(from) <= FURTHEST[at] * sigmaOf(to);

/**
 * How many predictions a formula of several steps may use at a leg, its own among them: at most `order`, only
 * those of legs that have been, and one where a leg is not `usable`: where λ is not finite, if left out.
 * @example
 * const legs = pipe(ddpm(cosine(1000)), E.map((process) => legsOf(process, [900, 600, 300])))
 * // the last leg ends at the data, where λ is ∞
 * pipe(legs, E.map((all) => all.map((_, i) => reachOf(all, i, 2)))) // → E.right([1, 2, 1])
 */
export const reachOf = (
  legs: readonly Leg[],
  i: number,
  order: number,
  usable: (leg: Leg) => boolean = hasLength,
): number => {
  const within = legs.slice(Math.max(0, i - order + 1), i + 1).reverse();
  const blind = within.findIndex((leg) => !usable(leg));
  return Math.max(1, blind === -1 ? within.length : blind);
};

/**
 * I_k = ∫₀¹ h·e^{-h(1-u)}·u^k du for k below `count`: what a polynomial x̂₀ weighs over a leg of length h in λ. In the
 * signs of DPM-Solver++, I₀ = -φ₁, I₁ = φ₂ and I₂ = -2φ₃.
 * @example momentsOf(1, 1) // → [1 - Math.exp(-1)]
 */
export const momentsOf = (h: number, count: number): readonly number[] =>
  h < 1
    ? Array.from({ length: count }, (_, k) => {
        // h·Σ_j (-h)^j·k!/(j + k + 1)!, since the recursion cancels
        let term = h / (k + 1);
        let sum = term;
        for (let j = 1; j < 20; j++) sum += term *= -h / (j + k + 1);
        return sum;
      })
    : Array.from({ length: count - 1 }).reduce<readonly number[]>(
        (known, _, k) => [...known, 1 - ((k + 1) * known[k]!) / h],
        [-Math.expm1(-h)],
      );
