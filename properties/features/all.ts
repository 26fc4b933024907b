import { arrays } from './arrays.js';
import { elementwise } from './elementwise.js';
import type { Feature } from './feature.js';
import { networks } from './networks.js';

/** The operations of the DSL, in the order of `FEATURES.md`. */
export const features: readonly Feature[] = [...elementwise, ...arrays, ...networks];
