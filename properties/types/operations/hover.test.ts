import { expect, test } from 'vitest';
import { hovers6 } from './compilers.js';

/** Constants, each with the type that an editor is to show of it. */
const shown: Readonly<Record<string, readonly [code: string, type: string]>> = {
  made: ['zeros(8, 32, 32, 64)', 'Tensor<[8, 32, 32, 64], "float32">'],
  counted: ['iota(10)', 'Tensor<[10], "int32">'],
  convolved: ['pipe(image, conv2d(kernel), silu)', 'Tensor<["B", 32, 32, 64], "float32">'],
  joined: ['pipe(image, concat(image))', 'Tensor<["B", 32, 32, 6], "float32">'],
  pooled: ['averagePool(symbols)', 'Tensor<["B", "H/2", "W/2", "C"], "float32">'],
  doubled: ['pipe(symbols, averagePool, upsample)', 'Tensor<["B", "H", "W", "C"], "float32">'],
  padded: ['pad(image, 1, 2, 2)', 'Tensor<["B", 36, 32, 3], "float32">'],
  summed: ['sum(image, [1, 2])', 'Tensor<["B", 3], "float32">'],
  turned: ['transpose(image, 0, 3, 1, 2)', 'Tensor<["B", 3, 32, 32], "float32">'],
  stacked: ['stack([image, image])', 'Tensor<[2, "B", 32, 32, 3], "float32">'],
  added: ['pipe(image, add(image), mul(2))', 'Tensor<["B", 32, 32, 3], "float32">'],
  chosen: ['topK(symbols, 2)', 'TopK<["B", "H", "W"], 2, "float32">'],
  contracted: ["einsum(image, image, 'bhwc,bhwd->bcd')", 'Tensor<["B", 3, 3], "float32">'],
  halves: [
    'halve(symbols)',
    'readonly [Tensor<["B", "H", "W", "C/2"], "float32">, Tensor<["B", "H", "W", "C/2"], "float32">]',
  ],
  wide: ['conv2d(image, kernel, {})', 'Tensor<["B", Dim, Dim, 64], "float32">'],
  called: ['film({ w: zeros(5, 6), b: zeros(6) })(image, embedding)', 'Tensor<["B", 32, 32, 3], "float32">'],
  defined: ['project(image, zeros(3, 9))', 'Tensor<["B", 32, 32, 9], "float32">'],
};

const program = `
import { pipe } from 'fp-ts/function';
import {
  add, addPerSample, averagePool, concat, conv2d, defn, einsum, halve, iota, layer, linear, matmul, mul,
  mulPerSample, pad, program, silu, stack, sum, topK, transpose, upsample, zeros, type Tensor,
} from 'noisefold/dsl';
declare const image: Tensor<['B', 32, 32, 3]>;
declare const symbols: Tensor<['B', 'H', 'W', 'C']>;
declare const kernel: Tensor<[3, 3, 3, 64]>;
declare const embedding: Tensor<['B', 5]>;
const film = layer({ w: 'D 2*C', b: '2*C' }, 'B H W C, B D -> B H W C', (p) => (h, e) => {
  const [scale, shift] = halve(linear(e, p));
  return pipe(h, mulPerSample(scale), addPerSample(shift));
});
const project = defn('B H W C, C D -> B H W D', (x, w) => pipe(x, matmul(w)));
program({ x: 'B 32 32 3', t: 'B:int32' }, ({ x, t }) => {
  const input = x;
  const step = t;
  return { input, step };
});
${Object.entries(shown)
  .map(([name, [code]]) => `const ${name} = ${code};`)
  .join('\n')}
`;

const hovers = hovers6(program);

test.each(Object.entries(shown))('hovering over %s shows shapes, and no machinery', (name, [, type]) => {
  expect(hovers[name]).toBe(`const ${name}: ${type}`);
});

test('the inputs of a program are tensors', () => {
  expect(hovers['input']).toBe('const input: Tensor<["B", 32, 32, 3], "float32">');
  expect(hovers['step']).toBe('const step: Tensor<["B"], "int32">');
});
