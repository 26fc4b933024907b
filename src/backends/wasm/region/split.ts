/** Splits a region into regions that write different elements, so that threads can share it. */
import type { Access, Region } from '../../../dsl/graph/region.js';
import { ranges } from '../stage/stage.js';
import { costOf } from './cost.js';
import { LANES } from './schedule.js';

/** The minimum number of cycles of a part, about a tenth of a millisecond. */
const PART_CYCLES = 200_000;

/** The maximum number of parts of a region. */
const MOST_PARTS = 16;

/** Parts of a single loop are multiples of this number of iterations: a cache line of elements. */
const LINE = 16;

/** Approximate cycles of one iteration: arithmetic on vectors, and half a cycle for each access. */
const cyclesOf = ({ body, loads, stores }: Region): number =>
  body.reduce((sum, a) => sum + costOf(a), 0) / LANES + (loads.length + stores.length) / 2;

/** Iterations `first` to `first + count` of one loop. */
const part = (region: Region, loop: number, first: number, count: number): Region => {
  const moved = <A extends Pick<Access, 'offset' | 'strides'>>(access: A): A => ({
    ...access,
    offset: access.offset + first * access.strides[loop]!,
  });
  const hasIndex = region.body.some(({ op }) => op === 'index');
  return {
    ...region,
    extents: region.extents.map((extent, i) => (i === loop ? count : extent)),
    loads: region.loads.map(moved),
    stores: region.stores.map(moved),
    body: hasIndex ? region.body.map((a) => (a.op === 'index' ? moved(a) : a)) : region.body,
  };
};

/** Approximate cycles of a region. */
export const regionCycles = (region: Region): number =>
  region.extents.reduce((product, extent) => product * extent, cyclesOf(region));

/** Splits a region along a loop that is not reduced: the outermost one with enough iterations, otherwise the longest. */
export const splitRegion = (region: Region, partCycles = PART_CYCLES): readonly Region[] => {
  const shape = region.extents.slice(0, region.extents.length - region.reduced);
  const parts = Math.min(MOST_PARTS, Math.ceil(regionCycles(region) / partCycles));
  const longest = Math.max(...shape);
  if (parts <= 1 || shape.length === 0 || longest <= 1) return [region];
  const enough = shape.findIndex((extent) => extent >= parts);
  const loop = enough < 0 ? shape.indexOf(longest) : enough;
  // equal parts share a function; those of the innermost loop hold whole vectors
  const unit = loop === region.extents.length - 1 && shape[loop]! >= parts * LINE ? LINE : 1;
  const units = Math.ceil(shape[loop]! / unit);
  const size = Math.ceil(units / ranges(units, parts).length) * unit;
  return Array.from({ length: Math.ceil(shape[loop]! / size) }, (_, i) =>
    part(region, loop, i * size, Math.min(size, shape[loop]! - i * size)),
  );
};
