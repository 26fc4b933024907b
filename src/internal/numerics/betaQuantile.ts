import { bisected } from './bisected.js';
import { power } from './power.js';

/** ∫₀ˣ t^{a-1}·(1-t)^{b-1} dt for x up to 1/2: x^a·(1-x)^b/a·F(a+b, 1; a+1; x), a sum without negative terms (DLMF 8.17.8). */
const incompleteBeta = (x: number, a: number, b: number): number => {
  let [sum, term] = [1, 1];
  for (let n = 0; term > 2 ** -54 * sum; n++) sum += term *= ((a + b + n) / (a + 1 + n)) * x;
  return ((power(x, a) * power(1 - x, b)) / a) * sum;
};

/**
 * The quantiles of the beta distribution with the shape a, b: the inverse of the regularized incomplete beta function I_x(a, b).
 * The ends are exact.
 * @example betaQuantile(0.5, 0.5)(1 / 3) // → Math.sin(Math.PI / 6) ** 2
 */
export const betaQuantile = (a: number, b: number): ((probability: number) => number) => {
  const [below, above] = [incompleteBeta(1 / 2, a, b), incompleteBeta(1 / 2, b, a)];
  const share = (x: number): number =>
    x <= 1 / 2 ? incompleteBeta(x, a, b) / (below + above) : 1 - incompleteBeta(1 - x, b, a) / (below + above);
  const inside = bisected(share);
  return (probability) => (probability === 0 || probability === 1 ? probability : inside(probability));
};
