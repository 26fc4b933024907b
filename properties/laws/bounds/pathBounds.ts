/** The law of the variational bound along continuous paths. */
import fc from 'fast-check';
import {
  boundLosses,
  type ContinuousNoising,
  type Denoiser,
  edm,
  exactDenoiser,
  type GaussianMixture,
  overNoising,
  reparameterize,
  type Parameterization,
  sigmaOf,
} from 'noisefold/diffusion';
import { constantOf } from 'noisefold/dsl';
import { twoGaussians, unitPath } from '../../arbitraries/paths.js';
import { quadrature } from '../../oracles/quadrature.js';
import { computed } from '../../oracles/running.js';
import { type Law, near } from '../law.js';

const within = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });

interface Place {
  readonly noising: ContinuousNoising;
  readonly predicts: Parameterization;
  readonly data: GaussianMixture<[]>;
  /** The noise of the ends, σ/α. */
  readonly min: number;
  readonly max: number;
  readonly x0: number;
  readonly epsilon: number;
}

const sum = (numbers: ArrayLike<number>, weights: readonly number[]): number =>
  weights.reduce((all, weight, i) => all + weight * numbers[i]!, 0);

const filled = (length: number, value: number) => constantOf(new Float64Array(length).fill(value), length);

/** The integral over t of the losses of a sample between the ends, in nats, by substitution of ln t: near the data σ may be a root of t. */
const alongPath = async ({ noising, predicts, data, min, max, x0, epsilon }: Place, parts: number): Promise<number> => {
  const denoiser: Denoiser<null, []> = reparameterize(noising, predicts)(exactDenoiser(noising)(data));
  const [from, to] = [noising.levelOfSigma(min).t, noising.levelOfSigma(max).t];
  const { nodes, weights } = quadrature(Math.log(from), Math.log(to), parts);
  const times = nodes.map(Math.exp);
  const count = times.length;
  const inputs = { x0: filled(count, x0), noise: filled(count, epsilon), t: constantOf(times, count) };
  const losses = await computed(() => boundLosses(noising, denoiser)(null, inputs).losses);
  return sum(times.map((t, i) => t * losses[i]!), weights) * Math.LN2; // oxfmt-ignore
};

/** ½·∫ ‖ε - ε̂‖² dλ = ∫ (x₀ - x̂₀)²/σ² d(ln σ), by x̂₀ at x₀ + σ·ε. */
const overLogSNR = async ({ data, min, max, x0, epsilon }: Place, parts: number): Promise<number> => {
  const { nodes, weights } = quadrature(Math.log(min), Math.log(max), parts);
  const sigmas = nodes.map(Math.exp);
  const x = constantOf(sigmas.map((sigma) => x0 + sigma * epsilon), sigmas.length); // oxfmt-ignore
  const { apply } = overNoising(edm())(exactDenoiser(edm())(data));
  const actual = await computed(() => apply(null, x, { t: constantOf(sigmas, sigmas.length) }));
  return sum(sigmas.map((sigma, i) => ((x0 - actual[i]!) / sigma) ** 2), weights); // oxfmt-ignore
};

/** The bound of a sample is the same along every path. */
export const sameBound: Law<Place> = {
  name: 'the continuous bound of a sample depends on a path only by its ends',
  formula:
    'for any x₀ and ε, the integral of −½·dSNR/dt·‖x₀ − x̂₀(x_t)‖² over t, of boundLosses and a denoiser of any prediction that is finite there, is ½·∫ ‖ε − ε̂(x₀ + σ·ε)‖² dλ between the same noise levels, by 64 parts with 8 nodes of Gauss and Legendre: within 2⁻³⁰ of 1 + the integral',
  source: 'Variational Diffusion Models (Kingma et al. 2021), section 5.1, eq. 18',
  arbitrary: fc
    .record({
      noising: unitPath,
      predicts: fc.constantFrom<Parameterization[]>('x0', 'epsilon', 'v', 'score', 'velocity'),
      data: twoGaussians,
      min: within(0.05, 0.4),
      max: within(0.5, 10),
      x0: within(-1.5, 1.5),
      epsilon: within(-2, 2),
    })
    .map(({ noising, predicts, max, ...place }) => ({
      ...place,
      noising,
      max: Math.min(max, sigmaOf(noising.levelAt(1))), // a linear path may end with more signal
      predicts: noising.levelAt(0).rates === undefined && predicts === 'velocity' ? 'v' : predicts, // infinite at the data
    })),
  runs: 60,
  violation: async (place) => {
    const expected = await overLogSNR(place, 64);
    return near('½·∫ ‖ε − ε̂‖² dλ', await alongPath(place, 64), expected, 2 ** -30 * (1 + expected));
  },
};
