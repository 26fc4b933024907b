/** All programs. */
import { axes } from './axes.js';
import { batches } from './batches.js';
import { einsums, rearrangements } from './einsum.js';
import { halves, literals } from './extents.js';
import type { Program } from './program.js';

export const programs: readonly Program[] = [
  ...batches,
  ...axes,
  ...halves,
  ...literals,
  ...einsums,
  ...rearrangements,
];
