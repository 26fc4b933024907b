/** Laws of the variational bound: divergences, likelihoods of bytes, and the gradients of their losses. */
import { wholeTimesteps } from 'noisefold/diffusion';
import fc from 'fast-check';
import {
  boundTerm,
  type Denoiser,
  discretizedLogLikelihood,
  gaussianKl,
  hybridLosses,
  learningVariance,
  type Losses,
  meanLoss,
  pMeanVariance,
  priorTerm,
  type DiscreteNoising,
  noisingOf,
  qBetween,
  qSample,
  simpleLosses,
  uncorrected,
} from 'noisefold/diffusion';
import { constantOf, gather, grad, mul, type Scalar, scalar, scaleBy, stack, table, tanh } from 'noisefold/dsl';
import { timestep, twoTimesteps } from '../../arbitraries/diffusion.js';
import { computed, drawOnReference } from '../../oracles/running.js';
import { approx, firstOf, type Law, near, type Violation } from '../law.js';
import { sameBound } from './pathBounds.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

/** A Gaussian of one dimension: its mean and the logarithm of its variance. */
type Numbers = readonly [mean: number, logVariance: number];
const numbers: fc.Arbitrary<Numbers> = fc.tuple(
  fc.double({ min: -2, max: 2, noNaN: true }),
  fc.double({ min: -6, max: 2, noNaN: true }),
);
const gaussian = ([mean, logVariance]: Numbers) => ({
  mean: constantOf([mean], 1),
  logVariance: constantOf([logVariance], 1),
});
const divergence = async (p: Numbers, q: Numbers): Promise<number> =>
  (await computed(() => gaussianKl(gaussian(p), gaussian(q))))[0]!;

const positive: Law<readonly [Numbers, Numbers]> = {
  name: 'KL is not negative, and 0 only at equality',
  formula: 'KL(p ‖ q) ≥ 0; KL(p ‖ p) = 0; KL(p ‖ q) > 0 where the means or log-variances differ by 10⁻⁶ or more',
  source: 'Gibbs’ inequality',
  // nearly equal ones too, for which the terms cancel
  arbitrary: fc.oneof(
    fc.tuple(numbers, numbers),
    fc
      .tuple(
        numbers,
        fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
        fc.double({ min: -1e-3, max: 1e-3, noNaN: true }),
      )
      .map(([p, mean, logVariance]) => [p, [p[0] + mean, p[1] + logVariance]] as const),
  ),
  runs: 100,
  violation: async ([p, q]) => {
    const kl = await divergence(p, q);
    const apart = Math.max(Math.abs(p[0] - q[0]), Math.abs(p[1] - q[1])) >= 1e-6;
    return firstOf(
      near('KL(p ‖ p)', await divergence(p, p), 0, 0),
      kl >= 0 && (!apart || kl > 0) ? null : `KL(p ‖ q): expected ${apart ? '> 0' : '≥ 0'}, got ${kl}`,
    );
  },
};

/**
 * ∫ p·log(p/q) by the trapezoidal rule over ±12 σ of p, which is exact for such functions up to rounding, and the same with
 * the absolute values of all terms, of which the rounding is a part.
 */
const integrated = ([mp, lp]: Numbers, [mq, lq]: Numbers): readonly [value: number, size: number] => {
  const [sp, sq] = [Math.exp(lp / 2), Math.exp(lq / 2)];
  const STEP = 1 / 64;
  let [sum, excess, size] = [0, 0, 0];
  for (let z = -12; z <= 12; z += STEP) {
    const w = (mp + sp * z - mq) / sq;
    const weight = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * STEP;
    // Kahan's sum, which does not lose digits with the number of terms
    const term = weight * (lq / 2 - lp / 2 + (w * w - z * z) / 2) - excess;
    const next = sum + term;
    excess = next - sum - term;
    sum = next;
    const largest = Math.abs(mp) + sp * Math.abs(z) + Math.abs(mq);
    size += weight * (Math.abs(lq) + Math.abs(lp) + (largest / sq) ** 2 + z * z);
  }
  return [sum, size];
};

const integral: Law<readonly [Numbers, Numbers]> = {
  name: 'KL of Gaussians is its integral',
  formula: 'KL(p ‖ q) = ∫ p·log(p/q), within 8 roundings of the sum of the absolute values of its terms',
  source: 'definition',
  arbitrary: fc.tuple(numbers, numbers),
  runs: 50,
  violation: async ([p, q]) => {
    const [expected, size] = integrated(p, q);
    return near('KL', await divergence(p, q), expected, 8 * ULP * size);
  },
};

const bytes: Law<Numbers> = {
  name: 'the probabilities of the bytes have the sum 1',
  formula: 'Σ_k P(x = −1 + 2k/255) = 1, within 256 probabilities of 10⁻¹²',
  source: 'DDPM (Ho et al. 2020), eq. 13',
  arbitrary: fc.tuple(fc.double({ min: -3, max: 3, noNaN: true }), fc.double({ min: -14, max: 4, noNaN: true })),
  runs: 100,
  violation: async ([mean, logVariance]) => {
    const levels = Array.from({ length: 256 }, (_, k) => (2 * k - 255) / 255);
    const filled = (value: number) => constantOf(new Float64Array(256).fill(value), 256);
    const logs = await computed(() =>
      discretizedLogLikelihood({ mean: filled(mean), logVariance: filled(logVariance) })(constantOf(levels, 256)),
    );
    return near(
      'sum',
      Array.from(logs).reduce((sum, log) => sum + Math.exp(log), 0),
      1,
      256e-12,
    );
  },
};

const path: Law<{ readonly noising: DiscreteNoising; readonly t: number; readonly s: number }> = {
  name: 'q(x_t|x_0) is q(x_t|x_s) after q(x_s|x_0), for any x_s',
  formula: 'q(x_t|x_s)∘q(x_s|x_0) = (√ᾱ_t, 1 − ᾱ_t), each sample at its own s and t, within 16 roundings of 1',
  source: 'DDPM, eq. 2 and 4',
  arbitrary: twoTimesteps,
  runs: 100,
  violation: async ({ noising, s, t }) => {
    const at = (i: number) => constantOf(Int32Array.of(i), 1);
    const [first, before, second, after] = await computed(() => {
      const to = qBetween(noising)(at(-1), at(s))(constantOf([1], 1)); // of s = -1 it is the identity
      const on = qBetween(noising)(at(s), at(t))(constantOf([1], 1));
      return stack([to.mean, to.variance, on.mean, on.variance]);
    });
    const { alpha, sigma } = noising.marginals[t]!;
    return firstOf(
      // ᾱ_t/ᾱ_s is e to the difference of logarithms l, whose rounding changes e^l by at most |l|·e^l < 1 of a rounding
      near('alpha', first! * second!, alpha, 16 * ULP),
      near('variance', before! * second! ** 2 + after!, sigma ** 2, 16 * ULP),
    );
  },
};

interface Place {
  readonly noising: DiscreteNoising;
  readonly t: number;
  /** The deviation of data of mean 0. */
  readonly c: number;
}
const places: fc.Arbitrary<Place> = fc
  .tuple(timestep, fc.double({ min: 0.1, max: 1, noNaN: true }))
  .map(([{ noising, t }, c]) => ({ noising: noisingOf(noising.schedule), t, c }));

/** For data N(0, c²): E[x_0|x_t] = mean·x_t, and Var(x_0|x_t). */
const conditional = ({ noising, t, c }: Place) => {
  const { alpha, sigma } = noising.marginals[t]!;
  const total = (alpha * c) ** 2 + sigma ** 2;
  return { mean: (alpha * c ** 2) / total, variance: (c * sigma) ** 2 / total };
};

/** The expectation of a quadratic function of x_0 ~ N(0, c²) and ε ~ N(0, 1): its mean over ±c and ±1. */
const corners = (c: number) => ({
  x0: constantOf([c, c, -c, -c], 4),
  noise: constantOf([1, -1, 1, -1], 4),
});

/** The bound's term at t for the optimal denoiser of N(0, c²), in nats, and L_T. */
const termsOf = (place: Place, learned: boolean) =>
  computed(() => {
    const { noising, t, c } = place;
    const all = Array.from(noising.marginals, (_, at) => conditional({ noising, t: at, c }));
    // the variance of q(x_{t-1}|x_t), which is Gaussian as the data are
    const exact = noising.posteriors.map(({ x0, sigma }, at) => Math.log(sigma ** 2 + x0 ** 2 * all[at]!.variance));
    const optimal = learningVariance<null, []>({
      predicts: 'x0',
      as: 'logVariance',
      apply: (_, x, at) => ({
        prediction: scaleBy(x, gather(table(all.map(({ mean }) => mean)), wholeTimesteps(at.t))),
        variance: gather(table(exact), wholeTimesteps(at.t)),
      }),
    });
    const { learned: _, ...plain } = optimal;
    const denoiser: Denoiser<null, []> = learned ? optimal : plain;
    const { x0, noise } = corners(c);
    const at = { t: constantOf(new Int32Array(4).fill(t), 4) };
    const xt = qSample(noising)(at.t, noise)(x0);
    const reverse = pMeanVariance(noising, denoiser, { correction: uncorrected })(null, xt, at);
    return mul(stack([boundTerm(noising)(at.t, x0, xt)(reverse), priorTerm(noising)(x0)]), Math.LN2);
  });

const mean = (some: ArrayLike<number>): number => Array.from(some).reduce((sum, x) => sum + x, 0) / some.length;

const closedForm: Law<Place> = {
  name: 'for Gaussian data, the terms of the bound have closed forms',
  formula:
    'x_0 ~ N(0, c²), x̂_0 = E[x_0|x_t], t > 0: L_{t−1} = k²·Var(x_0|x_t)/(2·β̃_t), k the coefficient of x_0 in μ̃; with σ² = β̃_t + k²·Var(x_0|x_t) it is ½·log(σ²/β̃_t); L_T = ½·(ᾱ_T·c² − ᾱ_T − log(1 − ᾱ_T)); within 32 roundings of L, of the logarithms of the variances and of the means μ in (μ − μ̃)²/β̃',
  source: 'DDPM (Ho et al. 2020), eq. 5 to 8',
  arbitrary: places,
  runs: 50,
  violation: async (place) => {
    const { noising, t, c } = place;
    const { x0: k, sigma } = noising.posteriors[t]!;
    const beta = sigma ** 2;
    const left = k ** 2 * conditional(place).variance;
    const last = noising.marginals.at(-1)!;
    const prior = (last.alpha ** 2 * (c ** 2 - 1)) / 2 - Math.log(last.sigma);
    const [fixed, learned] = [await termsOf(place, false), await termsOf(place, true)];
    /**
     * Bounds the error of L = (μ − μ̃)²/(2·σ²) + … for means that are off by δ, and for a variance σ² with a rounded logarithm.
     */
    const nearly = (what: string, actual: number, expected: number, sigma2: number): Violation => {
      const [off, logarithm] = [32 * ULP, Math.abs(Math.log(sigma2))];
      const ofMeans = off * Math.sqrt((2 * Math.max(0, expected)) / sigma2) + off ** 2 / sigma2;
      return near(what, actual, expected, off * (1 + expected) * (1 + logarithm) + ofMeans);
    };
    const first = nearly('L_T', mean(fixed.subarray(4)), prior, last.sigma ** 2);
    return t === 0
      ? first
      : firstOf(
          first,
          nearly('L_{t−1}, fixed', mean(fixed.subarray(0, 4)), left / (2 * beta), beta),
          nearly('L_{t−1}, learned', mean(learned.subarray(0, 4)), Math.log1p(left / beta) / 2, beta),
        );
  },
};

const detached: Law<readonly [DiscreteNoising, number, number, number]> = {
  name: 'the hybrid loss trains the mean like the simple loss',
  formula:
    '∂L_hybrid/∂θ = ∂L_simple/∂θ for the parameters θ of the prediction; ∂L_simple/∂θ = 0 for those of the variance',
  source: 'Improved DDPM (Nichol & Dhariwal 2021), section 3.1',
  arbitrary: fc.tuple(
    timestep.map(({ noising }) => noising),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.double({ min: -1, max: 1, noNaN: true }),
    fc.nat(),
  ),
  runs: 20,
  violation: async ([noising, p, q, seed]) => {
    type Params = { readonly p: Scalar; readonly q: Scalar };
    const model = learningVariance<Params, [2]>({
      predicts: 'v', // v, which is defined without signal too
      as: 'range',
      apply: (params, x) => ({ prediction: mul(x, params.p), variance: tanh(mul(x, params.q)) }),
    });
    const x0 = constantOf([0.5, -1, 1 / 255, 1, 0.2, -0.6], 3, 2);
    const slopes = (losses: Losses<Params, [2]>) =>
      drawOnReference([seed, 0], (key) => {
        const slope = grad(meanLoss(losses))({ p: scalar(p), q: scalar(q) }, { x0, key });
        return stack([slope.p, slope.q]);
      });
    const hybrid = await slopes(hybridLosses(noising, model));
    const simple = await slopes(simpleLosses(noising, model));
    return firstOf(
      approx('∂/∂θ of the mean', [hybrid[0]!], [simple[0]!], 16 * ULP * Math.abs(simple[0]!)),
      // that the hybrid loss trains the variance is not a law: far from the data the probability of a byte has a floor
      near('∂/∂θ of the variance, simple', simple[1]!, 0, 0),
    );
  },
};

/**
 * Laws of the variational bound: KL of Gaussians, likelihoods of bytes, closed forms, the gradients of its losses, and paths.
 * @example
 * boundLaws[1]!.source // → 'definition'
 * for (const law of boundLaws) await checkLaw(law, 0.05)
 */
export const boundLaws: readonly Law[] = [positive, integral, bytes, path, closedForm, detached, sameBound];
