/** All programs. */
import { batches } from './batches.js';
import type { Program } from './program.js';

export const programs: readonly Program[] = [...batches];
