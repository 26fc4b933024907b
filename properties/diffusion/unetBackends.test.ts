/**
 * Checks the output and all gradients of U-Nets on backends on which the contract, which has the same U-Nets, does not
 * run.
 */
import { describe, expect, test } from 'vitest';
import { asOnTensorflow } from '../../src/backends/tfjs/eager/testing.js';
import { webgpu } from '../../src/backends/webgpu/index.js';
import { E } from '../../src/internal/fp.js';
import { valueOf } from '../oracles/plans.js';
import { testOnWebgpu } from '../webgpu.js';
import type { AcquireBackend } from './run.js';
import { unetCases } from './unetCases.js';

describe.each(unetCases.map((one) => [one.name, one] as const))('%s', (_, { numbersOn, violationOf }) => {
  const agrees = async (acquire: AcquireBackend) => {
    const backend = valueOf(await acquire());
    const numbers = await numbersOn(backend);
    await backend.close();
    expect(violationOf(numbers, 1e-4)).toBeNull();
    return numbers;
  };

  test('tfjs as on TensorFlow; wrong or missing numbers are detected', async () => {
    const numbers = Float64Array.from(await agrees(async () => E.right(asOnTensorflow())));
    expect(violationOf(numbers.with(0, numbers[0]! + 0.1), 1e-4)).toMatch(/^output: /);
    expect(violationOf(numbers.with(numbers.length - 1, NaN), 1e-4)).toMatch(/^x: NaN off/);
    expect(violationOf(numbers.subarray(1), 1e-4)).toMatch(/numbers instead of/);
  });
  testOnWebgpu(async () => {
    const bits = await agrees(webgpu());
    expect(await agrees(webgpu())).toEqual(bits);
  });
});
