import { expect, it } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { checkedImages, checkedLabels, checkedTimesteps } from './checkedInputs.js';
import type { Denoiser } from './denoiser.js';
import { scheduleFromBetas } from '../schedules/schedule.js';
import { ddpm } from '../paths/discreteNoising.js';

const noising = right(ddpm(scheduleFromBetas([0.5, 0.5])));
const plain: Denoiser<null, []> = { predicts: 'v', apply: (_, x) => x };
const digits = { ...plain, classes: 3 };

it('returns valid inputs unchanged', () => {
  const images = Float32Array.of(-1, 0, 1);
  expect(right(checkedImages(images))).toBe(images);
  const t = Int32Array.of(1, 0);
  expect(right(checkedTimesteps(noising)(t))).toBe(t);
  expect(right(checkedLabels(digits)([0, 3]))).toEqual([0, 3]);
});

it.each([
  [checkedImages([0, Number.NaN]), 'NonFinite', 'NaN at number 1'],
  [checkedImages([Number.NEGATIVE_INFINITY]), 'NonFinite', '-Infinity at number 0'],
  [checkedImages([1.5]), 'ConfigError', '1.5 at number 0'],
  [checkedTimesteps(noising)([0, 2]), 'ConfigError', '2 for sample 1'],
  [checkedTimesteps(noising)([-1]), 'ConfigError', '-1 for sample 0'],
  [checkedTimesteps(noising)([0.5]), 'ConfigError', '0.5 for sample 0'],
  [checkedLabels(digits)([4]), 'ConfigError', 'label of sample 0'],
  [checkedLabels(plain)([0]), 'ConfigError', 'no labels'],
])('returns an error for invalid inputs, %#', (value, tag, message) => {
  expect(E.isLeft(value) && value.left._tag).toBe(tag);
  expect(E.isLeft(value) && value.left.message).toContain(message);
});

it.each([
  [digits, {}, 4, 'expected a class of the model, 0 to 2, or 3 for no class, got 4; give other labels, or make the model with more `classes`'],
  [digits, { orNone: false }, 3, 'expected a class of the model, 0 to 2, got 3; give other labels, or make the model with more `classes`'],
  [plain, {}, 0, 'expected no labels: the model has no classes, got 0; leave them out, or make the model with `classes`'],
])('says which labels a denoiser takes, %#', (denoiser, check, label, message) => {
  const value = checkedLabels(denoiser, check)([label]);
  expect(E.isLeft(value) && value.left.message).toBe(`label of sample 0: ${message}`);
}); // oxfmt-ignore
