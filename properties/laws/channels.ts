/** Gaussian channels: the algebra of the forward process. */
import fc from 'fast-check';
import { type Channel, compose, foldChannels, identity, posteriorOf, through, transition } from 'noisefold/diffusion';
import { add, constantOf, fork, normalLike, zeros } from 'noisefold/dsl';
import { channel } from '../arbitraries/diffusion.js';
import { gaussianMoments } from '../oracles/moments.js';
import { drawOnReference } from '../oracles/running.js';
import { firstOf, type Law, near, type Violation } from './law.js';

/** Half a unit in the last place. */
const ULP = 2 ** -53;

/** Compares numbers up to a number of roundings. */
const same = (a: Channel, b: Channel, roundings: number): Violation =>
  firstOf(
    near('alpha', a.alpha, b.alpha, roundings * ULP * b.alpha),
    near('sigma', a.sigma, b.sigma, roundings * ULP * b.sigma),
  );

const neutral: Law<Channel> = {
  name: 'the identity channel is neutral',
  formula: '(1, 0)∘c = c = c∘(1, 0)',
  source: 'monoid',
  arbitrary: channel,
  runs: 100,
  violation: (c) => firstOf(same(compose(identity, c), c, 0), same(compose(c, identity), c, 0)),
};

const associative: Law<readonly [Channel, Channel, Channel]> = {
  name: 'composition of channels is associative',
  formula: '(c∘b)∘a = c∘(b∘a), within 8 roundings',
  source: 'monoid',
  arbitrary: fc.tuple(channel, channel, channel),
  runs: 200,
  violation: ([a, b, c]) => same(compose(compose(a, b), c), compose(a, compose(b, c)), 8),
};

const closedForm: Law<readonly Channel[]> = {
  name: 'the fold of channels is their closed form',
  formula: 'fold c = (∏ αᵢ, √(Σ σᵢ²·∏_{j>i} αⱼ²)), within 4 roundings a channel',
  source: 'DDPM (Ho et al. 2020), eq. 4',
  arbitrary: fc.array(channel, { maxLength: 30 }),
  runs: 200,
  violation: (channels) => {
    const alphaFrom = (i: number): number => channels.slice(i).reduce((product, { alpha }) => product * alpha, 1);
    const variance = channels.reduce((sum, { sigma }, i) => sum + (sigma * alphaFrom(i + 1)) ** 2, 0);
    const expected = { alpha: alphaFrom(0), sigma: Math.sqrt(variance) };
    return same(foldChannels(channels), expected, 4 * (channels.length + 1));
  },
};

const undone: Law<readonly [Channel, Channel]> = {
  name: 'transition undoes composition',
  formula: 'transition(a, b∘a) = b: α within 8 roundings, σ within 16 roundings of σ(b∘a)²/σ(b)',
  source: 'definition',
  arbitrary: fc.tuple(channel, channel),
  runs: 200,
  violation: ([a, b]) => {
    const both = compose(a, b);
    const actual = transition(a, both);
    return firstOf(
      near('alpha', actual.alpha, b.alpha, 8 * ULP * b.alpha),
      // α and σ of b∘a have 6 roundings of σ(b∘a)², and σ of the transition at most 9
      near('variance', actual.sigma ** 2, b.sigma ** 2, 16 * ULP * both.sigma ** 2),
    );
  },
};

const SAMPLES = 4096;

/** One channel after the other on 4096 copies of a number. */
const merging: Law<readonly [Channel, Channel, number, number]> = {
  name: 'two Gaussians merge into one',
  formula: 'α₂·(α₁·x + σ₁·ε₁) + σ₂·ε₂ ~ N(α·x, σ²) with (α, σ) = c₂∘c₁: mean and variance of 4096 draws, at 6 σ',
  source: 'DDPM, eq. 4; sum of independent Gaussians',
  arbitrary: fc.tuple(channel, channel, fc.double({ min: -2, max: 2, noNaN: true }), fc.nat()),
  runs: 20,
  violation: async ([first, second, x, seed]) => {
    const draws = await drawOnReference([seed, 0], (key) => {
      const keys = fork(key, 'first', 'second');
      const start = add(zeros(SAMPLES, 1), x);
      const index = constantOf(new Int32Array(SAMPLES), SAMPLES);
      const between = through([first])(index, normalLike(keys.first, start))(start);
      return through([second])(index, normalLike(keys.second, start))(between);
    });
    const { alpha, sigma } = compose(first, second);
    return gaussianMoments(draws, alpha * x, sigma ** 2);
  },
};

const bayes: Law<readonly [Channel, Channel]> = {
  name: 'the posterior of two channels is Bayes’ rule',
  formula: '1/σ² = 1/σ₁² + α₂²/σ₂², mean = σ²·(α₁/σ₁²·x₀ + α₂/σ₂²·x_t), within 16 roundings',
  source: 'product of two Gaussian densities',
  arbitrary: fc.tuple(channel, channel),
  runs: 200,
  violation: ([prior, likelihood]) => {
    const actual = posteriorOf(prior, likelihood);
    const variance = 1 / (1 / prior.sigma ** 2 + (likelihood.alpha / likelihood.sigma) ** 2);
    const x0 = (variance * prior.alpha) / prior.sigma ** 2;
    const xt = (variance * likelihood.alpha) / likelihood.sigma ** 2;
    return firstOf(
      near('variance', actual.sigma ** 2, variance, 16 * ULP * variance),
      near('coefficient of x₀', actual.x0, x0, 16 * ULP * x0),
      near('coefficient of x_t', actual.xt, xt, 16 * ULP * xt),
    );
  },
};

/**
 * Laws of Gaussian channels: they are a monoid, whose fold is q(x_t|x_0), and Bayes' rule holds.
 * @example
 * channelLaws[1]!.formula // → '(c∘b)∘a = c∘(b∘a), within 8 roundings'
 * for (const law of channelLaws) await checkLaw(law, 0.1)
 */
export const channelLaws: readonly Law[] = [neutral, associative, closedForm, undone, merging, bayes];
