/** The probability flow of a mixture on the host, in float64, by an independent formula: the reference for the solvers. */
import type { Channel, GaussianMixture } from 'noisefold/diffusion';
import type { Shape } from 'noisefold/dsl';

export type Vector = readonly number[];

/** The channel of a process that preserves variance, at λ, half of the log-SNR. */
export const channelAt = (lambda: number): Channel => ({
  alpha: Math.sqrt(1 / (1 + Math.exp(-2 * lambda))),
  sigma: Math.sqrt(1 / (1 + Math.exp(2 * lambda))),
});

/** E[x_0|x_t], one component after the other. */
const meanOf = (mixture: GaussianMixture<Shape>, { alpha, sigma }: Channel, x: Vector): Vector => {
  const spread = (k: number, i: number): number => {
    const v = mixture.variances[k]!;
    return typeof v === 'number' ? v : v[i]!;
  };
  const logs = mixture.weights.map((weight, k) =>
    x.reduce((sum, xi, i) => {
      const v = alpha ** 2 * spread(k, i) + sigma ** 2;
      return sum - (xi - alpha * mixture.means[k]![i]!) ** 2 / (2 * v) - Math.log(v) / 2;
    }, Math.log(weight)),
  );
  const most = Math.max(...logs);
  const shares = logs.map((log) => Math.exp(log - most));
  const total = shares.reduce((a, b) => a + b, 0);
  return x.map((xi, i) =>
    shares.reduce((sum, share, k) => {
      const m = mixture.means[k]![i]!;
      const v = spread(k, i);
      return sum + (share / total) * ((m * sigma ** 2 + alpha * v * xi) / (alpha ** 2 * v + sigma ** 2));
    }, 0),
  );
};

/** Runge–Kutta steps per unit of λ: their error is about 1e-13. */
const FINENESS = 1500;

/**
 * x at λ `to`, from x at λ `from`: d(x/σ)/dλ = e^λ·E[x_0|x_t] (DPM-Solver++, Lu et al. 2022, Proposition 4.1), by the
 * Runge–Kutta method of order 4.
 */
export const flow =
  (mixture: GaussianMixture<Shape>) =>
  (x: Vector, from: number, to: number): Vector => {
    const steps = Math.max(1, Math.ceil(Math.abs(to - from) * FINENESS));
    const h = (to - from) / steps;
    const slope = (u: Vector, lambda: number): Vector => {
      const channel = channelAt(lambda);
      return meanOf(
        mixture,
        channel,
        u.map((ui) => channel.sigma * ui),
      ).map((d) => Math.exp(lambda) * d);
    };
    const along = (u: Vector, k: Vector, length: number): Vector => u.map((ui, i) => ui + length * k[i]!);
    let u: Vector = x.map((xi) => xi / channelAt(from).sigma);
    for (let n = 0; n < steps; n++) {
      const lambda = from + n * h;
      const k1 = slope(u, lambda);
      const k2 = slope(along(u, k1, h / 2), lambda + h / 2);
      const k3 = slope(along(u, k2, h / 2), lambda + h / 2);
      const k4 = slope(along(u, k3, h), lambda + h);
      u = u.map((ui, i) => ui + (h / 6) * (k1[i]! + 2 * k2[i]! + 2 * k3[i]! + k4[i]!));
    }
    return u.map((ui) => ui * channelAt(to).sigma);
  };
