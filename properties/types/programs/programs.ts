/** All programs. */
import { axes } from './axes.js';
import { batches } from './batches.js';
import { compilation } from './compilation.js';
import { convolutions } from './convolutions.js';
import { diffusion } from './diffusion.js';
import { dtypes } from './dtypes.js';
import { conditions, effects } from './effects.js';
import { einsums, rearrangements } from './einsum.js';
import { halves, literals } from './extents.js';
import { loops } from './loops.js';
import { models } from './models.js';
import { options } from './options.js';
import type { Program } from './program.js';
import { transforms } from './transforms.js';
import { unions, wide } from './unsound.js';
import { functions, values } from './unsoundValues.js';

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
  ...conditions,
  ...effects,
  ...dtypes,
  ...transforms,
  ...diffusion,
  ...models,
  ...loops,
  ...unions,
  ...wide,
  ...functions,
  ...values,
];
