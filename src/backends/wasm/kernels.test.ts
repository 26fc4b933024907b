/** Backends with the kernels of products only. */
import { expect, test } from 'vitest';
import { attention, conv2d, evaluate, matmul, program, softmax, sum } from '../../dsl/index.js';
import { errorIn, open } from '../../index.js';
import { wasm } from './index.js';

const numbers = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i));

test('products have the bits of a backend with all kernels', async () => {
  await using all = await open(wasm({ portable: true }));
  await using few = await open(wasm({ portable: true, kernels: 'products' }));
  const layer = program({ x: '40 30', w: '30 50' }, ({ x, w }) => softmax(matmul(x, w)));
  const work = evaluate(layer, {})({ x: numbers(1200), w: numbers(1500) });
  expect(await few.run(work)).toEqual(await all.run(work));
});

test('attention is computed by products', async () => {
  await using all = await open(wasm());
  await using few = await open(wasm({ kernels: 'products' }));
  const layer = program({ q: '2 9 8', k: '2 7 8' }, ({ q, k }) => attention(q, k, k, { heads: 2 }));
  const work = evaluate(layer, {})({ q: numbers(144), k: numbers(112) });
  const [values, expected] = [await few.run(work), await all.run(work)];
  values.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 5));
});

test('a convolution is a ConfigError', async () => {
  await using few = await open(wasm({ kernels: 'products' }));
  const layer = program({ x: '1 4 4 1', w: '3 3 1 2' }, ({ x, w }) => sum(conv2d(x, w)));
  const failed = few.run(evaluate(layer, {})({ x: numbers(16), w: numbers(18) }));
  expect(errorIn(await failed.catch((thrown: unknown) => thrown))).toMatchObject({
    _tag: 'ConfigError',
    where: 'conv2d',
    actual: "wasm({ kernels: 'products' })",
    hint: 'leave `kernels` out',
  });
});
