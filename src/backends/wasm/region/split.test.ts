import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { regionCase } from '../../../../properties/arbitraries/region.js';
import { evaluateRegion } from '../../../../properties/oracles/region.js';
import type { Region } from '../../../dsl/graph/region.js';
import { regionCycles, splitRegion } from './split.js';

const iterations = ({ extents, reduced }: Region): number =>
  extents.slice(0, extents.length - reduced).reduce((product, extent) => product * extent, 1);

/** Cycles of a part: from several parts to one. */
const partCycles = fc.constantFrom(1, 4, 30, 200, 1e9);

test.prop([regionCase(), partCycles], { numRuns: 200 })(
  'the parts of a region together store the same bits as the region',
  ({ region, buffers }, cycles) => {
    const arrays = () => buffers.map(({ data }) => Float64Array.from(data));
    const [whole, together] = [arrays(), arrays()];
    evaluateRegion(region, whole, Math.fround);
    const parts = splitRegion(region, cycles);
    for (const part of [...parts].reverse()) evaluateRegion(part, together, Math.fround);
    expect(together).toEqual(whole);
    expect(parts.reduce((sum, part) => sum + iterations(part), 0)).toBe(iterations(region));
  },
);

test.prop([regionCase(), partCycles], { numRuns: 200 })(
  'no element is stored by two parts, and each part stores something',
  ({ region, buffers }, cycles) => {
    const parts = splitRegion(region, cycles);
    const written = buffers.map(() => new Set<number>());
    for (const part of parts) {
      if (iterations(region) > 0) expect(iterations(part)).toBeGreaterThan(0);
      const arrays = buffers.map(
        ({ data }, b) =>
          new Proxy(Float64Array.from(data), {
            get: (array, at) => Reflect.get(array, at, array),
            set: (array, at, value: number) => {
              expect(written[b]!.has(Number(at))).toBe(false);
              written[b]!.add(Number(at));
              array[Number(at)] = value;
              return true;
            },
          }),
      );
      evaluateRegion(part, arrays);
    }
  },
);

test.prop([regionCase(), fc.constantFrom(1, 30, 200)], { numRuns: 150 })(
  'a region has at most 16 parts of about the given length, and the split depends on nothing else',
  ({ region }, cycles) => {
    const parts = splitRegion(region, cycles);
    expect(parts.length).toBeLessThanOrEqual(Math.max(1, Math.min(16, Math.ceil(regionCycles(region) / cycles))));
    expect(splitRegion(structuredClone(region), cycles)).toEqual(parts);
    if (regionCycles(region) <= cycles) expect(parts).toEqual([region]);
  },
);
