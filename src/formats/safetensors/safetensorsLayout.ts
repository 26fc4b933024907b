/** The layout of safetensors files and its checks, for readers and writers of files in memory and on disk. */
import { fail, type NoisefoldError, raise, showShape } from '../../internal/errors.js';
import { E, F, type either } from '../../internal/fp.js';
import { show } from '../../internal/decode.js';
import { builtinOf } from '../../internal/json/json.js';
import { crc32, hexOf } from '../bytes/crc32.js';
import {
  ARRAYS,
  byteLength,
  elementBytes,
  type Header,
  METADATA,
  MOST_EXTENTS,
  MOST_TENSORS,
  MOST_WORDS,
  readHeader,
  type StoredDType,
} from './safetensorsHeader.js';
import { cutShortError } from '../bytes/source.js';

/** The numbers of a tensor in a file, dense and row-major. Those of F16 and BF16 are bits. */
export type StoredTensor = {
  readonly [D in StoredDType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: (typeof ARRAYS)[D]['prototype'];
  };
}[StoredDType];

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The metadata, fewer than 4,096 entries; the name `crc32` is reserved. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The longest header that other readers accept, in bytes. */
const LONGEST_HEADER = 100_000_000;
/** The name of the checksum in the metadata. */
const CHECKSUM = 'crc32';
/** The beginning of a header with a checksum. Its eight hexadecimal digits follow. */
const CHECKED = `{"${METADATA}":{"${CHECKSUM}":"`;
/** The place of the digits in a file. */
export const DIGITS_AT = 8 + CHECKED.length;

/** A tensor of numbers in a buffer, at a position that is a multiple of their size. */
export const tensorOver = (
  { dtype, shape }: Pick<StoredTensor, 'dtype' | 'shape'>,
  buffer: ArrayBufferLike,
  at: number,
  bytes: number,
): StoredTensor =>
  // the array is that of the dtype
  ({ dtype, shape, data: new ARRAYS[dtype](buffer as ArrayBuffer, at, bytes / elementBytes(dtype)) }) as StoredTensor;

/** The bytes of an array. */
export const bytesOf = ({ buffer, byteOffset, byteLength: length }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);

/**
 * The exponent bits of floating-point numbers: all are 1 in NaN and infinities. The exponent of an F64 is in every
 * second word.
 */
const EXPONENTS = { F64: 0x7ff00000, F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 } as const;

const positionOfNonFinite = (
  words: Uint32Array | Uint16Array,
  exponent: number,
  first: number,
  step: number,
): number => {
  // adding the lowest bit of an exponent whose bits are all 1 carries into the bit above it; most files have no such
  // exponent
  const lowest = exponent & -exponent;
  let sums = 0;
  for (let i = first; i < words.length; i += step) sums |= (words[i]! & exponent) + lowest;
  if ((sums & (exponent + lowest)) === 0) return -1;
  for (let i = first; i < words.length; i += step) if ((words[i]! & exponent) === exponent) return Math.floor(i / step);
  return -1;
};

/** The position of the first invalid number of a tensor, or -1: see {@link oddNumber}. */
const positionOfOdd = ({ dtype, data }: Omit<StoredTensor, 'shape'>, finite: boolean): number => {
  if (dtype === 'BOOL') return data.findIndex((byte) => byte > 1);
  if (!finite || !(dtype in EXPONENTS)) return -1;
  const exponent = EXPONENTS[dtype as keyof typeof EXPONENTS];
  if (data instanceof Uint16Array) return positionOfNonFinite(data, exponent, 0, 1);
  const words = new Uint32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  return dtype === 'F64' ? positionOfNonFinite(words, exponent, 1, 2) : positionOfNonFinite(words, exponent, 0, 1);
};

/**
 * Describes the first number that is invalid in a file: a bool that is neither 0 nor 1, or, if all numbers must be
 * finite, NaN or infinity. Null if all are valid.
 *
 * @param from - the position of the first of these numbers in its tensor
 */
export const oddNumber = (
  tensor: Omit<StoredTensor, 'shape'>,
  finite: boolean,
  from = 0,
): { readonly expected: string; readonly actual: string } | null => {
  const at = positionOfOdd(tensor, finite);
  if (at === -1) return null;
  const { dtype, data } = tensor;
  if (dtype === 'BOOL') return { expected: 'bytes of 0 or 1', actual: `${data[at]}` };
  const actual = data instanceof Uint16Array ? 'NaN or an infinity' : `${data[at]}`;
  return { expected: 'finite numbers', actual: `${actual} at position ${from + at}` };
};

/** A hint for numbers that are not finite. */
export const RUINED = 'use an earlier checkpoint: the training that wrote this one failed';

// Writing

const WRITER = 'encodeSafetensors';

const refuse = (
  expected: string,
  actual: string,
  hint = 'give each tensor its own name, shape and dtype',
  where = WRITER,
): never => raise('ConfigError', { where, expected, actual, hint });

/** Raises a `ConfigError` for a tensor in memory whose data do not match its dtype and its shape. */
export const checkData = (name: string, { dtype, shape, data }: StoredTensor, where = WRITER): void => {
  const demand = (holds: boolean, expected: string, actual: string) =>
    holds || refuse(`${name} to ${expected}`, actual, undefined, where);
  demand(Object.hasOwn(ARRAYS, dtype), `have one of the dtypes ${Object.keys(ARRAYS)}`, dtype);
  const kind = ARRAYS[dtype].name;
  demand(builtinOf(data) === kind, `hold ${dtype} in a ${kind}`, builtinOf(data));
  demand(shape.length <= MOST_EXTENTS, `have at most ${MOST_EXTENTS} extents`, `${shape.length}`);
  demand(data.byteLength === byteLength(dtype, shape), `hold ${dtype} ${showShape(shape)}`, `${data.length} numbers`);
};

/** Raises a `ConfigError` for a file that cannot be written or read back. Does not check bools. */
const checkWritable = ({ tensors, metadata }: TensorFile): void => {
  if ('crc32' in metadata) refuse('metadata without the name crc32', 'crc32');
  const words = Object.entries(metadata);
  if (words.length >= MOST_WORDS) refuse(`fewer than ${MOST_WORDS} words of metadata`, `${words.length}`);
  for (const [name, word] of words)
    if (typeof word !== 'string') refuse(`metadata.${name} to be a string`, typeof word);
  if (tensors.size > MOST_TENSORS) refuse(`at most ${MOST_TENSORS} tensors`, `${tensors.size}`);
  if (tensors.has(METADATA)) refuse(`tensors without the name ${METADATA}`, METADATA);
  for (const [name, tensor] of tensors) checkData(name, tensor);
};

/**
 * Raises a `ConfigError` for a bool that is neither 0 nor 1, and, if all numbers must be finite, for NaN and infinity.
 */
export const checkNumbers = (name: string, numbers: Omit<StoredTensor, 'shape'>, finite: boolean, from = 0): void => {
  const odd = oddNumber(numbers, finite, from);
  if (odd === null) return;
  if (numbers.dtype === 'BOOL') refuse(`${name} to hold bools, 0 or 1`, odd.actual);
  refuse(`${name} to hold ${odd.expected}`, odd.actual, RUINED);
};

/** The text of a header, with zeros for the checksum. */
const headerText = (
  tensors: readonly (readonly [string, StoredTensor])[],
  metadata: TensorFile['metadata'],
): string => {
  const parts = [`${CHECKED}00000000"`];
  let length = 0;
  const add = (part: string): void => {
    length += part.length;
    if (length > LONGEST_HEADER) refuse(`a header of at most ${LONGEST_HEADER} bytes`, 'a longer one');
    parts.push(part);
  };
  for (const [name, word] of Object.entries(metadata)) add(`,${JSON.stringify(name)}:${JSON.stringify(word)}`);
  add('}');
  let begin = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const entry = { dtype, shape, data_offsets: [begin, begin + data.byteLength] };
    add(`,${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    begin += data.byteLength;
  }
  add('}');
  return parts.join('');
};

/** A file to be written: its beginning, with zeros for the digits of the checksum, then the tensors in this order. */
export interface Layout {
  readonly head: Uint8Array<ArrayBuffer>;
  readonly tensors: readonly (readonly [name: string, StoredTensor])[];
}

/**
 * Computes the layout of a file, with the widest dtypes first, so that all numbers are aligned. Raises `ConfigError`.
 */
export const layoutOf = (file: TensorFile): Layout => {
  checkWritable(file);
  const tensors = [...file.tensors].sort(([, a], [, b]) => elementBytes(b.dtype) - elementBytes(a.dtype));
  const header = new TextEncoder().encode(headerText(tensors, file.metadata));
  const start = 8 + Math.ceil(header.length / 8) * 8;
  if (start - 8 > LONGEST_HEADER) refuse(`a header of at most ${LONGEST_HEADER} bytes`, `${header.length}`);
  const head = new Uint8Array(start).fill(0x20, 8); // spaces
  new DataView(head.buffer).setBigUint64(0, BigInt(start - 8), true);
  head.set(header, 8);
  // the checksum is computed with zero bytes in place of its digits, not with the digit 0
  head.fill(0, DIGITS_AT, DIGITS_AT + 8);
  return { head, tensors };
};

/** The digits of a checksum, as bytes. */
export const digitsOf = (check: number): Uint8Array<ArrayBuffer> => new TextEncoder().encode(hexOf(check));

// Reading

export type Checked<A> = either.Either<NoisefoldError, A>;

const bad = (
  where: string,
  expected: string,
  actual: string,
  hint = 'the file is damaged: use a copy of it',
): Checked<never> => fail('DecodeError', { where, expected, actual, hint });

/** Refuses bytes that do not begin like a safetensors file. */
const foreign = (where: string, actual: string): Checked<never> =>
  bad(where, 'a safetensors file', actual, 'give one that was saved as safetensors');

/** Refuses a web page, because servers answer an unknown address with one. */
const webPage = (where: string): Checked<never> =>
  bad(
    where,
    'a safetensors file',
    'a web page, which begins with <',
    'check the address, and that the server has the file',
  );

/** Refuses a file that ends too early. */
const cutShort = (where: string, size: number, actual: number): Checked<never> =>
  E.left(cutShortError(where, size, actual));

/** The maximum number of bytes that {@link startOf} needs. */
export const FIRST_BYTES = 9;

/** Finds the byte at which the numbers of a file begin, from its first bytes. */
export const startOf = (where: string, first: Uint8Array, size: number): Checked<number> => {
  if (size < 8) return foreign(where, `${size} bytes`);
  const length = new DataView(first.buffer, first.byteOffset, 8).getBigUint64(0, true);
  const start = 8 + Number(length);
  if (first[8] !== 0x7b && first[0] === 0x3c) return webPage(where); // '{', '<'
  if (first[8] !== 0x7b || start === 8) return foreign(where, 'other bytes');
  if (length > LONGEST_HEADER)
    return bad(
      where,
      `a safetensors file, whose header has at most ${LONGEST_HEADER} bytes`,
      `${length} as its length`,
      'the file is damaged or of another format: use a copy of it',
    );
  return start > size ? cutShort(where, start, size) : E.right(start);
};

/** Checks that each byte of the data belongs to one tensor. */
const covered = (where: string, tensors: Header['tensors'], start: number, size: number): Checked<void> => {
  const ordered = [...tensors.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let at = 0;
  for (const { name, begin, end } of ordered) {
    if (begin !== at)
      return bad(`${where}: ${name}`, `data from byte ${at}, where the tensor before it ends`, `from byte ${begin}`);
    at = end;
  }
  if (start + at > size) return cutShort(where, start + at, size);
  return start + at === size
    ? E.right(undefined)
    : bad(where, `${at} bytes of data (from the header)`, `${size - start}`);
};

/** The beginning of a file that was read, up to its numbers. */
export interface Head extends Header {
  readonly start: number;
  /** The checksum that a file carries, and the checksum of the beginning, with zeros in place of its digits. */
  readonly checked?: { readonly claimed: string; readonly before: number };
}

/** The beginning of a header whose first word may be a checksum: its name. */
const FIRST_NAME = /^\{"__metadata__":\{"(.{5})":"[\da-f]{8}"/s;

/** Tests if a name is that of a checksum with one wrong character. */
const isAlmost = (name: string): boolean => [...CHECKSUM].filter((letter, i) => letter !== name[i]).length === 1;

/**
 * Reads the beginning of a file of a given size, up to its numbers. Refuses a checksum whose name has a wrong byte: the file
 * would count as one without a checksum.
 */
export const readHead = (where: string, head: Uint8Array, size: number): Checked<Head> =>
  F.pipe(
    readHeader(where, head.subarray(8)),
    E.tap(({ tensors }) => covered(where, tensors, head.length, size)),
    E.flatMap(({ tensors, metadata }): Checked<Head> => {
      const { crc32: claimed = '', ...others } = metadata;
      const text = String.fromCharCode(...head.subarray(8, DIGITS_AT + 9)); // with the digits and a quotation mark
      if (!text.startsWith(CHECKED)) {
        const name = FIRST_NAME.exec(text)?.[1] ?? '';
        return isAlmost(name)
          ? bad(where, `${CHECKSUM}, the name of a checksum`, show(name))
          : E.right({ tensors, metadata, start: head.length });
      }
      const parts = [head.subarray(0, DIGITS_AT), new Uint8Array(8), head.subarray(DIGITS_AT + 8)];
      const before = parts.reduce((check, part) => crc32(part, check), 0);
      return E.right({ tensors, metadata: others, start: head.length, checked: { claimed, before } });
    }),
  );

/** Compares the checksum that a file claims to have with that of its bytes. */
export const verified = (where: string, claimed: string, check: number): Checked<void> =>
  claimed === hexOf(check) ? E.right(undefined) : bad(where, `CRC-32 ${claimed}`, hexOf(check));

/** Requirements on the numbers of a file. */
export interface Demands {
  /** Refuses NaN and infinities. */
  readonly finite: boolean;
  /** The hint for NaN and infinities; by default the hint for a checkpoint. */
  readonly hint?: string;
}

/** Refuses invalid numbers of a tensor: see {@link oddNumber}. */
export const soundNumbers = (
  where: string,
  name: string,
  numbers: Omit<StoredTensor, 'shape'>,
  { finite, hint = RUINED }: Demands,
  from = 0,
): Checked<void> => {
  const odd = oddNumber(numbers, finite, from);
  if (odd === null) return E.right(undefined);
  return numbers.dtype === 'BOOL'
    ? bad(`${where}: ${name}`, odd.expected, odd.actual)
    : bad(`${where}: ${name}`, odd.expected, odd.actual, hint);
};
