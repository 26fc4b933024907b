/** All programs. */
import { axes } from './axes.js';
import { batches } from './batches.js';
import { compilation } from './compilation.js';
import { convolutions } from './convolutions.js';
import { einsums, rearrangements } from './einsum.js';
import { halves, literals } from './extents.js';
import { options } from './options.js';
import type { Program } from './program.js';

export const programs: readonly Program[] = [
  ...batches,
  ...axes,
  ...halves,
  ...literals,
  ...einsums,
  ...rearrangements,
  ...options,
  ...convolutions,
  ...compilation,
];
