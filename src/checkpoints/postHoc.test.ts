import { describe, expect, test } from 'vitest';
import { E } from '../internal/fp.js';
import { gammaOf } from '../nn/index.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import { right } from '../training/testing.js';
import { postHocAverage } from './postHoc.js';
import type { Snapshot } from './snapshot.js';

/** A parameter that varies, at each update from 1. */
const wandering = (t: number): number => Math.sin(t / 37) + 0.3 * Math.cos(t / 11) + t / 400;

/** Its average with a power function profile, by β_γ(t) = (1 − 1/t)^(γ+1), in float64. */
const averageOf = (sigmaRel: number, updates: number): number => {
  let average = 0;
  for (let t = 1; t <= updates; t++) {
    const beta = (1 - 1 / t) ** (gammaOf(sigmaRel) + 1);
    average = beta * average + (1 - beta) * wandering(t);
  }
  return average;
};

const widths = [0.05, 0.1] as const;
const snapshotAt = (step: number): Pick<Snapshot, 'step' | 'settings' | 'tensors'> => ({
  step,
  settings: { averages: [0.9, ...widths.map((emaPower) => ({ emaPower }))] },
  tensors: new Map<string, StoredTensor>([
    ['average.w', { dtype: 'F32', shape: [1], data: Float32Array.of(Number.NaN) }],
    ...widths.map((sigmaRel, i) => [`averages.${i + 1}.w`, { dtype: 'F64', shape: [1], data: Float64Array.of(averageOf(sigmaRel, step)) }] as const),
  ]),
}); // oxfmt-ignore
const every = (spacing: number, last: number) =>
  Array.from({ length: last / spacing }, (_, i) => snapshotAt((i + 1) * spacing));
const found = (snapshots: Parameters<typeof postHocAverage>[0], sigmaRel: number, step?: number): number =>
  Number(right(postHocAverage(snapshots, { sigmaRel, ...(step !== undefined && { step }) })).get('w')!.data[0]);

describe('an average that is reconstructed', () => {
  test('approximates an average that was not kept, more closely with more snapshots', () => {
    for (const sigmaRel of [0.06, 0.08, 0.12]) {
      const expected = averageOf(sigmaRel, 2000);
      const [few, many] = [250, 50].map((spacing) => Math.abs(found(every(spacing, 2000), sigmaRel) - expected));
      expect(few, `${sigmaRel}`).toBeLessThan(0.02);
      expect(many, `${sigmaRel}`).toBeLessThan(1e-3);
    }
  });

  test('equals an average that was kept', () => {
    for (const sigmaRel of widths) expect(found(every(250, 1000), sigmaRel)).toBeCloseTo(averageOf(sigmaRel, 1000), 6);
    expect(found(every(250, 1000), 0.1, 500)).toBeCloseTo(averageOf(0.1, 500), 6);
  });

  test('is that of the last step, in whatever order the snapshots are', () => {
    for (const sigmaRel of widths)
      expect(found(every(250, 1000).toReversed(), sigmaRel)).toBeCloseTo(averageOf(sigmaRel, 1000), 6);
  });

  test('has the weights of least squares over profiles that are integrated by sums, divided by their sum', () => {
    const [kept, target] = [[{ gamma: gammaOf(0.1), t: 300 }, { gamma: gammaOf(0.1), t: 500 }], { gamma: gammaOf(0.15), t: 500 }];
    const points = Array.from({ length: 100_000 }, (_, i) => ((i + 0.5) * 500) / 100_000);
    const p = ({ gamma, t }: { readonly gamma: number; readonly t: number }, τ: number): number => (τ > t ? 0 : ((gamma + 1) * (τ / t) ** gamma) / t);
    const dot = (a: typeof target, b: typeof target): number => points.reduce((sum, τ) => sum + p(a, τ) * p(b, τ), 0) * (500 / 100_000);
    const [a, b] = [kept[0]!, kept[1]!];
    const determinant = dot(a, a) * dot(b, b) - dot(a, b) ** 2;
    const x = (dot(a, target) * dot(b, b) - dot(a, b) * dot(b, target)) / determinant;
    const y = (dot(a, a) * dot(b, target) - dot(a, b) * dot(a, target)) / determinant;
    const of = (step: number, value: number) => ({ step, settings: { averages: [{ emaPower: 0.1 }] }, tensors: new Map([['average.w', { dtype: 'F32', shape: [], data: Float32Array.of(value) } as const]]) });
    expect(x + y).toBeCloseTo(0.8009, 4); // the sum of the weights before the division
    expect(found([of(300, 1), of(500, 0)], 0.15)).toBeCloseTo(x / (x + y), 5);
    expect(found([of(300, 0), of(500, 1)], 0.15)).toBeCloseTo(y / (x + y), 5);
    expect(found([of(300, 3), of(500, 3)], 0.15)).toBeCloseTo(3, 6); // equal parameters are their own average
  }); // oxfmt-ignore

  // by NumPy, with the formulas of EDM2's solve_posthoc_coefficients, for the widths 0.05 and 0.1 after each 250 updates
  test.each<readonly [number, readonly number[]]>([
    [0.08, [0.00000013, -0.00000183, 0.00017924, -0.00097139, 0.01144141, -0.04175459, 0.25053922, 0.78056779]],
    [0.15, [-0.00056204, 0.00194407, -0.01314787, 0.03801997, -0.07795837, 0.20040864, -0.26406197, 1.11535757]],
  ])('of the width %d has the weights of EDM2', (sigmaRel, expected) => {
    const steps = [250, 500, 750, 1000];
    const only = (chosen: number) => steps.map((step, i) => ({ ...snapshotAt(step), tensors: new Map(widths.map((_width, j) => [`averages.${j + 1}.w`, { dtype: 'F32', shape: [], data: Float32Array.of(2 * i + j === chosen ? 1 : 0) } as const])) }));
    for (const [i, weight] of expected.entries()) expect(found(only(i), sigmaRel)).toBeCloseTo(weight, 6);
  }); // oxfmt-ignore

  test.each([[0.08, 4], [0.15, 4], [0.2, 1]])('of constant parameters is the constant, for the width %d and %d snapshots', (sigmaRel, count) => {
    const constant = Array.from({ length: count }, (_, i) => ({ ...snapshotAt(250 * (i + 1)), tensors: new Map(widths.map((_width, j) => [`averages.${j + 1}.w`, { dtype: 'F32', shape: [], data: Float32Array.of(1) } as const])) }));
    expect(found(constant, sigmaRel)).toBeCloseTo(1, 6);
  }); // oxfmt-ignore

  test('is refused without averages by emaPower, with two equal ones, and for another model', () => {
    const errorOf = (snapshots: Parameters<typeof postHocAverage>[0], sigmaRel = 0.08): unknown =>
      E.match((error: { readonly message: string }) => error.message, () => null)(postHocAverage(snapshots, { sigmaRel }));
    expect(errorOf([{ ...snapshotAt(10), settings: { averages: [0.9] } }])).toContain('expected snapshots with emaPower averages');
    expect(errorOf([{ ...snapshotAt(10), settings: undefined }])).toContain('train with averageDecay: [emaPower(0.05), emaPower(0.1)]');
    expect(errorOf([snapshotAt(10), snapshotAt(10)])).toContain('no two of the same width and step');
    expect(errorOf([snapshotAt(10), { ...snapshotAt(20), tensors: new Map() }])).toContain('postHocAverage: averages.1.w: expected 1 numbers in every snapshot, got no such tensor');
    expect(errorOf([snapshotAt(10)], 0.5)).toContain('sigmaRel: expected a width above 0 and below 0.28, got 0.5');
  }); // oxfmt-ignore
});
