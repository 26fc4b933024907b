import { afterAll, describe, expect, test } from 'vitest';
import type { KeyWords } from '../../../dsl/plan/backend.js';
import type { Distribution } from '../../../dsl/graph/node.js';
import { randomInto } from '../../../internal/numerics/threefry.js';
import { dawn } from './dawnTesting.js';
import { randomShader } from './randomShader.js';
import type { ShaderLimits } from './shader.js';
import { notAsked } from '../../../../properties/asked.js';
import { skippedFor } from '../../../../properties/skips.js';

const gpu = await dawn();
const noAdapter = notAsked || (gpu === null ? 'there is no adapter of WebGPU' : '');
afterAll(() => gpu?.close());

const made = async (distribution: Distribution, elements: number, key: KeyWords, limits: ShaderLimits) => {
  const isBits = distribution === 'bits';
  const dtype = isBits ? 'int32' : 'float32';
  const shader = randomShader(
    { distribution, output: { buffer: 0, offset: 0, shape: [elements], strides: [1], dtype } },
    [{ elements, dtype, storage: { kind: 'output', output: 0 } }],
    limits,
  );
  const [numbers] = await gpu!.run([shader!], [isBits ? new Int32Array(elements) : new Float32Array(elements)], undefined, key); // oxfmt-ignore
  const expected = numbers!.slice();
  randomInto(distribution, key, expected);
  return { numbers: numbers!, expected };
};

const ulp = (x: number): number => 2 ** (Math.floor(Math.log2(Math.abs(x))) - 23);

describe('random numbers on the device', skippedFor(noAdapter), () => {
  test.each([
    ['bits', 1],
    ['bits', 65_537],
    ['uniform', 2],
    ['uniform', 99_999],
  ] as const)('%s, %d elements: the same bits as on the host', async (distribution, elements) => {
    const { numbers, expected } = await made(distribution, elements, [123456789, 4000000000], gpu!.limits);
    expect(numbers).toEqual(expected);
  });

  test('normals are within 4 ulp of the host', async () => {
    const { numbers, expected } = await made('normal', 2 ** 20 + 3, [7, 0xffffffff], gpu!.limits);
    let [worst, largest] = [0, 0];
    expected.forEach((exact, i) => {
      worst = Math.max(worst, Math.abs(numbers[i]! - exact) / ulp(exact));
      largest = Math.max(largest, exact);
    });
    expect(worst).toBeLessThanOrEqual(4);
    expect(largest, 'includes the tail').toBeGreaterThan(4);
  });

  test('uses two dimensions for many workgroups', async () => {
    const limits = { ...gpu!.limits, maxComputeWorkgroupsPerDimension: 3 };
    const { numbers, expected } = await made('bits', 10_000, [1, 2], limits);
    expect(numbers).toEqual(expected);
  });
});

test('leaves permutations to the host', () => {
  const output = { buffer: 0, offset: 0, shape: [4], strides: [1], dtype: 'int32' } as const;
  const buffers = [{ elements: 4, dtype: 'int32', storage: { kind: 'output', output: 0 } }] as const;
  expect(randomShader({ distribution: 'permutation', output }, buffers, {} as ShaderLimits)).toBeNull();
});
