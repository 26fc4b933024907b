import { test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { conv, convScratchElements } from './conv.js';
import type { ConvProblem } from '../problems.js';
import {
  addConvolution,
  type ConvCase,
  convCases,
  filterView,
  forEachOutput,
  layerCases,
  ordinaryCase,
  winogradCases,
  xStrides,
  yStrides,
} from './convTesting.js';
import { hasWinograd } from '../winograd/tiles.js';
import type { KernelForm } from '../functions.js';
import { arena, describeKernels, numbers, placesOf, relativeError } from '../testing.js';

/** Tolerance for float32 sums of up to a few thousand products of numbers below 1. */
const approx = 1e-5;

/** Runs a convolution. Returns all of y's memory, and its expected content from float64. */
const runConv = (form: KernelForm, c: ConvCase) => {
  const x = numbers(c.seed, c.batch * c.input[0] * c.input[1] * c.channels);
  const view = filterView(c);
  const filter = numbers(c.seed + 1, view.elements);
  const before = numbers(c.seed + 3, c.batch * yStrides(c).image);
  const expected = before.slice();
  const sizes = before.map(Math.abs);
  forEachOutput(c, (y) => {
    expected[y] = 0;
    sizes[y] = 0;
  });
  addConvolution(c, x, filter, { expected, sizes });
  const problem: ConvProblem = { ...c, x: xStrides(c), filter: view.strides, y: yStrides(c) };
  const { put, reserve, read, run } = arena();
  const y = put(before);
  const places = {
    x: put(x),
    filter: put(filter) + 4 * view.offset,
    y,
    scratch: reserve(convScratchElements(problem)),
  };
  run(conv(problem, placesOf(places)), form);
  return { actual: read(y, before.length), expected, sizes };
};

describeKernels('conv', (form) => {
  test.prop([convCases], { numRuns: 250 })('agrees with the float64 convolution and writes nothing else', (c) => {
    const { actual, expected, sizes } = runConv(form, c);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.prop([layerCases], { numRuns: 80 })('agrees with many channels, by whichever algorithm applies', (c) => {
    const { actual, expected, sizes } = runConv(form, c);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.prop([winogradCases], { numRuns: 60 })("agrees by Winograd's algorithm", (c) => {
    expect(hasWinograd(c)).toBe(true);
    const { actual, expected, sizes } = runConv(form, c);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test.each<[string, Partial<ConvCase>]>([
    ['3×3, padded', {}],
    ['1×1, in place', { window: [1, 1], padding: [0, 0] }],
    ['3×3 without padding, in place', { padding: [0, 0], output: [6, 6] }],
    ['more outputs than a block', { input: [24, 24], output: [24, 24], channels: 3 }],
    ['stride 2, padded below and to the right', { strides: [2, 2], padding: [0, 0], output: [4, 4] }],
    ['the gradient of stride 2', { inputDilation: [2, 2], padding: [2, 2], output: [16, 16], isFilterFlipped: true }],
    ['more tiles than a block, by Winograd', { input: [26, 26], output: [26, 26], channels: 16, outChannels: 20 }],
    ['many channels, by Winograd', { input: [5, 5], output: [5, 5], channels: 256, outChannels: 64 }],
    ['one channel', { channels: 1 }],
    ['one output channel', { outChannels: 1 }],
  ])('%s', (_, change) => {
    const { actual, expected, sizes } = runConv(form, { ...ordinaryCase, ...change });
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });
});
