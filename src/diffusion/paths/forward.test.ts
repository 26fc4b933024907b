import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { numbersOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, type Tensor } from '../../dsl/index.js';
import { transition } from '../channels/channel.js';
import { qMeanVariance, qSample, qStep, through } from './forward.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { linear } from '../schedules/betaSchedules.js';
import { ddpm } from './discreteNoising.js';

const T = 25;
const noisings = { linear: right(ddpm(linear(T))), cosine: right(ddpm(cosine(T))) };
const scalars = (...numbers: readonly number[]): Tensor<[2]> => constantOf(numbers, 2) as Tensor<[2]>;
const at = (t: number): Tensor<[2], 'int32'> => constantOf(Int32Array.of(t, t), 2) as Tensor<[2], 'int32'>;

describe.each(Object.entries(noisings))('the forward process, %s', (_, noising) => {
  /** x_t step by step from x_0; the noise of step s is `noise(s)`. */
  const stepByStep = (x0: Tensor<[2]>, upTo: number, noise: (s: number) => Tensor<[2]>): Tensor<[2]> =>
    Array.from({ length: upTo + 1 }, (_, s) => s).reduce((x, s) => qStep(noising)(at(s), noise(s))(x), x0);

  it.each([0, 7, T - 1])('has the same mean step by step and in one step, t = %d', async (t) => {
    const zero = scalars(0, 0);
    const x0 = scalars(1, -0.5);
    const folded = await numbersOf(() => stepByStep(x0, t, () => zero));
    expect(relativeDistance(folded, await numbersOf(() => qSample(noising)(at(t), zero)(x0)))).toBeLessThan(1e-14);
  });

  it.each([0, 7, T - 1])('the noise of the steps merges into that of q(x_t|x_0), t = %d', async (t) => {
    const zero = scalars(0, 0);
    // the part left at t of unit noise in step s
    const shares = await Promise.all(
      Array.from({ length: t + 1 }, (_, s) =>
        numbersOf(() => stepByStep(zero, t, (step) => (step === s ? scalars(1, 1) : zero))),
      ),
    );
    const variance = shares.reduce((sum, [share]) => sum + share! ** 2, 0);
    const [merged] = await numbersOf(() => qMeanVariance(noising)(at(t))(zero).variance);
    expect(Math.abs(variance / merged! - 1)).toBeLessThan(1e-13);
  });

  it('through takes any q(x_t|x_s), one for each sample', async () => {
    const [early, late] = [noising.marginals[3]!, noising.marginals[11]!];
    const channels = [transition(early, late), early];
    const indices = constantOf(Int32Array.of(0, 1), 2);
    const [first, second] = await numbersOf(() => through(channels)(indices, scalars(0.5, 0.5))(scalars(1, 1)));
    const expected = channels.map(({ alpha, sigma }) => alpha + 0.5 * sigma);
    expect(relativeDistance([first!, second!], expected)).toBeLessThan(1e-15);
  });
});

test.prop([fc.integer({ min: 1, max: T - 1 })], { numRuns: 10 })(
  'q(x_t|x_s) after q(x_s|x_0) is q(x_t|x_0)',
  async (t) => {
    const { marginals } = noisings.cosine;
    const s = t - 1;
    const x0 = scalars(0.3, -0.9);
    const zero = scalars(0, 0);
    const between = through(marginals.slice(1).map((later, i) => transition(marginals[i]!, later)));
    const twice = await numbersOf(() => between(at(s), zero)(qSample(noisings.cosine)(at(s), zero)(x0)));
    const once = await numbersOf(() => qSample(noisings.cosine)(at(t), zero)(x0));
    expect(relativeDistance(twice, once)).toBeLessThan(1e-14);
  },
);
