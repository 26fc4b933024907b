/**
 * The header of a safetensors file: its tensors by name, and its metadata. https://huggingface.co/docs/safetensors. The
 * reader stops at the first error, and stores nothing but its result.
 */
import { attempt, type NoisefoldError, raise, showShape } from '../../internal/errors.js';
import { show } from '../../internal/decode.js';
import type { either } from '../../internal/fp.js';
import { jsonReader } from '../../internal/json/jsonReader.js';

/** The array that holds the numbers of each dtype: float16 and bfloat16 as their bits, a bool as a byte, 0 or 1. */
export const ARRAYS = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U64: BigUint64Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

export type StoredDType = keyof typeof ARRAYS;

/** The bytes of an element. */
export const elementBytes = (dtype: StoredDType): number => ARRAYS[dtype].BYTES_PER_ELEMENT;

/** A tensor of a file: its bytes go from `begin` to `end`, counted from the end of the header. */
export interface Entry {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly tensors: ReadonlyMap<string, Entry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The one name in a header that is not the name of a tensor. */
export const METADATA = '__metadata__';

/** The maximum number of extents of a tensor, as in NumPy. */
export const MOST_EXTENTS = 64;

/** The maximum number of tensors of a file: each takes up to 1 kB, however short its text is. */
export const MOST_TENSORS = 2 ** 16;

/** The maximum number of words of the metadata. */
export const MOST_WORDS = 4096;

const isDType = (text: string): text is StoredDType => Object.hasOwn(ARRAYS, text);

/**
 * The bytes of a tensor. Null if its shape is invalid: an extent that is not a natural number, more extents than
 * {@link MOST_EXTENTS}, or nonzero extents whose product is not a safe integer.
 */
export const byteLength = (dtype: StoredDType, shape: readonly number[]): number | null => {
  const product = shape.reduce((size, extent) => size * (extent === 0 ? 1 : extent), elementBytes(dtype));
  const isValid =
    shape.length <= MOST_EXTENTS &&
    shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) &&
    Number.isSafeInteger(product);
  if (!isValid) return null;
  return shape.includes(0) ? 0 : product;
};

const DTYPES = Object.keys(ARRAYS)
  .map((name) => `"${name}"`)
  .join(' | ');
const FIELDS = 'dtype, shape, data_offsets';

const DAMAGED = 'the file is damaged: use a copy of it';
const CONVERT = 'convert the tensor, as by tensor.float() of PyTorch, and save it again';

/**
 * Reads the JSON text of a header; `where` names the file in messages. Every entry of the result has the number of
 * bytes that its shape needs. Raises `DecodeError`.
 */
export const readHeader = (where: string, bytes: Uint8Array): either.Either<NoisefoldError, Header> => {
  const json = jsonReader(bytes, ({ path, expected, actual }) =>
    raise('DecodeError', {
      where: path === '' ? `${where}, header` : `${where}: ${path}`,
      expected: path === '' ? `JSON: ${expected}` : expected,
      actual,
      hint: expected === DTYPES ? CONVERT : DAMAGED,
    }),
  );

  const once = (first: unknown): void => {
    if (first !== undefined) json.refuse('one value of this name', 'a second one');
  };

  const readDType = (): StoredDType => {
    const text = json.string(DTYPES);
    return isDType(text) ? text : json.refuse(DTYPES, show(text));
  };

  const naturals: number[] = Array.from({ length: MOST_EXTENTS }, () => 0);

  const readNaturals = (expected: string, most: number): readonly number[] => {
    let count = 0;
    json.array(expected, (i) => {
      if (i === most) json.refuse(expected, 'one more');
      naturals[i] = json.natural();
      count = i + 1;
    });
    return naturals.slice(0, count);
  };

  const readEntry = (name: string): Entry => {
    const read: { dtype?: StoredDType; shape?: readonly number[]; offsets?: readonly number[] } = {};
    json.object(`{ ${FIELDS} }`, (field) => {
      if (field === 'dtype') {
        once(read.dtype);
        read.dtype = readDType();
      } else if (field === 'shape') {
        once(read.shape);
        read.shape = readNaturals(`a shape of at most ${MOST_EXTENTS} extents`, MOST_EXTENTS);
      } else if (field === 'data_offsets') {
        once(read.offsets);
        read.offsets = readNaturals('[begin, end]', 2);
      } else json.refuse(`no fields but ${FIELDS}`, 'another one');
    });
    const { dtype, shape, offsets: [begin, end] = [] } = read;
    if (dtype === undefined) return json.refuse('a field dtype', 'none');
    if (shape === undefined) return json.refuse('a field shape', 'none');
    if (begin === undefined || end === undefined) return json.refuse('a field data_offsets of [begin, end]', 'none');
    const size = byteLength(dtype, shape);
    if (size === null) return json.refuse('extents whose product is a safe integer', showShape(shape));
    if (end - begin !== size) return json.refuse(`${size} bytes for ${dtype} ${showShape(shape)}`, `${end - begin}`);
    return { name, dtype, shape, begin, end };
  };

  const readMetadata = (): Readonly<Record<string, string>> => {
    const words = new Map<string, string>();
    json.object('an object of strings', (name) => {
      once(words.get(name));
      if (words.size === MOST_WORDS) json.refuse(`at most ${MOST_WORDS} words`, 'more');
      words.set(name, json.string('a string'));
    });
    return Object.fromEntries(words);
  };

  return attempt(() => {
    const tensors = new Map<string, Entry>();
    let metadata: Readonly<Record<string, string>> | undefined;
    json.object('tensors by name', (name) => {
      if (name === METADATA) {
        once(metadata);
        metadata = readMetadata();
      } else {
        once(tensors.get(name));
        if (tensors.size === MOST_TENSORS) json.refuse(`at most ${MOST_TENSORS} tensors`, 'more');
        tensors.set(name, readEntry(name));
      }
    });
    json.end();
    return { tensors, metadata: metadata ?? {} };
  });
};
