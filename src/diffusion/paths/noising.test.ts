import { describe, expect, test } from 'vitest';
import { add, constantOf, mul, sin, sqrt, square, sub } from '../../dsl/index.js';
import { right } from '../../../properties/diffusion/run.js';
import { cosine } from '../schedules/alphaBarSchedules.js';
import { edm, rectifiedFlow } from './continuousNoising.js';
import { ddpm } from './discreteNoising.js';
import { interpolant } from './interpolant.js';
import { levelsOf, pathOf } from './noising.js';

const thousand = right(ddpm(cosine(1000)));

describe('levelAt refuses a time outside of the path', () => {
  test.each([
    ['after the last timestep', thousand, 1000, 'a time from 0 to 999'],
    ['between the last timestep and T', thousand, 999.5, 'a time from 0 to 999'],
    ['before the first timestep', thousand, -0.5, 'a time from 0 to 999'],
    ['no number', thousand, NaN, 'a time from 0 to 999'],
    ['after the end of a flow', rectifiedFlow(), 1.001, 'a time from 0 to 1'],
    ['below 0', edm(), -1, 'a time from 0 to Infinity'],
  ])('%s', (_, noising, t, expected) => {
    const message = `levelAt: t: expected ${expected}, got ${t}; time rises from the data to noise`;
    expect(() => pathOf(noising).levelAt(t)).toThrow(message);
    if (t > 0) expect(() => levelsOf(noising, [t])).toThrow(message);
  });

  test('and knows the ends', () => {
    const { levelAt } = pathOf(thousand);
    expect(levelAt(-1)).toEqual({ alpha: 1, sigma: 0, t: -1 });
    expect(levelAt(999)).toEqual({ ...thousand.marginals[999], t: 999 });
  });
});

test('a path whose α² + σ² is 1 at quarters only has a norm', () => {
  // σ² = 1 - α² + a wave that is 0 at quarters
  const wave = right(
    interpolant({
      name: 'wave',
      alpha: (t) => sub(1, t),
      sigma: (t) => sqrt(add(sub(1, square(sub(1, t))), mul(square(sin(mul(t, 4 * Math.PI))), 0.01))),
    }),
  );
  const { norm } = pathOf(wave).levels(constantOf([0.25], 1));
  expect(norm).toBeDefined();
});
