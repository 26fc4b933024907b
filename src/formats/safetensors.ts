/**
 * The safetensors format: eight bytes of header length, a JSON header, then the numbers, without gaps.
 * https://huggingface.co/docs/safetensors. The decoder accepts a file only if all of it is sound.
 *
 * Files written here carry a checksum of themselves in their metadata, and are checked against it when read.
 */
import { attempt, fail, failure, type NoisefoldError, raise, showShape } from '../internal/errors.js';
import { E, F, type either } from '../internal/fp.js';
import { builtinOf } from '../internal/json.js';
import { crc32 } from './crc32.js';
import {
  byteLength,
  BYTES,
  type Entry,
  type Header,
  METADATA,
  MOST_EXTENTS,
  MOST_WORDS,
  readHeader,
  type StoredDType,
} from './safetensorsHeader.js';

/** The array that holds the numbers of each dtype; a bool is a byte, 0 or 1. */
interface Arrays {
  readonly F64: Float64Array;
  readonly I64: BigInt64Array;
  readonly F32: Float32Array;
  readonly I32: Int32Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
}

/** The numbers of a tensor in a file, dense and row-major. */
export type StoredTensor = {
  readonly [D in StoredDType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: Arrays[D];
  };
}[StoredDType];

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Words about the whole, fewer than 4,096; the name `crc32` is taken. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The longest header that other readers accept, in bytes. */
const LONGEST_HEADER = 100_000_000;
/** The beginning of a header that carries a checksum, in eight hexadecimal digits. */
const CHECKED = `{"${METADATA}":{"crc32":"`;
const DIGITS_AT = 8 + CHECKED.length;

/** The numbers of a tensor without elements, by dtype. */
const EMPTY: Arrays = {
  F64: new Float64Array(),
  I64: new BigInt64Array(),
  F32: new Float32Array(),
  I32: new Int32Array(),
  U8: new Uint8Array(),
  BOOL: new Uint8Array(),
};

/** A bool is 0 or 1. */
const isBool = (byte: number): boolean => byte <= 1;

// Encoding

/** The checksum of a file, with zeros in place of its digits. */
const checkOf = (bytes: Uint8Array): number =>
  [bytes.subarray(0, DIGITS_AT), new Uint8Array(8), bytes.subarray(DIGITS_AT + 8)].reduce(
    (check, part) => crc32(part, check),
    0,
  );

const hex = (check: number): string => check.toString(16).padStart(8, '0');

const refuse = (expected: string, actual: string): never =>
  raise('ConfigError', {
    where: 'encodeSafetensors',
    expected,
    actual,
    hint: 'give each tensor its own name, shape and dtype',
  });

/** Raises a `ConfigError` for a file that cannot be written, or not be read back. */
const checkWritable = ({ tensors, metadata }: TensorFile): void => {
  if ('crc32' in metadata) refuse('metadata by other names than crc32', 'crc32');
  const words = Object.entries(metadata);
  if (words.length >= MOST_WORDS) refuse(`fewer than ${MOST_WORDS} words of metadata`, `${words.length}`);
  for (const [name, word] of words)
    if (typeof word !== 'string') refuse(`metadata.${name} to be a string`, typeof word);
  if (tensors.has(METADATA)) refuse(`tensors by other names than ${METADATA}`, METADATA);
  for (const [name, { dtype, shape, data }] of tensors) {
    if (!Object.hasOwn(BYTES, dtype)) refuse(`${name} to have one of the dtypes ${Object.keys(BYTES)}`, dtype);
    const kind = builtinOf(EMPTY[dtype]);
    if (builtinOf(data) !== kind) refuse(`${name} to hold ${dtype} in a ${kind}`, builtinOf(data));
    if (shape.length > MOST_EXTENTS) refuse(`${name} to have at most ${MOST_EXTENTS} extents`, `${shape.length}`);
    if (data.byteLength !== byteLength(dtype, shape))
      refuse(`${name} to hold ${dtype} ${showShape(shape)}`, `${data.length} numbers`);
    if (dtype === 'BOOL' && !data.every(isBool))
      refuse(`${name} to hold bools, 0 or 1`, `${data.find((byte) => !isBool(byte))}`);
  }
};

/** The text of a header, with zeros for the checksum. */
const headerText = (placed: readonly (readonly [string, StoredTensor])[], metadata: TensorFile['metadata']): string => {
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
  for (const [name, { dtype, shape, data }] of placed) {
    const entry = { dtype, shape, data_offsets: [begin, begin + data.byteLength] };
    add(`,${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    begin += data.byteLength;
  }
  add('}');
  return parts.join('');
};

const write = (file: TensorFile): Uint8Array => {
  checkWritable(file);
  const placed = [...file.tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype]);
  const header = new TextEncoder().encode(headerText(placed, file.metadata));
  const start = 8 + Math.ceil(header.length / 8) * 8;
  if (start - 8 > LONGEST_HEADER) refuse(`a header of at most ${LONGEST_HEADER} bytes`, `${header.length}`);
  const bytes = new Uint8Array(placed.reduce((size, [, { data }]) => size + data.byteLength, start));
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start).set(header, 8);
  let at = start;
  for (const [, { data }] of placed) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  bytes.set(new TextEncoder().encode(hex(checkOf(bytes))), DIGITS_AT);
  return bytes;
};

/**
 * The bytes of a file, which {@link decodeSafetensors} reads back. The widest dtypes come first, so that all numbers
 * are aligned; headers are padded with spaces to a multiple of eight bytes. `ConfigError` for a shape that does not
 * fit its data, and for a file that does not fit in memory or in the bounds of the format.
 * @example
 * const w: StoredTensor = { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2) }
 * const bytes = encodeSafetensors({ tensors: new Map([['w', w]]), metadata: {} })
 * pipe(bytes, E.mapLeft(({ expected }) => expected)) // → E.left('w to hold F32 [3]')
 */
export const encodeSafetensors = (file: TensorFile): either.Either<NoisefoldError, Uint8Array> => {
  try {
    return attempt(() => write(file));
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    return fail('ConfigError', {
      where: 'encodeSafetensors',
      expected: 'tensors that fit in memory once more',
      actual: thrown.message,
      hint: 'write them to several files',
    });
  }
};

// Decoding

type Checked<A> = either.Either<NoisefoldError, A>;

const bad = (
  where: string,
  expected: string,
  actual: string,
  hint = 'the file is damaged: use a copy of it',
): Checked<never> => E.left(failure('DecodeError', { where, expected, actual, hint }));

/** Refuses bytes that do not begin as a safetensors file does. */
const foreign = (where: string, actual: string): Checked<never> =>
  bad(where, 'a safetensors file', actual, 'give one that was saved as safetensors');

const cutShort = (where: string, size: number, found: number): Checked<never> =>
  bad(where, `${size} bytes, as it says itself`, `${found}`, 'the file is cut short: copy or download it again');

/** Finds the byte at which the numbers of a file begin. */
const startOf = (where: string, bytes: Uint8Array): Checked<number> => {
  if (bytes.length < 8) return foreign(where, `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const start = 8 + Number(length);
  if (bytes[8] !== 0x7b || start === 8 || length > LONGEST_HEADER) return foreign(where, 'something else'); // '{'
  return start > bytes.length ? cutShort(where, start, bytes.length) : E.right(start);
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
    : bad(where, `${at} bytes of data, as the header says`, `${size - start}`);
};

/** The numbers of an entry: a view of the file if they are aligned, otherwise a copy. */
const tensorAt = (bytes: Uint8Array, { dtype, shape, begin, end }: Entry, start: number): StoredTensor => {
  if (begin === end) return { dtype, shape, data: EMPTY[dtype] } as StoredTensor; // of one dtype
  const at = bytes.byteOffset + start + begin;
  const isAligned = at % BYTES[dtype] === 0;
  // not `bytes.slice`: that of a Buffer of Node is a view
  const buffer = isAligned ? bytes.buffer : bytes.buffer.slice(at, at + end - begin);
  const offset = isAligned ? at : 0;
  const length = (end - begin) / BYTES[dtype];
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer, offset, length) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer, offset, length) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer, offset, length) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer, offset, length) };
    case 'U8':
    case 'BOOL':
      return { dtype, shape, data: new Uint8Array(buffer, offset, length) };
  }
};

/** Checks the checksum of a file that carries one, and gives the metadata without it. */
const verified = (where: string, bytes: Uint8Array, metadata: Header['metadata']): Checked<TensorFile['metadata']> => {
  const prefix = new TextEncoder().encode(CHECKED);
  if (!prefix.every((byte, i) => byte === bytes[8 + i])) return E.right(metadata);
  const { crc32: claimed = '', ...others } = metadata;
  const found = hex(checkOf(bytes));
  return claimed === found ? E.right(others) : bad(where, `bytes with the checksum ${claimed}`, found);
};

const boolsOf = (where: string, tensors: ReadonlyMap<string, StoredTensor>): Checked<void> => {
  for (const [name, { dtype, data }] of tensors)
    if (dtype === 'BOOL' && !data.every(isBool))
      return bad(`${where}: ${name}`, 'bytes of 0 or 1', `${data.find((byte) => !isBool(byte))}`);
  return E.right(undefined);
};

/**
 * Reads the bytes of a file; `where` names it in messages. The arrays are views of `bytes` if they are aligned.
 * `DecodeError` at the first place that is not as it should be: truncated, foreign, overlapping, with gaps, with a name
 * twice, with a shape of more than 64 extents or of more numbers than can be counted.
 * @example
 * const w: StoredTensor = { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }
 * const bytes = encodeSafetensors({ tensors: new Map([['w', w]]), metadata: { author: 'me' } })
 * const file = pipe(bytes, E.flatMap(decodeSafetensors('memory')))
 * pipe(file, E.map(({ metadata }) => metadata)) // → E.right({ author: 'me' })
 * pipe(file, E.map(({ tensors }) => tensors.get('w'))) // → E.right(w)
 */
export const decodeSafetensors =
  (where: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, TensorFile> =>
    F.pipe(
      E.Do,
      E.bind('start', () => startOf(where, bytes)),
      E.bind('header', ({ start }) => readHeader(where, bytes.subarray(8, start))),
      E.tap(({ header, start }) => covered(where, header.tensors, start, bytes.length)),
      E.bind('metadata', ({ header }) => verified(where, bytes, header.metadata)),
      E.map(({ header, start, metadata }) => {
        const tensors = new Map<string, StoredTensor>();
        for (const [name, entry] of header.tensors) tensors.set(name, tensorAt(bytes, entry, start));
        return { tensors, metadata };
      }),
      E.tap(({ tensors }) => boolsOf(where, tensors)),
    );
