/** Checks the output and all gradients of U-Nets as on TensorFlow; the contract checks the same U-Nets on the other backends. */
import { describe, expect, test } from 'vitest';
import { asOnTensorflow } from '../../src/backends/tfjs/eager/testing.js';
import { unetCases } from './unetCases.js';

describe.each(unetCases.map((one) => [one.name, one] as const))('%s', (_, { numbersOn, violationOf }) => {
  test('tfjs as on TensorFlow; wrong or missing numbers are detected', async () => {
    const backend = asOnTensorflow();
    const numbers = await numbersOn(backend);
    await backend.close();
    const output = Float64Array.from(numbers['output']!);
    const images = Float64Array.from(numbers['grad/x']!);
    expect(violationOf(numbers, 1e-4)).toBeNull();
    expect(violationOf({ ...numbers, output: output.with(0, output[0]! + 0.1) }, 1e-4)).toMatch(/^output: /);
    expect(violationOf({ ...numbers, 'grad/x': images.with(images.length - 1, NaN) }, 1e-4)).toMatch(
      /^grad\/x: NaN off/,
    );
    expect(violationOf({ ...numbers, output: output.subarray(1) }, 1e-4)).toMatch(/numbers instead of/);
    expect(violationOf({ output }, 1e-4)).toMatch(/undefined numbers instead of/);
  });
});
