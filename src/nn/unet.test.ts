import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../properties/diffusion/run.js';
import type { Model as DiffusionModel } from '../diffusion/denoiser.js';
import {
  add,
  concatAll,
  constantOf,
  dims,
  fillSpec,
  type Grads,
  key,
  type Key,
  leaves,
  mul,
  reshape,
  type Shape,
  sub,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
  zipTensors,
} from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { unet, type UNetParams } from './unet.js';
import type { UNetConfig } from './unetConfig.js';

interface Golden {
  readonly config: UNetConfig<[8, 8, 3]>;
  readonly t: readonly number[];
  readonly label: readonly number[];
  readonly outputs: Readonly<Record<'ddpm' | 'guided-diffusion', readonly number[]>>;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly [sum: number, l2: number, moment: number]>>;
  readonly gradientOfX: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL('unet.test.json', import.meta.url), 'utf8')) as Golden; // written by us

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** √2·sin(0.7·i + 1.3·k + 0.5) at the flat index i. */
const det = (n: number, k: number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => Math.SQRT2 * Math.sin(0.7 * i + 1.3 * k + 0.5));
const detTensor = (shape: readonly number[], k: number): Tensor<Shape> =>
  constantOf(det(size(shape), k), ...shape);

/** The parameters of the golden U-Net, by the closed form that the file tells. */
const goldenParams = (model: { readonly params: Parameters<typeof fillSpec<UNetParams>>[0] }): UNetParams => {
  const paths = Object.keys(golden.gradients);
  return fillSpec(model.params, ({ path, shape }) => {
    const extents = shape as readonly number[]; // a model's extents are numbers
    const wave = detTensor(extents, paths.indexOf(path));
    if (path.endsWith('.gamma')) return add(1)(mul(0.1)(wave));
    if (extents.length === 1) return mul(0.1)(wave);
    return path === 'label.table' ? wave : mul(1 / Math.sqrt(size(extents.slice(0, -1))))(wave);
  });
};
const x = constantOf(det(2 * 8 * 8 * 3, 50), 2, 8, 8, 3);
const at = {
  t: constantOf(Int32Array.from(golden.t), 2),
  label: constantOf(Int32Array.from(golden.label), 2),
};

// both sides are float64; the file has 13 digits
const approx = 1e-11;

describe('against the same network in PyTorch', () => {
  test.each(['ddpm', 'guided-diffusion'] as const)('outputs, %s embedding', async (sinusoid) => {
    const model = right(unet({ ...golden.config, sinusoid }));
    const output = await numbersOf(() => model.apply(goldenParams(model), x, at));
    expect(relativeDistance(output, golden.outputs[sinusoid])).toBeLessThan(approx);
  });

  test('gradients of all parameters and of the images', async () => {
    const model = right(unet(golden.config));
    const params = goldenParams(model);
    expect(model.params.leaves.map(({ path }) => path).sort()).toEqual(Object.keys(golden.gradients).sort());
    const numbers = await numbersOf(() => {
      const { value, grad } = valueAndGrad((p: { readonly params: UNetParams; readonly x: typeof x }) =>
        sum(mul(detTensor([2, 8, 8, 3], 7))(model.apply(p.params, p.x, at) as Tensor<Shape>)),
      )({ params, x });
      const flat = tensorsOf(grad).map(({ leaf }) => reshape(-1)(leaf as Tensor<Shape>)); // parameters are float32
      return concatAll([reshape(1)(value), ...flat], 0);
    });
    expect(Math.abs(numbers[0]! / golden.loss - 1)).toBeLessThan(approx);
    let next = 1;
    const take = (n: number): readonly number[] => numbers.slice(next, (next += n));
    const paths = Object.keys(golden.gradients);
    for (const { path, shape } of model.params.leaves) {
      const g = take(size(shape as readonly number[])); // a model's extents are numbers
      const [total, l2, moment] = golden.gradients[path]!;
      const wave = det(g.length, paths.indexOf(path) + 100);
      const actual = [
        g.reduce((a, b) => a + b, 0),
        Math.hypot(...g),
        g.reduce((a, b, i) => a + b * wave[i]!, 0),
      ];
      // sums cancel: they are as exact as n terms of the size of the norm
      const scale = l2 * Math.sqrt(g.length) * approx;
      [total, l2, moment].forEach((expected, i) =>
        expect(Math.abs(actual[i]! - expected), `${path} ${i}`).toBeLessThan(scale),
      );
    }
    expect(relativeDistance(take(2 * 8 * 8 * 3), golden.gradientOfX)).toBeLessThan(approx);
  });
});
