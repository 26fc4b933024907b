import { expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { checkedImages, checkedTimesteps } from './checkedInputs.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.5, 0.5])));

it('returns valid inputs unchanged', () => {
  const images = Float32Array.of(-1, 0, 1);
  expect(right(checkedImages(images))).toBe(images);
  const t = Int32Array.of(1, 0);
  expect(right(checkedTimesteps(noising)(t))).toBe(t);
});

it.each([
  [checkedImages([0, Number.NaN]), 'NonFinite', 'NaN at number 1'],
  [checkedImages([Number.NEGATIVE_INFINITY]), 'NonFinite', '-Infinity at number 0'],
  [checkedImages([1.5]), 'ConfigError', '1.5 at number 0'],
  [checkedTimesteps(noising)([0, 2]), 'ConfigError', '2 for sample 1'],
  [checkedTimesteps(noising)([-1]), 'ConfigError', '-1 for sample 0'],
  [checkedTimesteps(noising)([0.5]), 'ConfigError', '0.5 for sample 0'],
])('returns an error for invalid inputs, %#', (value, tag, message) => {
  expect(E.isLeft(value) && value.left._tag).toBe(tag);
  expect(E.isLeft(value) && value.left.message).toContain(message);
});
