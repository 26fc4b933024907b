/** The dtypes of tensors. A `key` is a random key. */
export type DType = 'float32' | 'int32' | 'bool' | 'key';
