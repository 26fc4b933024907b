import { test } from '@fast-check/vitest';
import { expect } from 'vitest';
import {
  addFilterGradient,
  type ConvCase,
  convCases,
  filterView,
  layerCases,
  ordinaryCase,
  winogradCases,
  xStrides,
  yStrides,
} from './convTesting.js';
import { filterGradient, filterGradientScratchElements } from './filterGradient.js';
import type { FilterGradientProblem } from '../problems.js';
import { hasWinograd } from '../winograd/tiles.js';
import type { KernelForm } from '../functions.js';
import { arena, describeKernels, numbers, placesOf, relativeError } from '../testing.js';

/** Tolerance for float32 sums of up to a few thousand products of numbers below 1. */
const approx = 1e-5;

/** Computes a filter gradient. Returns it with the float64 one. */
const runGradient = (form: KernelForm, c: ConvCase) => {
  const x = numbers(c.seed, c.batch * c.input[0] * c.input[1] * c.channels);
  const dy = numbers(c.seed + 1, c.batch * yStrides(c).image);
  const view = filterView(c);
  const [expected, sizes] = [new Float64Array(view.elements), new Float64Array(view.elements)];
  addFilterGradient(c, x, dy, { expected, sizes });
  const problem: FilterGradientProblem = { ...c, x: xStrides(c), dy: yStrides(c), filter: view.strides };
  const { put, reserve, read, run } = arena();
  const filter = reserve(view.elements);
  const places = {
    x: put(x),
    dy: put(dy),
    filter: filter + 4 * view.offset,
    scratch: reserve(filterGradientScratchElements(problem)),
  };
  run(filterGradient(problem, placesOf(places)), form);
  return { actual: read(filter, view.elements), expected, sizes };
};

describeKernels('filterGradient', (form) => {
  test.prop([convCases], { numRuns: 250 })('agrees with the float64 gradient', (c) => {
    const { actual, expected, sizes } = runGradient(form, c);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.prop([layerCases], { numRuns: 80 })('agrees with many channels, by whichever algorithm applies', (c) => {
    const { actual, expected, sizes } = runGradient(form, c);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.prop([winogradCases], { numRuns: 60 })("agrees by Winograd's algorithm", (c) => {
    expect(hasWinograd(c)).toBe(true);
    const { actual, expected, sizes } = runGradient(form, c);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.each<[string, Partial<ConvCase>]>([
    ['3×3, padded', {}],
    ['1×1, in place', { window: [1, 1], padding: [0, 0] }],
    ['1×1 with channels that are not a multiple of a tile', { window: [1, 1], padding: [0, 0], channels: 7 }],
    ['more outputs than a block', { input: [24, 24], output: [24, 24], channels: 3 }],
    ['stride 2, padded below and to the right', { strides: [2, 2], padding: [0, 0], output: [4, 4] }],
    ['input dilated by 2', { inputDilation: [2, 2], padding: [2, 2], output: [16, 16] }],
    ['more tiles than a block, by Winograd', { input: [26, 26], output: [26, 26], channels: 16, outChannels: 20 }],
    ['many channels, by Winograd', { input: [5, 5], output: [5, 5], channels: 256, outChannels: 64 }],
    ['one channel', { channels: 1 }],
    ['one output channel', { outChannels: 1 }],
  ])('%s', (_, change) => {
    const { actual, expected, sizes } = runGradient(form, { ...ordinaryCase, ...change });
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });
});
