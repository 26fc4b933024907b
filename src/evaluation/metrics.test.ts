/**
 * The numbers of metrics.test.json were computed by NumPy and SciPy in float64: covariances of numpy.cov; FID with the
 * nuclear norm of the product of the centred features (`fid`, exact for singular covariances too) and with
 * scipy.linalg.sqrtm (`fidSqrtm`, as in pytorch-fid); KID without subsets, scores and precision and recall by the
 * formulas of their papers.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { key, type NoisefoldError } from '../dsl/index.js';
import { unwrap } from '../entry/unwrap.js';
import { E, F, type either } from '../internal/fp.js';
import {
  accuracyOf,
  type Features,
  frechetDistance,
  inceptionScore,
  kernelDistance,
  momentsOf,
  nearestNeighbours,
  noMoments,
  precisionRecall,
  squaredMmd,
} from './index.js';

interface Golden {
  readonly name: string;
  /** Images, length and phase of each side. */
  readonly real: readonly [number, number, number];
  readonly generated: readonly [number, number, number];
  readonly fid: number;
  readonly fidSqrtm: number;
  readonly squaredMmd: number;
  readonly score: readonly [number, number];
  readonly splits: readonly [number, number];
  readonly precisionRecall: readonly [number, number];
  readonly mean: readonly number[];
  readonly covariance: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL('metrics.test.json', import.meta.url), 'utf8')) as readonly Golden[]; // written by us

const table = (images: number, length: number, numberAt: (i: number) => number): Features => ({
  data: Float64Array.from({ length: images * length }, (_, i) => numberAt(i)),
  shape: [images, length],
});
const column = (...data: number[]): Features => table(data.length, 1, (i) => data[i]!);

/** sin(1.7·i·√i + k) + 0.3·cos(2·(i mod d) + k) */
const closedForm = ([n, d, k]: Golden['real']): Features =>
  table(n, d, (i) => Math.sin(1.7 * i * Math.sqrt(i) + k) + 0.3 * Math.cos((i % d) * 2 + k));
const realOf = ({ real }: Golden): Features => closedForm(real);
const generatedOf = ({ generated }: Golden): Features => {
  const { data, shape } = closedForm(generated);
  return { data: data.map((x) => 1.2 * x + 0.1) as Float64Array, shape };
};
/** softmax of the first five features, times 3. */
const probabilitiesOf = ({ data, shape: [n, d] }: Features): Features => {
  const exps = Array.from({ length: n * 5 }, (_, i) => Math.exp(3 * data[Math.floor(i / 5) * d + (i % 5)]!));
  const sums = Array.from({ length: n }, (_, row) => exps.slice(row * 5, row * 5 + 5).reduce((a, b) => a + b));
  return table(n, 5, (i) => exps[i]! / sums[Math.floor(i / 5)]!);
};

/** Compares numbers, relative to the expected one or to 1. */
const near = (actual: number, expected: number, tolerance: number) =>
  expect(Math.abs(actual - expected) / Math.max(1, Math.abs(expected))).toBeLessThan(tolerance);

describe.each(golden)('with $name, the metrics equal those of NumPy and SciPy:', (numbers) => {
  const [real, generated] = [realOf(numbers), generatedOf(numbers)];
  const fid = F.pipe(
    E.Do,
    E.bind('a', () => momentsOf(real)),
    E.bind('b', () => momentsOf(generated)),
    E.flatMap(({ a, b }) => frechetDistance(a, b)),
  );

  test('mean and covariance', () => {
    const { mean, scatter, count } = unwrap(momentsOf(real));
    numbers.mean.forEach((x, i) => near(mean[i]!, x, 1e-14));
    numbers.covariance.forEach((x, i) => near(scatter[i]! / (count - 1), x, 1e-14));
  });
  test('FID', () => {
    near(unwrap(fid), numbers.fid, 1e-12);
    near(unwrap(fid), numbers.fidSqrtm, 1e-7); // the root of a singular matrix has only half of the digits
  });
  test('KID', () => {
    near(unwrap(squaredMmd(real, generated)), numbers.squaredMmd, 1e-13);
  });
  test('Inception Score', () => {
    const probabilities = probabilitiesOf(generated);
    const { mean, deviation } = unwrap(inceptionScore(probabilities, { size: 7 }));
    [mean, deviation].forEach((x, i) => near(x, numbers.score[i]!, 1e-13));
    const parts = unwrap(inceptionScore(probabilities, { splits: 4 }));
    [parts.mean, parts.deviation].forEach((x, i) => near(x, numbers.splits[i]!, 1e-13));
  });
  test('precision and recall', () => {
    const { precision, recall } = unwrap(precisionRecall(real, generated));
    expect([precision, recall]).toEqual(numbers.precisionRecall);
  });
});

describe('FID', () => {
  const moments = (features: Features) => unwrap(momentsOf(features));
  const wide = table(30, 5, (i) => Math.sin(3 * i * i));
  test('of an image set and itself is 0', () => {
    expect(unwrap(frechetDistance(moments(wide), moments(wide)))).toBeLessThan(1e-13);
  });
  test('of constant features is the distance of their means', () => {
    expect(unwrap(frechetDistance(moments(column(2, 2)), moments(column(5, 5, 5))))).toBe(9);
  });
  test('is symmetric', () => {
    const [a, b] = [moments(wide), moments(table(4, 5, (i) => Math.cos(i * i)))];
    near(unwrap(frechetDistance(a, b)), unwrap(frechetDistance(b, a)), 1e-13);
  });
});

describe('KID', () => {
  const [x, y] = [table(40, 3, (i) => Math.sin(3 * i * i)), table(30, 3, (i) => Math.cos(i * i))];
  test('over subsets of all images is that of all images, without deviation', () => {
    const few = table(30, 3, (i) => x.data[i]!);
    const { mean, deviation } = unwrap(kernelDistance(few, y, { subsets: 3 }));
    near(mean, unwrap(squaredMmd(few, y)), 1e-13);
    expect(deviation).toBeLessThan(1e-13);
  });
  test('over random subsets is the same for the same key, and unbiased', () => {
    const how = { subsets: 400, size: 10, key: key(3) };
    const actual = unwrap(kernelDistance(x, y, how));
    expect(unwrap(kernelDistance(x, y, how))).toEqual(actual);
    const error = actual.deviation / Math.sqrt(how.subsets);
    expect(Math.abs(actual.mean - unwrap(squaredMmd(x, y)))).toBeLessThan(4 * error);
    expect(unwrap(kernelDistance(x, y, { ...how, key: key(4) })).mean).not.toBe(actual.mean);
  });
});

describe('Inception Score', () => {
  test('is the number of classes for sure and even predictions, and 1 for equal ones', () => {
    const sure = table(6, 3, (i) => (i % 3 === Math.floor(i / 3) % 3 ? 1 : 0));
    near(unwrap(inceptionScore(sure)).mean, 3, 1e-14);
    near(unwrap(inceptionScore(table(6, 3, () => 1 / 3))).mean, 1, 1e-14);
  });

  test('is 1 for equal predictions whose mean would underflow, and 2 for sure ones beside them', () => {
    const least = Number.MIN_VALUE;
    near(unwrap(inceptionScore(table(2, 2, (i) => [1, least][i % 2]!))).mean, 1, 1e-14);
    near(unwrap(inceptionScore(table(2, 2, (i) => [1, least, 0, 1][i]!))).mean, 2, 1e-14);
  });
});

describe('precision and recall', () => {
  test('count an image on the edge of a ball, like its own neighbours', () => {
    const same = table(9, 3, (i) => Math.sin(i * i));
    expect(unwrap(precisionRecall(same, same))).toEqual({ precision: 1, recall: 1 });
    // 20 is as far from 10 as 0 is
    const ofTwo = precisionRecall(column(0, 10), column(20, 100), { neighbours: 1 });
    expect(unwrap(ofTwo)).toEqual({ precision: 0.5, recall: 1 });
  });

  test('nearest images at the same distance are in their order', () => {
    expect(unwrap(nearestNeighbours(column(1, 5, -1), column(0), 2)).indices).toEqual(Int32Array.of(0, 2));
  });
});

describe('bad input', () => {
  const two = column(1, 2);
  const nothing = { data: new Float64Array(0), shape: [0, 1] } as const;
  type Failing = [string, either.Either<NoisefoldError, unknown>, object];
  test.each<Failing>([
    ['other lengths', squaredMmd(two, table(2, 3, Number)), { _tag: 'ShapeError', expected: 'features of one length: 1, as of the real images', actual: '3 of the generated images' }],
    ['one image', squaredMmd(two, column(1)), { _tag: 'ConfigError', where: 'squaredMmd: generated', expected: 'at least 2 images', actual: '1' }],
    ['one image', frechetDistance(unwrap(momentsOf(column(1))), unwrap(momentsOf(two))), { _tag: 'ConfigError', where: 'frechetDistance: real', actual: '1' }],
    ['no image', frechetDistance(noMoments(1), noMoments(1)), { _tag: 'ConfigError', actual: '0' }],
    ['other moments', frechetDistance(unwrap(momentsOf(two)), unwrap(momentsOf(table(2, 3, Number)))), { _tag: 'ShapeError' }],
    ['NaN', kernelDistance(two, column(1, NaN)), { _tag: 'NonFinite', where: 'kernelDistance: generated: image 1', actual: 'NaN at number 0' }],
    ['infinity', momentsOf(column(1, Infinity)), { _tag: 'NonFinite', where: 'momentsOf: image 1' }],
    ['squares that overflow', frechetDistance(unwrap(momentsOf(column(1e200, -1e200))), unwrap(momentsOf(two))), { _tag: 'NonFinite' }],
    ['a kernel that overflows', squaredMmd(column(1e60, 2e60), column(1e60, 2e60)), { _tag: 'NonFinite', where: 'squaredMmd', actual: 'a distance of NaN' }],
    ['a kernel that overflows in a subset', kernelDistance(two, column(1e60, -1e60)), { _tag: 'NonFinite', where: 'kernelDistance' }],
    ['a shape that does not match', momentsOf({ data: new Float64Array(3), shape: [2, 2] }), { _tag: 'ShapeError', actual: '3 numbers of shape [2, 2]' }],
    ['something else', momentsOf([1, 2] as never), { _tag: 'ShapeError', actual: 'an array of 2' }],
    ['subsets of more than all images', kernelDistance(two, two, { size: 3 }), { _tag: 'ConfigError', where: 'kernelDistance: size', expected: 'subsets of 2 to 2 images', actual: '3' }],
    ['more subsets than are useful', kernelDistance(two, two, { subsets: 1e9, size: 2 }), { _tag: 'ConfigError', where: 'kernelDistance.subsets', expected: 'an integer from 1 to 100,000' }],
    ['an option that is misspelt', kernelDistance(two, two, { subset: 3 } as never), { _tag: 'ConfigError', where: 'kernelDistance.subset', hint: expect.stringContaining('did you mean subsets?') }],
    ['as many neighbours as images', precisionRecall(two, two), { _tag: 'ConfigError', expected: 'at least 4 images', hint: expect.stringContaining('3 neighbours') }],
    ['half a neighbour', precisionRecall(two, two, { neighbours: 0.5 }), { _tag: 'ConfigError', where: 'precisionRecall.neighbours' }],
    ['logits for probabilities', inceptionScore(table(2, 2, (i) => i + 1)), { _tag: 'ConfigError', where: 'inceptionScore: image 0', hint: 'give softmax(logits)' }],
    ['a negative probability', inceptionScore(table(2, 2, (i) => [0.5, 0.5, 1.5, -0.5][i]!)), { _tag: 'ConfigError', where: 'inceptionScore: image 1' }],
    ['more parts than images', inceptionScore(table(2, 2, () => 0.5), { splits: 3 }), { _tag: 'ConfigError', expected: 'at least 3 images' }],
    ['no probabilities', inceptionScore(nothing), { _tag: 'ConfigError', expected: 'at least 1 images' }],
    ['labels of a different number of images', accuracyOf(two, [1]), { _tag: 'ConfigError', where: 'accuracyOf: labels', actual: '1' }],
    ['a label that is not a class', accuracyOf(two, [0, 12]), { _tag: 'ConfigError', where: 'accuracyOf: labels.1', actual: '12' }],
    ['more neighbours than images', nearestNeighbours(two, two, 3), { _tag: 'ConfigError', where: 'nearestNeighbours: k' }],
  ])('%s', (_, result, expected) => expect(result).toMatchObject(E.left(expected))); // oxfmt-ignore
});
