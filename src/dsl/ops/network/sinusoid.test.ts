import { describe, expect, test } from 'vitest';
import { right } from '../../../../properties/diffusion/run.js';
import { skippedFor } from '../../../../properties/skips.js';
import { noWebgpu } from '../../../../properties/webgpu.js';
import { reference } from '../../../backends/reference/index.js';
import { tfjs } from '../../../backends/tfjs/index.js';
import { wasm } from '../../../backends/wasm/index.js';
import { webgpu } from '../../../backends/webgpu/index.js';
import { E, F } from '../../../internal/fp.js';
import { sinusoidTable } from '../../../nn/layers/timeFeatures.js';
import { attempt, evaluate, grad, program, type Tensor, using } from '../../index.js';
import { constantOf, zeros } from '../constants.js';
import { sum } from '../reduction/reduction.js';
import { sinusoid, type SinusoidOptions } from './sinusoid.js';

type Acquire = Parameters<typeof using>[0];

const embedded = async (acquire: Acquire, t: Float32Array, options: SinusoidOptions): Promise<readonly number[]> => {
  const embedding = program({ t: 'B' }, ({ t }) => ({ e: sinusoid(t, options) }));
  return Array.from(right(await using(acquire)(evaluate(embedding, { B: t.length })({ t }))()).e);
};

/** Numbers from 0 to 1 by a linear congruential generator. */
const drawing = (seed: number): (() => number) => {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
};

/**
 * The embedding of the float32 products of times and frequencies, computed in float64, with ω computed by the float32
 * steps of PyTorch.
 */
const exactly = (t: Float32Array, { size, maxPeriod = 10_000, scale = 1 }: SinusoidOptions): readonly number[] => {
  const n = size / 2;
  const exponent = (i: number): number => Math.fround(Math.fround(Math.fround(-Math.log(maxPeriod)) * i) / (n - 1));
  const angle = (time: number, i: number): number =>
    Math.fround(Math.fround(time * Math.fround(scale)) * Math.fround(Math.exp(exponent(i))));
  return Array.from(t).flatMap((time) =>
    Array.from({ length: size }, (_, i) => (i < n ? Math.sin(angle(time, i)) : Math.cos(angle(time, i - n)))),
  );
};

const furthest = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, x, i) => (Math.abs(x - b[i]!) <= most ? most : Math.abs(x - b[i]!)), 0);

const backends: readonly { readonly name: string; readonly acquire: Acquire; readonly missing: string }[] = [
  { name: 'reference', acquire: reference(), missing: '' },
  { name: 'tfjs-cpu', acquire: tfjs('cpu'), missing: '' },
  { name: 'wasm', acquire: wasm(), missing: '' },
  { name: 'webgpu', acquire: webgpu(), missing: noWebgpu },
];

describe('for |t·ω| ≤ 10⁴ it is within 5e-7 of the sine and cosine of the float32 product', () => {
  for (const { name, acquire, missing } of backends)
    test(name, skippedFor(missing), async () => {
      for (const seed of [1, 2, 3, 4]) {
        const draw = drawing(seed);
        const options: SinusoidOptions = {
          size: 64,
          sinusoid: 'ddpm',
          maxPeriod: 10 ** (4 * draw()),
          scale: 10 ** (4 * draw() - 2),
        };
        const bound = 1e4 / options.scale!;
        const t = Float32Array.from({ length: 1000 }, (_, i) =>
          i % 2 === 0 ? (2 * draw() - 1) * bound * 0.9999 : Math.floor(draw() * bound),
        );
        expect(furthest(await embedded(acquire, t, options), exactly(t, options))).toBeLessThan(5e-7);
      }
    });
});

describe('layouts', () => {
  test.each(['ddpm', 'guided-diffusion'] as const)('%s equals the table of integer times', async (layout) => {
    const t = Float32Array.from({ length: 1000 }, (_, i) => i);
    const values = await embedded(reference(), t, { size: 32, sinusoid: layout });
    const table = sinusoidTable({ timesteps: 1000, size: 32, sinusoid: layout });
    // the table also rounds angles below 4, by 2⁻²³ at most
    expect(furthest(values, [...table])).toBeLessThan(2 ** -22);
  });

  test('an order, a shift, a period, a scale', async () => {
    const options = { size: 4, sinusoid: { first: 'cosine', shift: 1 }, maxPeriod: 100, scale: 2 } as const;
    const values = await embedded(reference(), Float32Array.of(0.5), options);
    [Math.cos(1), Math.cos(0.01), Math.sin(1), Math.sin(0.01)].forEach((x, i) => expect(values[i]).toBeCloseTo(x, 7));
  });

  test('an odd size ends with 0; sizes of 0, 1 and 2', async () => {
    const values = await embedded(reference(), Float32Array.of(2, 3), {
      size: 5,
      sinusoid: 'guided-diffusion',
    });
    expect([values[4], values[9]]).toEqual([0, 0]);
    expect(values[0]).toBeCloseTo(Math.cos(2), 7);
    for (const size of [0, 1, 2])
      expect(await embedded(reference(), Float32Array.of(0), { size, sinusoid: 'ddpm' })).toEqual(
        [0, 1].slice(0, size),
      );
  });
});

describe('its derivative', () => {
  const slope = async (acquire: Acquire): Promise<readonly number[]> => {
    const loss = program({ t: 'B' }, ({ t }) => ({
      g: grad((x: typeof t) => sum(sinusoid(x, { size: 2, sinusoid: { first: 'sine', shift: 0 }, scale: 3 })))(t),
    }));
    const t = Float32Array.of(0.3, 100.7);
    return Array.from(right(await using(acquire)(evaluate(loss, { B: 2 })({ t }))()).g);
  };
  for (const { name, acquire, missing } of backends)
    test(`is ω·cos(t·ω) − ω·sin(t·ω): ${name}`, skippedFor(missing), async () => {
      const angles = [0.3, 100.7].map((t) => Math.fround(Math.fround(t) * 3));
      const expected = angles.map((a) => 3 * Math.cos(a) - 3 * Math.sin(a));
      expect(furthest(await slope(acquire), expected)).toBeLessThan(3e-6);
    });
});

describe('rejects', () => {
  test.each<[string, Partial<SinusoidOptions>, string]>([
    ['a layout of another library', { sinusoid: 'diffusers' as 'ddpm' }, 'sinusoid.sinusoid'],
    ['an invalid layout', { sinusoid: { first: 'sin', shift: 0 } as never }, 'sinusoid.sinusoid.first'],
    ['a shift beyond the frequencies', { sinusoid: { first: 'sine', shift: 4 } }, 'sinusoid.sinusoid.shift'],
    ['a period of 0', { maxPeriod: 0 }, 'sinusoid.maxPeriod'],
    ['an infinite scale', { scale: Infinity }, 'sinusoid.scale'],
  ])('%s', (_, wrong, where) => {
    const options: SinusoidOptions = { size: 8, sinusoid: 'ddpm', ...wrong };
    expect(attempt(() => sinusoid(zeros(2), options))).toMatchObject(E.left({ _tag: 'ConfigError', where }));
  });

  test('times that are not a float32 vector', () => {
    const options = { size: 8, sinusoid: 'ddpm' } as const;
    expect(attempt(() => F.pipe(zeros(2, 2) as unknown as Tensor<[2]>, sinusoid(options)))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: 'sinusoid' }),
    );
    const integers = constantOf(Int32Array.of(1, 2), 2) as unknown as Tensor<[2]>;
    expect(attempt(() => sinusoid(integers, options))).toMatchObject(E.left({ _tag: 'DTypeError', where: 'sinusoid' }));
  });
});
