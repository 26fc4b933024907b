/** A whole U-Net: its output and all of its gradients are those of the reference, on every backend. */
import { describe, expect, test } from 'vitest';
import { cpu } from '../../src/backends/tfjs/cpu.js';
import { tensorBackend } from '../../src/backends/tfjs/eager/backend.js';
import { cpuEngine } from '../../src/backends/tfjs/eager/testing.js';
import { wasm } from '../../src/backends/tfjs/wasm.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import {
  add,
  concatAll,
  constantOf,
  fillSpec,
  foldIn,
  fork,
  type Key,
  mul,
  normal,
  reshape,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
} from '../../src/dsl/index.js';
import { unet, type UNetConfig, type UNetParams } from '../../src/nn/index.js';
import { E } from '../../src/internal/fp.js';
import { testOnWebgpu } from '../webgpu.js';
import { type AcquireBackend, numbersOf, right } from './run.js';

const configs: readonly (readonly [string, UNetConfig<[8, 8, 3]>])[] = [
  ['a plain one', { image: [8, 8, 3], base: 8, multipliers: [1, 2], attention: [4], groups: 4 }],
  [
    'with classes, adaptive group norm and odd channels',
    {
      image: [8, 8, 3],
      base: 10,
      multipliers: [1, 3, 2],
      blocks: 1,
      attention: [8, 2],
      heads: 5,
      groups: 5,
      classes: 3,
      adaptiveGroupNorm: true,
      sinusoid: 'guided-diffusion',
    },
  ],
];

const largest = (numbers: readonly number[]): number => Math.max(...numbers.map(Math.abs));

describe.each(configs)('%s', (_, config) => {
  const model = right(unet(config));
  /** Parameters of which none is 0: scales near 1, the others of the size that keeps activations as they are. */
  const paramsFrom = (key: Key): UNetParams =>
    fillSpec(model.params, ({ path, shape }) => {
      const extents = shape as readonly number[]; // a model's extents are numbers
      const drawn = normal(...extents)(
        foldIn(model.params.leaves.findIndex((leaf) => leaf.path === path))(key),
      );
      if (path.endsWith('.gamma')) return add(1)(mul(0.1)(drawn));
      const inputs = extents.slice(0, -1).reduce((a, b) => a * b, 1);
      return mul(extents.length === 1 ? 0.1 : 1 / Math.sqrt(inputs))(drawn);
    });
  const t = constantOf(Int32Array.of(3, 700), 2);
  const label = constantOf(Int32Array.of(0, 2), 2);

  /** The output, then the gradient of each parameter and of the images, one after another. */
  const everything = (key: Key): Tensor<Shape> => {
    const keys = fork(key, 'params', 'x', 'weights');
    const weights = normal(2, 8, 8, 3)(keys.weights);
    const given = { params: paramsFrom(keys.params), x: normal(2, 8, 8, 3)(keys.x) };
    const apply = ({ params, x }: typeof given): Tensor<[2, 8, 8, 3]> =>
      model.apply(params, x, { t, ...(config.classes !== undefined && { label }) });
    const { grad } = valueAndGrad((p: typeof given) => sum(mul(weights)(apply(p))))(given);
    const all = tensorsOf([apply(given), grad]).map(({ leaf }) => reshape(-1)(leaf as Tensor<Shape>)); // all float32
    return concatAll(all as [Tensor<[number]>, ...Tensor<[number]>[]], 0); // there is one at least
  };
  const parts = [
    ['output', 384] as const,
    ...model.params.leaves.map(
      ({ path, shape }) => [path, shape.reduce<number>((n, d) => n * Number(d), 1)] as const,
    ),
    ['x', 384] as const,
  ];

  const agrees = async (acquire: AcquireBackend): Promise<void> => {
    const [expected, actual] = [await numbersOf(everything), await numbersOf(everything, acquire)];
    expect(actual.length).toBe(parts.reduce((n, [, length]) => n + length, 0));
    let from = 0;
    for (const [path, length] of parts) {
      const [ours, theirs] = [actual.slice(from, from + length), expected.slice(from, from + length)];
      const distance = largest(ours.map((x, i) => x - theirs[i]!));
      expect(distance / largest(theirs), path).toBeLessThanOrEqual(1e-4);
      from += length;
    }
  };

  test('cpu', () => agrees(cpu()));
  test('wasm', () => agrees(wasm()));
  // TensorFlow's own is not everywhere: its executor, on another engine
  test('tensors of cpu', () => agrees(async () => E.right(tensorBackend('tensors of cpu', cpuEngine()))));
  testOnWebgpu(async () => {
    await agrees(webgpu());
    const bits = await numbersOf(everything, webgpu());
    expect(await numbersOf(everything, webgpu())).toEqual(bits);
  });
});
