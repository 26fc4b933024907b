/** Checks the laws of backends for the eager executor on kernels like TensorFlow's. properties/backends.test.ts has the others. */
import { afterAll, describe, expect, test } from 'vitest';
import { backendLaws } from '../../../../properties/laws/backends.js';
import { runPlan, unfused } from '../../../../properties/oracles/plans.js';
import { node } from '../../../dsl/graph/node.js';
import * as p from '../../../dsl/primitives/index.js';
import { checkLaws } from '../../../../properties/suite.js';
import { asOnTensorflow, tensorsAlive } from './testing.js';

const backend = asOnTensorflow();
describe(backend.name, () => {
  checkLaws(backendLaws(backend));

  test('products of int32 wrap around, to the last bit', async () => {
    const x = node('input', [], { path: 'x' }, [2, 2], 'int32');
    const numbers = Int32Array.of(2147483647, 1234567891, 2147483629, -1987654321);
    const [product] = await runPlan(backend, unfused([p.reduce('prod', x, [0])]), [numbers]);
    expect([...product!]).toEqual([0, 1].map((i) => Math.imul(numbers[i]!, numbers[2 + i]!)));
  });

  test('a single number of one axis times one without axes has one axis', async () => {
    const x = node('input', [], { path: 'x' }, [], 'int32');
    const product = p.binary('mul', p.reshape(x, [1]), p.reshape(p.constant(Int32Array.of(65536), [], 'int32'), [1]));
    expect(await runPlan(backend, unfused([product]), [Int32Array.of(8)])).toEqual([Int32Array.of(524288)]);
  });

  test('no tensors remain in tfjs', () => {
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    expect(tensorsAlive()).toBe(0);
  });

  afterAll(async () => {
    await backend.close();
  });
});
