/** Dtypes of arrays on the host. */
import type { DType } from './node.js';

/** The default dtype of an array: int32 for `Int32Array`, bool for `Uint8Array`, otherwise float32. */
export type DTypeOfArray<A> = A extends Int32Array ? 'int32' : A extends Uint8Array ? 'bool' : 'float32';

/** The array types of a dtype. */
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
