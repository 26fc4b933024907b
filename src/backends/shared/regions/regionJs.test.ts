import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { regionCase, type RegionCase } from '../../../../properties/arbitraries/region.js';
import { evaluateRegion } from '../../../../properties/oracles/region.js';
import { compileRegion } from './regionJs.js';

const memoryOf = ({ buffers }: RegionCase) =>
  buffers.map(({ dtype, data }) => (dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data)));

test.prop([regionCase()], { numRuns: 1000 })('a region agrees with the interpreter', (given) => {
  const expected = memoryOf(given);
  const actual = memoryOf(given);
  evaluateRegion(given.region, expected, Math.fround);
  compileRegion(given.region)(actual);
  // the sum of -0 alone may be 0 or -0
  const unsigned = (memory: typeof actual) => memory.map((array) => array.map((x) => x + 0));
  expect(unsigned(actual)).toEqual(unsigned(expected));
});

test.prop([fc.constantFrom('sum', 'prod', 'max', 'min'), fc.constantFrom(0, 1)])(
  'a reduction over no elements returns its identity',
  (reduce, along) => {
    const memory = [new Float32Array(3), Float32Array.of(9, 9, 9)];
    compileRegion({
      extents: [3, 0],
      reduced: 1,
      loads: [{ buffer: 0, offset: 0, strides: along === 0 ? [1, 3] : [0, 1] }],
      body: [{ op: 'load', dtype: 'float32', load: 0 }],
      stores: [{ buffer: 1, offset: 0, strides: [1, 0], value: 0, reduce }],
    })(memory);
    const identity = { sum: 0, prod: 1, max: -Infinity, min: Infinity }[reduce];
    expect(Array.from(memory[1]!)).toEqual([identity, identity, identity]);
  },
);
