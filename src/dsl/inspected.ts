import { showShape } from './errors.js';

/** The key of the method that `console.log` of Node calls for an object. */
export const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/** Something with a shape and a dtype. */
interface Shaped {
  readonly shape: readonly number[];
  readonly dtype: string;
}

/** Formats a tensor or a value for `console.log`: `Tensor float32 [2, 2] (…)`. */
export const inspected = (kind: string, { shape, dtype }: Shaped, note: string): string =>
  `${kind} ${dtype} ${showShape(shape)} (${note})`;
