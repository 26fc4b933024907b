import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { convScratchElements } from './conv.js';
import type { ConvProblem } from './conv.js';
import {
  convCases,
  filterView,
  forEachOutput,
  forEachProduct,
  ordinaryCase,
  xStrides,
  yStrides,
} from './convTesting.js';
import type { ConvCase } from './convTesting.js';
import { simdKernels } from './kernels.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import { arena, describeKernels, numbers, relativeError } from './testing.js';

/** Tolerance for float32 sums of up to a few thousand products of numbers below 1. */
const approx = 1e-5;

/** Runs a convolution. Returns all of y's memory, and its expected content from float64. */
const run = (multiplyAdd: MultiplyAdd, c: ConvCase, hasBias: boolean, accumulate: boolean) => {
  const x = numbers(c.seed, c.batch * c.input[0] * c.input[1] * c.channels);
  const view = filterView(c);
  const filter = numbers(c.seed + 1, view.elements);
  const bias = hasBias ? numbers(c.seed + 2, c.outChannels) : undefined;
  const before = numbers(c.seed + 3, c.batch * yStrides(c).image);
  const expected = [...before];
  const sizes = before.map(Math.abs);
  forEachOutput(c, (y, channel) => {
    const terms = [bias?.[channel] ?? 0, accumulate ? (before[y] ?? 0) : 0] as const;
    expected[y] = terms[0] + terms[1];
    sizes[y] = Math.abs(terms[0]) + Math.abs(terms[1]);
  });
  forEachProduct(c, (atX, atFilter, atY) => {
    const term = (x[atX] ?? 0) * (filter[atFilter] ?? 0);
    expected[atY] = (expected[atY] ?? 0) + term;
    sizes[atY] = (sizes[atY] ?? 0) + Math.abs(term);
  });
  const problem: ConvProblem = { ...c, x: xStrides(c), filter: view.strides, y: yStrides(c), accumulate };
  const { memory, put, reserve, read } = arena();
  const y = put(before);
  simdKernels(memory, multiplyAdd).conv(problem, {
    x: put(x),
    filter: put(filter) + 4 * view.offset,
    y,
    ...(bias === undefined ? {} : { bias: put(bias) }),
    scratch: reserve(convScratchElements(problem)),
  });
  return { actual: read(y, before.length), expected, sizes };
};

describeKernels('conv', (multiplyAdd) => {
  test.prop([convCases, fc.boolean(), fc.boolean()], { numRuns: 250 })(
    'agrees with the float64 convolution and writes nothing else',
    (c, hasBias, accumulate) => {
      const { actual, expected, sizes } = run(multiplyAdd, c, hasBias, accumulate);
      expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
    },
  );

  test.each<[string, Partial<ConvCase>]>([
    ['3×3, padded', {}],
    ['1×1, in place', { window: [1, 1], padding: [0, 0] }],
    ['3×3 without padding, in place', { padding: [0, 0], output: [6, 6] }],
    ['more outputs than a block', { input: [24, 24], output: [24, 24], channels: 3 }],
    ['stride 2, padded below and to the right', { strides: [2, 2], padding: [0, 0], output: [4, 4] }],
    ['the gradient of stride 2', { inputDilation: [2, 2], padding: [2, 2], output: [16, 16], isFilterFlipped: true }],
    ['one channel', { channels: 1 }],
    ['one output channel', { outChannels: 1 }],
  ])('%s', (_, change) => {
    const { actual, expected, sizes } = run(multiplyAdd, { ...ordinaryCase, ...change }, true, false);
    expect(relativeError(actual, expected, sizes)).toBeLessThan(approx);
  });

  test('computes the same bits after the memory has grown between calls', () => {
    const c = ordinaryCase;
    const problem: ConvProblem = { ...c, x: xStrides(c), filter: filterView(c).strides, y: yStrides(c) };
    const { memory, put, reserve, read } = arena();
    const x = put(numbers(1, 2 * 64 * 8));
    const filter = put(numbers(2, 9 * 8 * 16));
    const kernels = simdKernels(memory, multiplyAdd);
    const results = [0, 1].map((round) => {
      const y = reserve(2 * 64 * 16);
      kernels.conv(problem, { x, filter, y, scratch: reserve(convScratchElements(problem)) });
      memory.grow(16 + round);
      return read(y, 2 * 64 * 16);
    });
    expect(results[1]).toEqual(results[0]);
  });
});
