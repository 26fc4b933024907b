/** The storage of float32 tensors on a backend. */
import { refuseValue } from '../../internal/decode.js';
import { F, t } from '../../internal/fp.js';
import { suggestion } from '../../internal/suggest.js';

/**
 * The storage of a float32 tensor: its numbers as float32, or rounded to 16 bits. A program computes with float32 in each
 * case. float16 has 11 bits of precision, and numbers up to 65504; bfloat16 has 8 bits, and numbers as large as
 * those of float32.
 */
export type FloatStorage = 'float32' | 'float16' | 'bfloat16';

/** A storage of 16 bits. */
export type HalfStorage = Exclude<FloatStorage, 'float32'>;

const STORAGES: readonly FloatStorage[] = ['float32', 'float16', 'bfloat16'];
const isStorage = (x: unknown): x is FloatStorage => STORAGES.some((storage) => storage === x);

/** Names of the same storages in other libraries. */
const SYNONYMS: Readonly<Record<string, FloatStorage>> = {
  half: 'float16', fp16: 'float16', f16: 'float16', bf16: 'bfloat16', fp32: 'float32', f32: 'float32',
}; // oxfmt-ignore

/** The codec of a storage. For a name of another library, or a misspelt one, the error suggests a storage. */
export const floatStorage: t.Type<FloatStorage> = new t.Type<FloatStorage>(
  "'float32', 'float16' or 'bfloat16'",
  isStorage,
  (x, context) =>
    isStorage(x)
      ? t.success(x)
      : refuseValue(x, context, {
          expected: "'float32', 'float16' or 'bfloat16'",
          hint: "'float16' halves the memory of weights",
          meant: typeof x === 'string' ? (SYNONYMS[x] ?? suggestion(x, STORAGES)) : undefined,
        }),
  F.identity,
);

/** The number of words of 32 bits that hold some numbers of 16 bits. */
export const wordsFor = (elements: number): number => Math.ceil(elements / 2);
