/** The dtype that numbers on the host stand for, where nothing else is said. */

import type { DType } from './node.js';

/** int32 of an `Int32Array`, bool of a `Uint8Array`, else float32. */
export type DTypeOfArray<A> = A extends Int32Array ? 'int32' : A extends Uint8Array ? 'bool' : 'float32';

/** The arrays that numbers of a dtype come in. */
export type ArrayOf<D extends DType> = D extends 'int32'
  ? Int32Array
  : D extends 'bool'
    ? Uint8Array
    : D extends 'float32'
      ? Float32Array | Float64Array
      : never;

export const dtypeOfArray = <A>(data: A): DTypeOfArray<A> =>
  // the conditional type, at run time
  (data instanceof Int32Array ? 'int32' : data instanceof Uint8Array ? 'bool' : 'float32') as DTypeOfArray<A>;
