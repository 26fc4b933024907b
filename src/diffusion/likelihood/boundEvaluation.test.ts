import { describe, expect, it } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { constantOf, foldIn, normalLike, scalar, tanh, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import type { Denoiser } from '../denoisers/denoiser.js';
import { boundAt, foldBits } from './boundEvaluation.js';
import { priorTerm } from './priorTerm.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.1, 0.2, 0.5])));
const X0 = [-1, 0.2, 101 / 255, 1];
const x0 = constantOf(X0, 2, 2) as Tensor<[2, 2]>;
const denoiser: Denoiser<null, [2]> = { predicts: 'x0', apply: (_, x) => tanh(x) };

describe('boundAt', () => {
  const at = (t: number, what: 'bits' | 'x0Error' | 'noiseError') =>
    numbersOf((key) => boundAt(noising, denoiser)(null, x0, { t: scalar(t, 'int32'), key: foldIn(key, t) })[what]);
  const noiseAt = (t: number) => numbersOf((key) => normalLike(foldIn(key, t), x0));

  it('measures the errors of x̂₀ and ε̂, and their KL, as computed by hand', async () => {
    for (const t of [1, 2]) {
      const { alpha, sigma } = noising.marginals[t]!;
      const { x0: k, sigma: s } = noising.posteriors[t]!;
      const noise = await noiseAt(t);
      const squares = X0.map((x, i) => (Math.tanh(alpha * x + sigma * noise[i]!) - x) ** 2);
      const perSample = [0, 1].map((b) => (squares[2 * b]! + squares[2 * b + 1]!) / 2);
      const x0Error = await at(t, 'x0Error');
      const noiseError = await at(t, 'noiseError');
      const bits = await at(t, 'bits');
      perSample.forEach((error, b) => {
        expect(x0Error[b]).toBeCloseTo(error, 13);
        // the same x_t: ε̂ is off by √ᾱ/√(1-ᾱ) times as much
        expect(noiseError[b]).toBeCloseTo(error * (alpha / sigma) ** 2, 13);
        expect(bits[b]).toBeCloseTo(((k / s) ** 2 * error) / 2 / Math.LN2, 12);
      });
    }
  });

  it('takes the noise, in place of a key', async () => {
    for (const t of [0, 1, 2]) {
      const noise = constantOf(await noiseAt(t), 2, 2) as Tensor<[2, 2]>;
      const bits = await numbersOf(() => boundAt(noising, denoiser)(null, x0, { t: scalar(t, 'int32'), noise }).bits);
      expect(bits).toEqual(await at(t, 'bits'));
    }
    expect(() => boundAt(noising, denoiser)(null, x0, { t: scalar(1, 'int32') })).toThrow('boundAt: expected a key');
  });

  it('foldBits adds up the bound of a data set, over batches of any size', async () => {
    const prior = await numbersOf(() => priorTerm(noising)(x0));
    const terms = await Promise.all([0, 1, 2].map((t) => at(t, 'bits')));
    const whole = right(foldBits(3)([{ prior, terms }]));
    const parts = right(
      foldBits(3)([0, 1].map((b) => ({ prior: [prior[b]!], terms: terms.map((term) => [term[b]!]) }))),
    );
    expect(parts).toEqual(whole);
    const sum = [prior, ...terms].reduce((all, [first, second]) => all + (first! + second!) / 2, 0);
    expect(whole.total).toBeCloseTo(sum, 12);
  });
});

it.each([
  [[], 'no sample'],
  [[{ prior: [1], terms: [[1], [1]] }], '2 timesteps in batch 0'],
  [[{ prior: [1], terms: [[1], [1], []] }], 'different numbers of samples in batch 0'],
])('foldBits refuses %j', (batches, message) => {
  const result = foldBits(3)(batches);
  expect(E.isLeft(result) && result.left.message).toContain(message);
});
