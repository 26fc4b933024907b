import type { Naming } from './table.js';

/** A configuration translated from another project, with the names of its weights there. */
export interface Translated<C> {
  readonly config: C;
  readonly names: Naming;
}
