import { describe, expect, test } from 'vitest';
import { numbersOf, relativeDistance } from '../../../properties/diffusion/run.js';
import { constantOf, ones, zeros } from '../../dsl/index.js';
import { reachable } from '../../dsl/graph/node.js';
import { nodeOf } from '../../dsl/graph/tensor.js';
import { classEmbedding, sinusoidTable, timeEmbedding } from './embedding.js';

describe('embeddings', () => {
  test('ddpm: sines, then cosines, of frequencies from 1 to 1/10000', () => {
    const table = sinusoidTable({ timesteps: 1000, size: 8, sinusoid: 'ddpm' });
    const frequencies = [1, 10000 ** (-1 / 3), 10000 ** (-2 / 3), 1 / 10000];
    const row = [...frequencies.map((f) => Math.sin(999 * f)), ...frequencies.map((f) => Math.cos(999 * f))];
    expect(relativeDistance([...table.slice(999 * 8)], row)).toBeLessThan(1e-12);
  });

  test('guided-diffusion: cosines, then sines, of frequencies from 1 on, without 1/10000', () => {
    const table = sinusoidTable({ timesteps: 1000, size: 8, sinusoid: 'guided-diffusion' });
    const frequencies = [1, 0.1, 0.01, 0.001];
    const row = [...frequencies.map((f) => Math.cos(999 * f)), ...frequencies.map((f) => Math.sin(999 * f))];
    expect(relativeDistance([...table.slice(999 * 8)], row)).toBeLessThan(1e-12);
  });

  test('the smallest one is a sine and a cosine', () => {
    expect(Array.from(sinusoidTable({ timesteps: 2, size: 2, sinusoid: 'ddpm' }))).toEqual([
      0,
      1,
      Math.sin(1),
      Math.cos(1),
    ]);
  });

  test('the table is one constant, however often the layer is applied', () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const params = { hidden: { w: ones(4, 3), b: zeros(3) }, output: { w: ones(3, 3), b: zeros(3) } };
    const t = constantOf(Int32Array.of(3), 1);
    const tables = reachable([layer.apply(params)(t), layer.apply(params)(t)].map(nodeOf)).filter(
      (n) => n.op === 'constant' && n.shape.join() === '10,4',
    );
    expect(tables.length).toBe(1);
  });

  test('a timestep alone decides on its vector', async () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const at = (...t: readonly number[]): Promise<readonly number[]> =>
      numbersOf((k) => layer.apply(layer.init(k))(constantOf(Int32Array.from(t), t.length)));
    const [three, seven] = [await at(3), await at(7)];
    expect(three).not.toEqual(seven);
    expect(await at(7, 3, 7)).toEqual([...seven, ...three, ...seven]);
  });

  test('a timestep outside the table is clamped', async () => {
    const layer = timeEmbedding({ timesteps: 10, size: 4, outputs: 3, sinusoid: 'ddpm' });
    const at = (...t: readonly number[]): Promise<readonly number[]> =>
      numbersOf((k) => layer.apply(layer.init(k))(constantOf(Int32Array.from(t), t.length)));
    expect(await at(-1, 10, 500)).toEqual(await at(0, 9, 9));
  });

  test('a class is a row of the table; the number of classes is one more, for no class', async () => {
    const layer = classEmbedding({ classes: 2, outputs: 2 });
    const table = constantOf([1, 2, 3, 4, 5, 6], 3, 2);
    expect(layer.params.leaves[0]!.shape).toEqual([3, 2]);
    expect(await numbersOf(() => layer.apply({ table })(constantOf(Int32Array.of(2, 0), 2)))).toEqual([5, 6, 1, 2]);
  });
});
