/**
 * Normalizations and softmax agree with the reference backend, for rows of length one, of prime length, strided and
 * long.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { valueOf } from '../../../properties/oracles/plans.js';
import { programOf, running } from '../../../properties/oracles/running.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import type { Backend } from '../../dsl/plan/backend.js';
import { groupNorm, layerNorm, rmsNorm, silu, softmax, transpose } from '../../dsl/index.js';
import { sizeOf } from '../../internal/numbers.js';
import { nodeOf, type Tensor, tensor } from '../../dsl/graph/tensor.js';
import { reference } from '../reference/index.js';
import { skippedFor } from '../../../properties/skips.js';
import { webgpu } from './webgpu.js';

/** Values around 3 with a spread of about 1, so that cancellation in a variance would show. */
const numbers = (shape: readonly number[], seed: number): Float32Array =>
  Float32Array.from({ length: sizeOf(shape) }, (_, i) => 3 + ((Math.imul(i + 1, 2654435761 + seed) >>> 8) % 1009) / 256); // oxfmt-ignore

describe('webgpu', skippedFor(noWebgpu), async () => {
  const acquire = noWebgpu === '' ? [webgpu, reference] : [];
  const backends: readonly Backend[] = await Promise.all(acquire.map(async (of) => valueOf(await of()())));
  afterAll(async () => {
    for (const backend of backends) await backend.close();
  });

  /** Compares a function of x and of parameters for its last axis on both backends. */
  const expectAgreement = async <S extends readonly number[]>(
    shape: S,
    build: (x: Tensor<S>, gamma: Tensor<[number]>, beta: Tensor<[number]>) => Tensor<readonly number[]>,
  ): Promise<void> => {
    const shapes = { x: shape, gamma: shape.slice(-1), beta: shape.slice(-1) };
    const inputs = Object.entries(shapes).map(([path, of]) => ({ path, shape: of, dtype: 'float32' }) as const); // oxfmt-ignore
    const given = Object.fromEntries(inputs.map(({ path, shape: of }, i) => [path, numbers(of, i)]));
    const built = programOf(inputs, ({ x, gamma, beta }) => ({
      y: nodeOf(build(tensor(x!), tensor(gamma!), tensor(beta!))),
    }));
    const [device, exact] = (await Promise.all(backends.map((backend) => running(backend, built)))) as [
      Awaited<ReturnType<typeof running>>,
      Awaited<ReturnType<typeof running>>,
    ];
    const of = async ({ run }: typeof device): Promise<readonly number[]> => Array.from((await run(given))['y']!);
    const [expected, first] = [await of(exact), await of(device)];
    const size = Math.max(...expected.map(Math.abs));
    expect(first).toHaveLength(expected.length);
    expect(Math.max(...first.map((x, i) => Math.abs(x - expected[i]!))) / size).toBeLessThanOrEqual(1e-5);
    expect(await of(device), 'a repeated run is identical').toEqual(first);
    device.release();
    exact.release();
  };

  test.each([
    [1, 1, 1, 4, 1],
    [2, 7, 11, 6, 3],
    [3, 1, 13, 5, 5],
    [1, 53, 59, 8, 8],
    [2, 64, 32, 24, 3],
  ])('group norm and SiLU of [%i, %i, %i, %i] in %i groups', async (B, H, W, C, groups) => {
    await expectAgreement([B, H, W, C] as const, (x, gamma, beta) => silu(groupNorm(x, { gamma, beta }, { groups })));
  });

  test.each([
    [1, 1],
    [7, 1],
    [1, 97],
    [5, 1031],
    [257, 256],
    [1, 40_009],
  ])('along %i rows of length %i', async (N, C) => {
    const shape = [N, C] as const;
    await expectAgreement(shape, (x, gamma, beta) => layerNorm(x, { gamma, beta }));
    await expectAgreement(shape, (x, gamma) => rmsNorm(x, { gamma }));
    await expectAgreement(shape, (x) => softmax(x));
  });

  test.each([
    [1031, 5],
    [512, 96],
  ])('along columns of length %i, %i of them', async (N, C) => {
    await expectAgreement([N, C] as const, (x) => softmax(transpose(x, 1, 0)));
  });
});
