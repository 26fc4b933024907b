/** The dtypes of tensors. A `key` is a random key. */
export type DType = 'float32' | 'int32' | 'bool' | 'key';

/** The arrays on the host that have a dtype; bools are bytes. */
export type ArrayOf<D extends DType> = D extends 'int32'
  ? Int32Array
  : D extends 'bool'
    ? Uint8Array
    : Float32Array | Float64Array;

/** The default dtype of an array: int32 for `Int32Array`, bool for `Uint8Array`, otherwise float32. */
export type DTypeOfArray<A> = A extends Int32Array ? 'int32' : A extends Uint8Array ? 'bool' : 'float32';

export const dtypeOfArray = <A>(data: A): DTypeOfArray<A> =>
  // the conditional type, at run time
  (data instanceof Int32Array ? 'int32' : data instanceof Uint8Array ? 'bool' : 'float32') as DTypeOfArray<A>;
