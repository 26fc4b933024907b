/** Laws on a line: exact mixtures of Gaussians, and laws of a chain as weighted points. */
import { channelAt, type Vector } from './flow.js';
import type { Direction } from './products.js';

/** Σ_k w_k·N(m_k, v). */
export interface Gaussians {
  readonly weights: Vector;
  readonly means: Vector;
  readonly variance: number;
}

/** The law of x_t at λ along a direction of some data. */
export const gaussiansAt = ({ weights, means }: Direction, variance: number, lambda: number): Gaussians => {
  const channel = channelAt(lambda);
  return {
    weights,
    means: means.map((mean) => channel.alpha * mean),
    variance: channel.alpha ** 2 * variance + channel.sigma ** 2,
  };
};

/** A law as weighted points, with the memory of a solver at each. */
export interface Cloud {
  readonly places: Vector;
  readonly weights: Float64Array;
  readonly remembered: number;
}

/** The cutoff of a Gaussian in deviations: 2e-12 of it lies outside. */
const REACH = 7;

/** Adds a weight of N(mean, deviation²) to evenly spaced points. */
export const addGaussian = (
  to: Float64Array,
  grid: Vector,
  { mean, deviation, weight }: { readonly mean: number; readonly deviation: number; readonly weight: number },
): void => {
  const spacing = grid[1]! - grid[0]!;
  const first = Math.max(0, Math.ceil((mean - REACH * deviation - grid[0]!) / spacing));
  const last = Math.min(grid.length - 1, Math.floor((mean + REACH * deviation - grid[0]!) / spacing));
  if (first > last) return;
  // neighbouring values differ by a factor that itself changes by a constant factor: this avoids an `exp` for each point
  const u = (grid[first]! - mean) / deviation;
  const d = spacing / deviation;
  let height = (weight * d * Math.exp(-(u ** 2) / 2)) / Math.sqrt(2 * Math.PI);
  let factor = Math.exp(-u * d - d ** 2 / 2);
  const change = Math.exp(-(d ** 2));
  for (let i = first; i <= last; i++) {
    to[i]! += height;
    height *= factor;
    factor *= change;
  }
};

/** Gaussians as weights of evenly spaced points. */
export const cloudOf = ({ weights, means, variance }: Gaussians, grid: Vector): Cloud => {
  const all = new Float64Array(grid.length);
  for (const [k, weight] of weights.entries())
    addGaussian(all, grid, { mean: means[k]!, deviation: Math.sqrt(variance), weight });
  return { places: grid, weights: all, remembered: 0 };
};

/** The test functions are cos(κx) and sin(κx). */
export const FREQUENCIES = [1, 2, 3];

type Wave = readonly [number, number];

/** E[e^{iκx}] of weighted points. */
const waveOf = (places: Vector, weights: ArrayLike<number>, kappa: number): Wave => [
  places.reduce((sum, x, i) => sum + weights[i]! * Math.cos(kappa * x), 0),
  places.reduce((sum, x, i) => sum + weights[i]! * Math.sin(kappa * x), 0),
];

/** The distance of clouds from Gaussians: the largest difference of E[e^{iκx}]. */
export const distance = (clouds: readonly Cloud[], { weights, means, variance }: Gaussians): number =>
  FREQUENCIES.reduce((most, kappa) => {
    const damping = Math.exp((-(kappa ** 2) * variance) / 2);
    const [re, im] = waveOf(means, weights, kappa);
    const waves = clouds.map((cloud) => waveOf(cloud.places, cloud.weights, kappa));
    const sum = (part: 0 | 1): number => waves.reduce((total, wave) => total + wave[part], 0);
    return Math.max(most, Math.hypot(sum(0) - damping * re, sum(1) - damping * im));
  }, 0);
