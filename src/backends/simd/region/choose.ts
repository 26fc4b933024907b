/** Which schedule a nest gets: by its extents and strides alone. */
import { i32 } from '../assembler.js';
import type { Local } from '../assembler.js';
import { isFlat, type Nest } from './nest.js';
import {
  type FlatExtent,
  type Schedule,
  scheduled,
  stepping,
  vectorized,
  vectorizedFlat,
} from './schedule.js';

/** The extent of a flat nest, as the last argument of its code. */
export const FLAT_EXTENT: Local<'i32'> = i32.local('extent');

const flatExtent: FlatExtent = {
  over: (size) => i32.shr_u(FLAT_EXTENT, Math.log2(size)),
  within: (size, part) => i32.shr_u(i32.and(FLAT_EXTENT, size - 1), Math.log2(part)),
};

export const scheduleOf = (nest: Nest): Schedule => {
  if (nest.loops.length === 0) return scheduled(-1, [], []);
  if (isFlat(nest)) return scheduled(0, [vectorizedFlat(flatExtent, 2)], []);
  const vector = nest.loops.length - 1;
  const level = (loop: number) =>
    loop === vector
      ? vectorized(loop, nest.loops[loop]!.extent, 4)
      : stepping(loop, nest.loops[loop]!.extent);
  const loops = nest.loops.map((_, loop) => loop);
  return scheduled(
    vector,
    loops.filter((loop) => !nest.loops[loop]!.reduced).map(level),
    loops.filter((loop) => nest.loops[loop]!.reduced).map(level),
  );
};
