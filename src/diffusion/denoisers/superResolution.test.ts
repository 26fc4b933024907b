import { describe, expect, it } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import { constantOf, type Dim, type Key, ones, type Tensor, zeros } from '../../dsl/index.js';
import type { ImageConditioner } from './conditioner.js';
import { conditioningAugmentation, noisyCondition } from './conditioningAugmentation.js';
import { atTimes } from '../grids/grid.js';
import { respace } from '../grids/respacing.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { superResolution } from './superResolution.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.05, 0.1, 0.2, 0.4])));

describe('the condition of super-resolution', () => {
  it.each([1, 2, 3])('is the mean of each square of pixels, factor %d', async (factor) => {
    const [B, H, W, C] = [2, 6, 12, 2] as const;
    const data = Array.from({ length: B * H * W * C }, (_, i) => ((i * 37) % 23) / 11 - 1);
    const x0 = constantOf(data, B, H, W, C);
    const [h, w] = [H / factor, W / factor];
    const expected = Array.from({ length: B * h * w * C }, (_, i) => {
      const [b, y, x, c] = [Math.floor(i / (h * w * C)), Math.floor(i / (w * C)) % h, Math.floor(i / C) % w, i % C];
      const square = Array.from({ length: factor ** 2 }, (_, j) => {
        const [row, column] = [y * factor + Math.floor(j / factor), x * factor + (j % factor)];
        return data[((b * H + row) * W + column) * C + c]!;
      });
      return square.reduce((sum, pixel) => sum + pixel, 0) / factor ** 2;
    }); // oxfmt-ignore
    const actual = await numbersOf((k) => superResolution({ factor })(x0, k).image);
    expect(relativeDistance(actual, expected)).toBeLessThan(1e-15);
  });

  it.each([
    [0, 'ConfigError', 'superResolution.factor: expected an integer ≥ 1, got 0'],
    [1.5, 'ConfigError', 'got 1.5'],
    [Number.NaN, 'ConfigError', 'got NaN'],
    [3, 'ShapeError', 'expected a height and width that 3 divides, got [1, 6, 4, 1]'],
  ])('is refused for a factor of %d', async (factor, tag, message) => {
    const outcome = await outcomeOf((k) => superResolution({ factor })(zeros(1, 6, 4, 1), k).image)();
    expect(outcome).toMatchObject({ left: { _tag: tag, message: expect.stringContaining(message) } });
  });
});

describe('a condition with noise', () => {
  const COUNT = 4096;
  const image = ones(1, COUNT, 1, 1);

  it.each([0, 3])('is a sample of q(x_t|x_0) and records its timestep, t = %d', async (t) => {
    const level = constantOf(Int32Array.of(t), 1) as Tensor<[1], 'int32'>;
    const actual = await numbersOf((k) => noisyCondition(noising)({ image }, level)(k).image);
    const { alpha, sigma } = noising.marginals[t]!;
    const mean = actual.reduce((a, b) => a + b, 0) / COUNT;
    const spread = actual.reduce((sum, pixel) => sum + (pixel - alpha) ** 2, 0) / COUNT;
    // 6 deviations: the mean of N numbers deviates by σ/√N, their variance by σ²·√(2/N)
    expect(Math.abs(mean - alpha)).toBeLessThan((6 * sigma) / Math.sqrt(COUNT));
    expect(Math.abs(spread - sigma ** 2)).toBeLessThan(6 * sigma ** 2 * Math.sqrt(2 / COUNT));
    expect(await numbersOf((k) => noisyCondition(noising)({ image }, level)(k).t!)).toEqual([t]);
  });

  it('records the timestep of the network, of a process with fewer timesteps', async () => {
    const level = constantOf(Int32Array.of(0, 1), 2) as Tensor<[2], 'int32'>;
    const twice = ones(2, 1, 1, 1);
    const short = right(respace(atTimes([3, 1]))(noising));
    expect(await numbersOf((k) => noisyCondition(short)({ image: twice }, level)(k).t!)).toEqual([1, 3]);
  });

  const task: ImageConditioner<[Dim, Dim, Dim]> = superResolution({ factor: 1 });
  const levelsOf = (levels?: number) =>
    numbersOf((k: Key) => {
      const options = levels === undefined ? {} : { levels };
      return conditioningAugmentation(noising, options)(task)(ones(COUNT, 1, 1, 1), k).t!;
    });

  it('has a level for each sample, uniform over `levels`, by default all timesteps', async () => {
    for (const [levels, drawn] of [[2, await levelsOf(2)], [4, await levelsOf()]] as const) {
      const counts = Array.from({ length: 4 }, (_, t) => drawn.filter((one) => one === t).length);
      // 6 σ of a binomial count
      const p = 1 / levels;
      counts.forEach((count, t) =>
        expect(Math.abs(count - (t < levels ? COUNT * p : 0))).toBeLessThanOrEqual(t < levels ? 6 * Math.sqrt(COUNT * p * (1 - p)) : 0),
      );
    }
  }); // oxfmt-ignore

  it('has the noise of the drawn level', async () => {
    const augmented = conditioningAugmentation(noising)(task);
    const x0 = ones(COUNT, 1, 1, 1);
    const levels = await numbersOf((k) => augmented(x0, k).t!);
    const pixels = await numbersOf((k) => augmented(x0, k).image);
    noising.marginals.forEach(({ alpha, sigma }, t) => {
      const some = pixels.filter((_, i) => levels[i] === t);
      const spread = some.reduce((sum, pixel) => sum + (pixel - alpha) ** 2, 0) / some.length;
      expect(Math.abs(spread - sigma ** 2)).toBeLessThan(6 * sigma ** 2 * Math.sqrt(2 / some.length));
    });
  });

  it.each([0, 5, 1.5])('is refused for %d levels', async (levels) => {
    const augmented = (k: Key) => conditioningAugmentation(noising, { levels })(task)(ones(1, 1, 1, 1), k).image;
    expect(await outcomeOf(augmented)()).toMatchObject({
      left: {
        _tag: 'ConfigError',
        message: expect.stringContaining(`expected a whole number of levels, 1 to 4, got ${levels}`),
      },
    });
  });
});
