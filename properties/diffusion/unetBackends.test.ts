/** Checks the output and all gradients of U-Nets as on TensorFlow; the contract checks the same U-Nets on the other backends. */
import { describe, expect, test } from 'vitest';
import { asOnTensorflow } from '../../src/backends/tfjs/eager/testing.js';
import { unetCases } from './unetCases.js';

describe.each(unetCases.map((one) => [one.name, one] as const))('%s', (_, { numbersOn, violationOf }) => {
  test('tfjs as on TensorFlow; wrong or missing numbers are detected', async () => {
    const backend = asOnTensorflow();
    const numbers = Float64Array.from(await numbersOn(backend));
    await backend.close();
    expect(violationOf(numbers, 1e-4)).toBeNull();
    expect(violationOf(numbers.with(0, numbers[0]! + 0.1), 1e-4)).toMatch(/^output: /);
    expect(violationOf(numbers.with(numbers.length - 1, NaN), 1e-4)).toMatch(/^x: NaN off/);
    expect(violationOf(numbers.subarray(1), 1e-4)).toMatch(/numbers instead of/);
  });
});
