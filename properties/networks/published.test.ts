/** Published networks, loaded under their own names, have the same outputs and gradients as in PyTorch. */
import { open } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
import { wasm } from 'noisefold/backends/wasm';
import { webgpu } from 'noisefold/backends/webgpu';
import { describe, expect, test } from 'vitest';
import { notAsked } from '../asked.js';
import { goldenNames, hashedNames, publishedNamed } from '../golden/published.js';
import { skippedFor } from '../skips.js';
import { testOnWebgpu } from '../webgpu.js';
import { evaluated } from './evaluated.js';

const largest = (numbers: ArrayLike<number>): number => Math.max(...Array.from(numbers, Math.abs));

/** The largest difference, relative to the largest number if that is above 1. */
const distance = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(actual.length).toBe(expected.length);
  return largest(Array.from(expected, (x, i) => actual[i]! - x)) / Math.max(1, largest(expected));
};

describe.each([...goldenNames, ...hashedNames])('%s', (name) => {
  /**
   * The gradient of each weight is compared by its norm and another number, relative to its norm, but at least to a hundredth
   * of the largest norm: a bias before a norm has a gradient of 0, which float32 rounds.
   */
  const compare = async (backend: Parameters<typeof open>[0], tolerance: number): Promise<void> => {
    const fixture = publishedNamed(name);
    await using nf = await open(backend);
    const { output, gradientOfX, gradients } = await evaluated(nf, fixture);
    const expected = (of: string) => fixture.tensors.get(of)!.data as Float32Array; // float32 in all fixtures
    expect(distance(output, expected('output'))).toBeLessThan(tolerance);
    expect(distance(gradientOfX, expected('grad.input.x'))).toBeLessThan(tolerance);

    const least = Math.max(...Array.from(fixture.gradients.values(), ([norm]) => norm)) / 100;
    for (const [weight, measures] of fixture.gradients) {
      const actual = fixture.measure(weight, gradients.get(weight)!.data);
      const error = largest(measures.map((number, i) => actual[i]! - number));
      expect(error / Math.max(measures[0], least), weight).toBeLessThan(1e-4);
    }
    const whole = [...fixture.tensors].filter(([of]) => of.startsWith('grad.') && of !== 'grad.input.x');
    for (const [of, { data }] of whole)
      expect(distance(gradients.get(of.replace('grad.', ''))!.data, data as Float32Array), of).toBeLessThan(1e-4);
  };

  // the fixtures with hashed weights are float64
  const isExact = hashedNames.some((one) => one === name);
  test('reference', skippedFor(notAsked), () => compare(reference(), isExact ? 2e-6 : 2e-5));
  test('wasm', () => compare(wasm(), 1e-4));
  // the others would each take minutes on a software-emulated GPU
  if (!isExact) testOnWebgpu(() => compare(webgpu(), 1e-4));
});
