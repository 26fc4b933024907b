import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { layerCase, layerExtents, LAYERS, regionOf } from '../../../../properties/arbitraries/layers.js';
import { evaluateRegion } from '../../../../properties/oracles/region.js';
import { runRegion } from './regionTesting.js';

describe.each(Object.entries(LAYERS))('%s', (_, layer) => {
  test.prop([layerExtents, fc.nat()], { numRuns: 60 })('agrees with the definition', (sizes, seed) => {
    const { region, arrays, terms } = layerCase(layer, sizes, seed);
    const exact = arrays.map((array) => Float64Array.from(array));
    evaluateRegion(region, exact);
    const actual = runRegion(region, arrays);
    for (let b = layer.loads.length; b < arrays.length; b++)
      actual[b]!.forEach((x, i) => {
        // each term is of order 1 and is rounded a few times
        const bound = 1e-6 * terms * (1 + Math.abs(exact[b]![i]! / terms));
        if (!(Math.abs(x - exact[b]![i]!) <= bound)) expect([i, x]).toEqual([i, exact[b]![i]!]);
      });
  });
});

test('a long sum of equal terms has a relative error below 1e-6', () => {
  const length = 3_000_001;
  const region = regionOf(LAYERS['a norm']!, { B: 1, H: 1, C: length });
  const [, [sum] = []] = runRegion(region, [new Float32Array(length).fill(0.1), new Float32Array(1)]) as [Float32Array, Float32Array]; // oxfmt-ignore
  const exact = length * Math.fround(0.1) ** 2;
  expect(Math.abs(sum! - exact) / exact).toBeLessThan(1e-6);
});

test('long sums of columns of equal terms have a relative error below 1e-6', () => {
  const [H, C] = [100_003, 5];
  const region = regionOf(LAYERS['the derivative of a bias']!, { B: 1, H, C });
  const [, sums] = runRegion(region, [new Float32Array(H * C).fill(0.1), new Float32Array(C)]);
  const exact = H * Math.fround(0.1);
  for (const sum of sums!) expect(Math.abs(sum - exact) / exact).toBeLessThan(1e-6);
});
