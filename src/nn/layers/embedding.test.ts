import { describe, expect, test } from 'vitest';
import { numbersOf, relativeDistance } from '../../../properties/diffusion/run.js';
import { constantOf, type Dim, grad, ones, sum, type Tensor, zeros } from '../../dsl/index.js';
import { reachable } from '../../dsl/graph/node.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { classEmbedding, timeEmbedding } from './embedding.js';
import { sinusoidTable } from './timeFeatures.js';

/** The row at 999 of float32 products with frequencies 10000^(−i/steps), i < 4, which PyTorch computes in float32. */
const rowAt999 = (steps: number, first: 'sin' | 'cos', second: 'sin' | 'cos'): readonly number[] => {
  const slope = Math.fround(-Math.log(10000));
  const angles = [0, 1, 2, 3].map((i) => {
    const frequency = Math.fround(Math.exp(Math.fround(Math.fround(slope * i) / steps)));
    expect(Math.abs(frequency / 10000 ** (-i / steps) - 1)).toBeLessThan(1e-6);
    return Math.fround(999 * frequency);
  });
  return [...angles.map(Math[first]), ...angles.map(Math[second])];
};

describe('embeddings', () => {
  test('ddpm: sines, then cosines, of frequencies from 1 to 1/10000', () => {
    const table = sinusoidTable({ timesteps: 1000, size: 8, sinusoid: 'ddpm' });
    expect(relativeDistance([...table.slice(999 * 8)], rowAt999(3, 'sin', 'cos'))).toBeLessThan(1e-12);
  });

  test('guided-diffusion: cosines, then sines, of frequencies from 1 on, without 1/10000', () => {
    const table = sinusoidTable({ timesteps: 1000, size: 8, sinusoid: 'guided-diffusion' });
    expect(relativeDistance([...table.slice(999 * 8)], rowAt999(4, 'cos', 'sin'))).toBeLessThan(1e-12);
  });

  test('the smallest embedding is a sine and a cosine', () => {
    expect(Array.from(sinusoidTable({ timesteps: 2, size: 2, sinusoid: 'ddpm' }))).toEqual([
      0,
      1,
      Math.sin(1),
      Math.cos(1),
    ]);
  });

  test('the table is one constant, even if the layer is applied several times', () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const params = { hidden: { w: ones(4, 3), b: zeros(3) }, output: { w: ones(3, 3), b: zeros(3) } };
    const t = constantOf(Int32Array.of(3), 1);
    const tables = reachable([layer.apply(params)(t), layer.apply(params)(t)].map(nodeOf)).filter(
      (n) => n.op === 'constant' && n.shape.join() === '10,4',
    );
    expect(tables.length).toBe(1);
  });

  test('the vector of a timestep does not depend on the other timesteps', async () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const at = (...t: readonly number[]): Promise<readonly number[]> =>
      numbersOf((k) => layer.apply(layer.init(k))(constantOf(Int32Array.from(t), t.length)));
    const [three, seven] = [await at(3), await at(7)];
    expect(three).not.toEqual(seven);
    expect(await at(7, 3, 7)).toEqual([...seven, ...three, ...seven]);
  });

  test.each([
    ['integers', (...t: readonly number[]) => constantOf(Int32Array.from(t), t.length), [-1, 10, 500]],
    ['fractional times', (...t: readonly number[]) => constantOf(t, t.length), [-0.5, 10.5, NaN]],
  ])('times outside the range give NaN, other times in the batch are unaffected: %s', async (_, times, wrong) => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const at = (...t: readonly number[]) => numbersOf((k) => layer.apply(layer.init(k))(times(...t)));
    const good = await at(9);
    for (const t of wrong) expect(await at(9, t)).toEqual([...good, NaN, NaN, NaN]);
  });

  test('fractional times have the sines and cosines between those of integers', async () => {
    for (const sinusoid of ['ddpm', { first: 'cosine', shift: 1, maxPeriod: 50, scale: 3 }] as const) {
      const layer = timeEmbedding({ timesteps: 10, size: 7, outputs: 3, sinusoid });
      const free = timeEmbedding({ timesteps: 'continuous', size: 7, outputs: 3, sinusoid });
      const [listed, computed, continuous] = [
        await numbersOf((k) => layer.apply(layer.init(k))(constantOf(Int32Array.of(3, 9), 2))),
        await numbersOf((k) => layer.apply(layer.init(k))(constantOf([3, 9], 2))),
        await numbersOf((k) => free.apply(free.init(k))(constantOf([3, 9], 2))),
      ];
      expect(relativeDistance(computed, listed)).toBeLessThan(1e-6);
      expect(continuous).toEqual(computed);
    }
  });

  test('random frequencies are parameters that are not trained', async () => {
    const layer = timeEmbedding({ timesteps: 'continuous', size: 4, outputs: 3, sinusoid: 'fourier' });
    expect(layer.params.leaves[0]).toMatchObject({ path: 'frequencies', shape: [2] });
    const [x, w] = [constantOf([0.1, -0.2], 2), ones(4, 3)];
    const params = {
      frequencies: constantOf([1, 3], 2),
      hidden: { w, b: zeros(3) },
      output: { w: ones(3, 3), b: zeros(3) },
    };
    const numbers = await numbersOf(() => layer.apply(params as never)(x));
    const silu = (v: number): number => v / (1 + Math.exp(-v));
    const expected = [0.1, -0.2].map((t) => {
      const angles = [1, 3].map((f) => 2 * Math.PI * f * t);
      const sum = angles.reduce((total, a) => total + Math.sin(a) + Math.cos(a), 0);
      return 3 * silu(sum);
    });
    expect(
      relativeDistance(
        numbers,
        expected.flatMap((v) => [v, v, v]),
      ),
    ).toBeLessThan(1e-6);
    const slopes = await numbersOf(
      () => grad((p: typeof params) => sum(layer.apply(p as never)(x)))(params).frequencies,
    );
    expect(slopes).toEqual([0, 0]);
  });

  test('`more` is added to the sines and cosines', async () => {
    const layer = timeEmbedding({ timesteps: 10, size: 2, outputs: 1, sinusoid: 'ddpm' });
    const params = { hidden: { w: ones(2, 1), b: zeros(1) }, output: { w: ones(1, 1), b: zeros(1) } };
    const [value] = await numbersOf(() =>
      layer.apply(params)(constantOf(Int32Array.of(0), 1), constantOf([2, 4], 1, 2)),
    );
    expect(value).toBeCloseTo(7 / (1 + Math.exp(-7)), 6);
  });

  test('a class is a row of the table, and the label `classes` is the last row, for no class', async () => {
    const layer = classEmbedding({ classes: 2, outputs: 2 });
    const table = constantOf([1, 2, 3, 4, 5, 6], 3, 2);
    expect(layer.params.leaves[0]!.shape).toEqual([3, 2]);
    expect(await numbersOf(() => layer.apply({ table })(constantOf(Int32Array.of(2, 0), 2)))).toEqual([5, 6, 1, 2]);
  });

  test.each([
    ['row', 3, [5, 6]],
    ['zero', 2, [0, 0]],
    ['never', 2, [NaN, NaN]],
  ] as const)('no class: %s', async (noClass, rows, none) => {
    const layer = classEmbedding({ classes: 2, outputs: 2, noClass });
    expect(layer.params.leaves[0]!.shape).toEqual([rows, 2]);
    const table = constantOf([1, 2, 3, 4, 5, 6].slice(0, 2 * rows), rows as number, 2);
    const at = (...labels: readonly number[]) =>
      numbersOf(() =>
        layer.apply({ table: table as Tensor<[Dim, 2]> })(constantOf(Int32Array.from(labels), labels.length)),
      );
    expect(await at(1, 2)).toEqual([3, 4, ...none]);
    expect(await at(-1, 3, 99)).toEqual([NaN, NaN, NaN, NaN, NaN, NaN]);
  });

  test('weights of classes give the weighted sum of their rows, and no class has what they leave to 1', async () => {
    const table = constantOf([1, 2, 3, 4, 5, 6], 3, 2);
    const weights = constantOf([0.25, 0.5, 0, 1, 0, 0], 3, 2);
    const row = classEmbedding({ classes: 2, outputs: 2 });
    // 0.25·[1, 2] + 0.5·[3, 4] + 0.25·[5, 6], the second class, and no class
    expect(await numbersOf(() => row.apply({ table })(weights))).toEqual([3, 4, 3, 4, 5, 6]);
    const zero = classEmbedding({ classes: 2, outputs: 2, noClass: 'zero' });
    const rows = constantOf([1, 2, 3, 4], 2, 2) as Tensor<[Dim, 2]>;
    expect(await numbersOf(() => zero.apply({ table: rows })(weights))).toEqual([1.75, 2.5, 3, 4, 0, 0]);
  });

  test('an affine embedding is √classes·row + b', async () => {
    const layer = classEmbedding({ classes: 4, outputs: 1, noClass: 'zero', affine: true });
    const params = { table: constantOf([1, 2, 3, 4], 4, 1), b: constantOf([10], 1) };
    expect(await numbersOf(() => layer.apply(params)(constantOf(Int32Array.of(1, 4), 2)))).toEqual([14, 10]);
  });
});
