import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { numbersOf, outcomeOf, relativeDistance, right } from '../../../properties/diffusion/run.js';
import type { Model as DiffusionModel } from '../../diffusion/denoisers/denoiser.js';
import {
  add,
  concatAll,
  constantOf,
  dims,
  fillSpec,
  type Grads,
  type Key,
  mul,
  reshape,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
  zipTensors,
} from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
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
const detTensor = (shape: readonly number[], k: number): Tensor<Shape> => constantOf(det(size(shape), k), ...shape);

/** The parameters of the golden U-Net, by the closed form given in the file. */
const goldenParams = (model: { readonly params: Parameters<typeof fillSpec<UNetParams>>[0] }): UNetParams => {
  const paths = Object.keys(golden.gradients);
  return fillSpec(model.params, ({ path, shape }) => {
    const extents = shape as readonly number[]; // the extents of a model are numbers
    const wave = detTensor(extents, paths.indexOf(path));
    if (path.endsWith('.gamma')) return add(mul(wave, 0.1), 1);
    if (extents.length === 1) return mul(wave, 0.1);
    return path === 'label.table' ? wave : mul(wave, 1 / Math.sqrt(size(extents.slice(0, -1))));
  });
};
const x = constantOf(det(2 * 8 * 8 * 3, 50), 2, 8, 8, 3);
const at = {
  t: constantOf(Int32Array.from(golden.t), 2),
  conditions: { label: constantOf(Int32Array.from(golden.label), 2) },
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
        sum(mul(model.apply(p.params, p.x, at) as Tensor<Shape>, detTensor([2, 8, 8, 3], 7))),
      )({ params, x });
      const flat = tensorsOf(grad).map(({ leaf }) => reshape(leaf as Tensor<Shape>, -1)); // parameters are float32
      return concatAll([reshape(value, 1), ...flat], 0);
    });
    expect(Math.abs(numbers[0]! / golden.loss - 1)).toBeLessThan(approx);
    let next = 1;
    const take = (n: number): readonly number[] => numbers.slice(next, (next += n));
    const paths = Object.keys(golden.gradients);
    for (const { path, shape } of model.params.leaves) {
      const g = take(size(shape as readonly number[])); // the extents of a model are numbers
      const [total, l2, moment] = golden.gradients[path]!;
      const wave = det(g.length, paths.indexOf(path) + 100);
      const actual = [g.reduce((a, b) => a + b, 0), Math.hypot(...g), g.reduce((a, b, i) => a + b * wave[i]!, 0)];
      // terms of the sums cancel: the error is that of n terms of the size of the norm
      const scale = l2 * Math.sqrt(g.length) * approx;
      [total, l2, moment].forEach((expected, i) =>
        expect(Math.abs(actual[i]! - expected), `${path} ${i}`).toBeLessThan(scale),
      );
    }
    expect(relativeDistance(take(2 * 8 * 8 * 3), golden.gradientOfX)).toBeLessThan(approx);
  });
});

const tiny = {
  image: [4, 4, 1],
  base: 4,
  multipliers: [1, 2],
  blocks: 1,
  attention: [2],
  heads: 2,
  groups: 2,
} as const;
const images = constantOf(det(2 * 16, 1), 2, 4, 4, 1);
const t = constantOf(Int32Array.of(3, 500), 2);

/** Parameters that are nowhere zero. */
const waves = (model: { readonly params: Parameters<typeof fillSpec<UNetParams>>[0] }): UNetParams =>
  fillSpec(model.params, ({ shape }) => mul(detTensor(shape as readonly number[], shape.length), 0.3)); // extents are numbers

describe('parameters', () => {
  test('network R of the benchmarks has 6,472,195', () => {
    const model = right(
      unet({
        image: [32, 32, 3],
        base: 64,
        multipliers: [1, 2, 2],
        blocks: 2,
        attention: [16],
        heads: 4,
        groups: 8,
      }),
    );
    const count = model.params.leaves.reduce((n, { shape }) => n + size(shape as readonly number[]), 0);
    const norm = (c: number): number => 2 * c;
    const affine = (c: number, d: number): number => (c + 1) * d;
    const conv = (c: number, d: number): number => (9 * c + 1) * d;
    const residual = (c: number, d: number): number =>
      norm(c) + conv(c, d) + affine(256, d) + norm(d) + conv(d, d) + (c === d ? 0 : affine(c, d));
    const attention = (c: number): number => norm(c) + affine(c, 3 * c) + affine(c, c);
    const byFormula = [
      affine(64, 256) + affine(256, 256) + conv(3, 64),
      residual(64, 64) * 2 + conv(64, 64), // 32
      residual(64, 128) + residual(128, 128) + attention(128) * 2 + conv(128, 128), // 16
      residual(128, 128) * 2, // 8
      residual(128, 128) * 2 + attention(128),
      residual(256, 128) * 3 + conv(128, 128), // 8
      residual(256, 128) * 2 + residual(192, 128) + attention(128) * 3 + conv(128, 128), // 16
      residual(192, 64) + residual(128, 64) * 2, // 32
      norm(64) + conv(64, 3),
    ].reduce((a, b) => a + b);
    expect([count, byFormula]).toEqual([6_472_195, 6_472_195]);
  });

  test('are a plain tree, with the path of each as its name', () => {
    const model = right(unet({ ...tiny, conditions: { label: 3 } }));
    const paths = model.params.leaves.map(({ path, shape }) => `${path} [${shape.join(', ')}]`);
    expect(paths).toContain('label.table [4, 16]');
    expect(paths).toContain('levels.0.down.0.residual.conv1.kernel [3, 3, 4, 4]');
    expect(paths).toContain('levels.0.up.0.residual.skip.w [12, 4]');
    expect(paths).toContain('levels.1.down.0.attention.qkv.w [8, 24]');
    expect(paths.some((path) => /levels\.0\.(down|up)\.\d\.attention/.test(path))).toBe(false);
  });

  test('start with the shapes of the spec, each drawn from its own key', async () => {
    const model = right(unet({ ...tiny, conditions: { label: 3 } }));
    const numbers = await numbersOf((k) => {
      const params = model.init(k);
      expect(tensorsOf(params).map(({ path, leaf }) => [path, dims(leaf)])).toEqual(
        model.params.leaves.map(({ path, shape }) => [path, shape]),
      );
      return concatAll([reshape(params.levels[0]!.down[0]!.residual.conv1.kernel, -1), reshape(params.levels[0]!.up[1]!.residual.conv1.kernel, -1)], 0); // oxfmt-ignore
    });
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test('initially the model gives zeros, and all parameters of its last layer get a gradient', async () => {
    const model = right(unet(tiny));
    expect(await numbersOf((k) => model.apply(model.init(k), images, { t }))).toEqual(Array.from(images32(), () => 0));
    const slopes = await numbersOf((k) =>
      reshape(
        valueAndGrad((p: UNetParams) =>
          sum(mul(model.apply(p, images, { t }) as Tensor<Shape>, detTensor([2, 4, 4, 1], 3))),
        )(model.init(k)).grad.output.kernel,
        -1,
      ),
    );
    expect(slopes.every((slope) => slope !== 0)).toBe(true);
  });
});
const images32 = (): Float64Array => det(32, 1);

describe('the conditioning of the model', () => {
  test('the timestep of each sample changes only that sample', async () => {
    const model = right(unet(tiny));
    const output = (...ts: readonly number[]): Promise<readonly number[]> =>
      numbersOf(() => model.apply(waves(model), images, { t: constantOf(Int32Array.from(ts), 2) }));
    const [a, b] = [await output(3, 500), await output(3, 501)];
    expect(a.slice(0, 16)).toEqual(b.slice(0, 16));
    expect(a.slice(16)).not.toEqual(b.slice(16));
  });

  test('the class of each sample changes only that sample; no label means the label of no class', async () => {
    const model = right(unet({ ...tiny, conditions: { label: 3 } }));
    expect(model.conditions).toEqual({ label: { classes: 3 } });
    const output = (labels?: readonly number[]): Promise<readonly number[]> =>
      numbersOf(() =>
        model.apply(waves(model), images, {
          t,
          conditions: labels ? { label: constantOf(Int32Array.from(labels), 2) } : {},
        }),
      );
    const [a, b] = [await output([0, 1]), await output([0, 2])];
    expect(a.slice(0, 16)).toEqual(b.slice(0, 16));
    expect(a.slice(16)).not.toEqual(b.slice(16));
    expect(await output()).toEqual(await output([3, 3]));
  });

  test('a key drops activations, another key drops others; without a key or a rate none are dropped', async () => {
    const model = right(unet({ ...tiny, dropout: 0.5 }));
    const output = (m: typeof model, dropout?: (k: Key) => Key): Promise<readonly number[]> =>
      numbersOf((k) => m.apply(waves(m), images, { t, ...(dropout && { dropout: dropout(k) }) }));
    const plain = await output(model);
    expect(await output(model, (k) => k)).not.toEqual(plain);
    expect(await output(right(unet(tiny)), (k) => k)).toEqual(plain);
    expect(await output(right(unet({ ...tiny, dropout: 0 })))).toEqual(plain);
  });

  test.each([
    ['labels for a model without classes', { t, conditions: { label: t } }, images, 'unet: conditions.label: expected no conditions, got a condition that the model does not take; leave it out, or make the model with it'],
    ['images of another size', { t }, constantOf(det(2 * 64, 1), 2, 8, 8, 1), 'unet: expected images [B, 4, 4, 1], got [2, 8, 8, 1]'],
  ])('refuses %s', async (_, at, given, message) => {
    const model = right(unet(tiny));
    // the second size is wrong in types too
    const outcome = await outcomeOf(() => model.apply(waves(model), given as typeof images, at))();
    expect(E.isLeft(outcome) && outcome.left.message).toContain(message);
  }); // oxfmt-ignore
});

test('gradients agree with central differences along a direction', async () => {
  const model = right(unet({ ...tiny, conditions: { label: 3 }, dropout: 0.2 }));
  const direction = fillSpec(model.params, ({ shape }) => detTensor(shape as readonly number[], 11)); // extents are numbers
  // each run draws the same from its key
  const at = (h: number) => (dropout: Key) => {
    const loss = (p: UNetParams): Tensor<[]> =>
      sum(
        mul(
          model.apply(p, images, {
            t,
            conditions: { label: constantOf(Int32Array.of(3, 1), 2) },
            dropout,
          }) as Tensor<Shape>,
          detTensor([2, 4, 4, 1], 7),
        ),
      );
    const moved = zipTensors([waves(model), direction], (p, d) => add(p, mul(d, h)));
    return valueAndGrad(loss)(moved);
  };
  const [[plus], [minus]] = [await numbersOf((k) => at(1e-5)(k).value), await numbersOf((k) => at(-1e-5)(k).value)];
  const [slope] = await numbersOf((k) => {
    const along: Grads<UNetParams> = at(0)(k).grad;
    return tensorsOf(zipTensors([direction, along], (d, g) => mul(d, g)))
      .map(({ leaf }) => sum(leaf as Tensor<Shape>)) // all float32
      .reduce((total, part) => add(total, part));
  });
  // the error of a central difference is of the order h²
  expect(Math.abs((plus! - minus!) / 2e-5 / slope! - 1)).toBeLessThan(1e-7);
});

test('types: the shapes of the image, and the model type of noisefold/diffusion', () => {
  const model = right(unet({ image: [28, 28, 1], base: 8, multipliers: [1, 2] }));
  expectTypeOf(model).toExtend<DiffusionModel<UNetParams, [28, 28, 1]>>();
  const y = (p: UNetParams, noised: Tensor<['B', 28, 28, 1]>, steps: Tensor<['B'], 'int32'>) =>
    model.apply(p, noised, { t: steps });
  expectTypeOf(y).returns.toEqualTypeOf<Tensor<['B', 28, 28, 1]>>();
  const wrong = (p: UNetParams, noised: Tensor<['B', 32, 32, 1]>, steps: Tensor<['B'], 'int32'>) =>
    // @ts-expect-error an image of another size
    model.apply(p, noised, { t: steps });
  expect(wrong).toBeTypeOf('function');
});
