/** The dtype that numbers on the host stand for, where nothing else is said. */

/** int32 of an `Int32Array`, bool of a `Uint8Array`, else float32. */
export type DTypeOfArray<A> = A extends Int32Array ? 'int32' : A extends Uint8Array ? 'bool' : 'float32';

export const dtypeOfArray = <A>(data: A): DTypeOfArray<A> =>
  // the conditional type, at run time
  (data instanceof Int32Array ? 'int32' : data instanceof Uint8Array ? 'bool' : 'float32') as DTypeOfArray<A>;
