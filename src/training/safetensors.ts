/**
 * The safetensors format: eight bytes of header length, a JSON header, then the numbers, without gaps.
 * https://huggingface.co/docs/safetensors. A decoder trusts nothing: what it accepts is sound.
 *
 * Files written here carry a checksum of themselves in their metadata, and are held to it when read.
 */
import { failure, showShape, type NoisefoldError } from '../dsl/errors.js';
import { decode, exactly, exactTuple, natural } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';
import { crc32 } from './crc32.js';

/** The array that holds the numbers of each dtype; a bool is a byte, 0 or 1. */
interface Arrays {
  readonly F64: Float64Array;
  readonly I64: BigInt64Array;
  readonly F32: Float32Array;
  readonly I32: Int32Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
}
export type StoredDType = keyof Arrays;

/** Numbers as a file holds them, dense and row-major. */
export type StoredTensor = {
  readonly [D in StoredDType]: {
    readonly dtype: D;
    readonly shape: readonly number[];
    readonly data: Arrays[D];
  };
}[StoredDType];

export interface TensorFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Words about the whole; the name `crc32` is taken. */
  readonly metadata: Readonly<Record<string, string>>;
}

const BYTES: Readonly<Record<StoredDType, number>> = { F64: 8, I64: 8, F32: 4, I32: 4, U8: 1, BOOL: 1 };
/** What other readers accept at most. */
const LONGEST_HEADER = 100_000_000;
const METADATA = '__metadata__';
/** How a header begins that carries a checksum, in eight hexadecimal digits. */
const CHECKED = `{"${METADATA}":{"crc32":"`;
const DIGITS_AT = 8 + CHECKED.length;

const Span = exactTuple([natural, natural], '[begin, end]');
const Entry = exactly({
  dtype: t.keyof({ F64: null, I64: null, F32: null, I32: null, U8: null, BOOL: null }),
  shape: t.readonlyArray(natural, 'a shape'),
  data_offsets: Span,
});
type Entry = t.TypeOf<typeof Entry>;
const Metadata = t.record(t.string, t.string, 'strings by name');
const Entries = t.record(t.string, Entry, 'tensors by name');

const byteLength = (dtype: StoredDType, shape: readonly number[]): number =>
  shape.reduce((product, d) => product * d, BYTES[dtype]);

/** A bool is 0 or 1. */
const isBool = (byte: number): boolean => byte <= 1;

// Encoding

/** The check of the whole file with zeros in place of the digits. */
const checkOf = (bytes: Uint8Array): number =>
  [bytes.subarray(0, DIGITS_AT), new Uint8Array(8), bytes.subarray(DIGITS_AT + 8)].reduce(
    (check, part) => crc32(part, check),
    0,
  );

const hex = (check: number): string => check.toString(16).padStart(8, '0');

/** What makes a file impossible to write, or null. */
const objection = ({ tensors, metadata }: TensorFile): { expected: string; actual: string } | null => {
  if ('crc32' in metadata) return { expected: 'metadata by other names than crc32', actual: 'crc32' };
  if (tensors.has(METADATA)) return { expected: `tensors by other names than ${METADATA}`, actual: METADATA };
  for (const [name, { dtype, shape, data }] of tensors) {
    if (data.byteLength !== byteLength(dtype, shape) || !shape.every(natural.is))
      return { expected: `${name} to hold ${dtype} ${showShape(shape)}`, actual: `${data.length} numbers` };
    if (dtype === 'BOOL' && !data.every(isBool))
      return { expected: `${name} to hold bools, 0 or 1`, actual: `${data.find((byte) => !isBool(byte))}` };
  }
  return null;
};

/**
 * The bytes of a file. The widest dtypes come first, so that all numbers are aligned; headers are padded
 * with spaces to a multiple of eight bytes. `ConfigError` for a shape that does not fit its data.
 *
 * @example
 * const w: StoredTensor = { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2) }
 * const bytes = encodeSafetensors({ tensors: new Map([['w', w]]), metadata: {} })
 * pipe(bytes, E.mapLeft(({ expected }) => expected)) // → E.left('w to hold F32 [3]')
 */
export const encodeSafetensors = (file: TensorFile): either.Either<NoisefoldError, Uint8Array> => {
  const wrong = objection(file);
  if (wrong !== null)
    return E.left(
      failure('ConfigError', {
        where: 'encodeSafetensors',
        ...wrong,
        hint: 'give each tensor its own name, shape and dtype',
      }),
    );
  const placed = [...file.tensors].sort(([, a], [, b]) => BYTES[b.dtype] - BYTES[a.dtype]);
  let end = 0;
  const entries = placed.map(([name, { dtype, shape, data }]) => {
    const begin = end;
    end += data.byteLength;
    return `,${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`;
  });
  const words = Object.entries(file.metadata).map(
    ([name, word]) => `,${JSON.stringify(name)}:${JSON.stringify(word)}`,
  );
  const text = `${CHECKED}00000000"${words.join('')}}${entries.join('')}}`;
  const header = new TextEncoder().encode(text);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + end).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(header, 8);
  let at = start;
  for (const [, { data }] of placed) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  bytes.set(new TextEncoder().encode(hex(checkOf(bytes))), DIGITS_AT);
  return E.right(bytes);
};

// Decoding

type Checked<A> = either.Either<NoisefoldError, A>;

const bad = (
  where: string,
  expected: string,
  actual: string,
  hint = 'the file is damaged: use a copy of it',
): Checked<never> => E.left(failure('DecodeError', { where, expected, actual, hint }));

/** Something that no writer of safetensors has begun. */
const foreign = (where: string, actual: string): Checked<never> =>
  bad(where, 'a safetensors file', actual, 'give one that was saved as safetensors');

const cutShort = (where: string, size: number, found: number): Checked<never> =>
  bad(
    where,
    `${size} bytes, as it says itself`,
    `${found}`,
    'the file is cut short: copy or download it again',
  );

/** The JSON text of a header, and where the numbers start. */
const headerOf = (
  where: string,
  bytes: Uint8Array,
): Checked<{ readonly json: unknown; readonly start: number }> => {
  if (bytes.length < 8) return foreign(where, `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const start = 8 + Number(length);
  if (bytes[8] !== 0x7b || start === 8 || length > LONGEST_HEADER) return foreign(where, 'something else'); // '{'
  if (start > bytes.length) return cutShort(where, start, bytes.length);
  return F.pipe(
    E.tryCatch(
      (): unknown => JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(8, start))),
      String,
    ),
    E.match(
      (reason) => bad(`${where}, header`, 'JSON in UTF-8', reason),
      (json) => E.right({ json, start }),
    ),
  );
};

const decodeAs = <A>(where: string, codec: t.Decoder<unknown, A>, value: unknown): Checked<A> =>
  E.orElse(({ path, expected, actual }: { path: string; expected: string; actual: string }): Checked<A> =>
    bad([where, path].filter((part) => part !== '').join(': '), expected, actual),
  )(decode(codec)(value));

/** Each byte of the data belongs to one tensor, and each tensor has the bytes that its shape needs. */
const covered = (
  where: string,
  entries: Readonly<Record<string, Entry>>,
  start: number,
  size: number,
): Checked<void> => {
  const ordered = Object.entries(entries).sort(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  let at = 0;
  for (const [
    name,
    {
      dtype,
      shape,
      data_offsets: [begin, end],
    },
  ] of ordered) {
    const size = byteLength(dtype, shape);
    if (begin !== at)
      return bad(
        `${where}: ${name}`,
        `data from byte ${at}, where the tensor before it ends`,
        `from byte ${begin}`,
      );
    if (end - begin !== size)
      return bad(`${where}: ${name}`, `${size} bytes for ${dtype} ${showShape(shape)}`, `${end - begin}`);
    at = end;
  }
  if (start + at > size) return cutShort(where, start + at, size);
  return start + at === size
    ? E.right(undefined)
    : bad(where, `${at} bytes of data, as the header says`, `${size - start}`);
};

/** The numbers at a place: a view of the file where they are aligned, otherwise a copy. */
const tensorAt = (
  bytes: Uint8Array,
  { dtype, shape, data_offsets: [begin, end] }: Entry,
  start: number,
): StoredTensor => {
  const raw = bytes.subarray(start + begin, start + end);
  const { buffer, byteOffset } = raw.byteOffset % BYTES[dtype] === 0 ? raw : raw.slice();
  const length = (end - begin) / BYTES[dtype];
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer, byteOffset, length) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer, byteOffset, length) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer, byteOffset, length) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer, byteOffset, length) };
    case 'U8':
    case 'BOOL':
      return { dtype, shape, data: raw };
  }
};

/** The checksum of a file that carries one, and the metadata without it. */
const verified = (
  where: string,
  bytes: Uint8Array,
  metadata: Readonly<Record<string, string>>,
): Checked<TensorFile['metadata']> => {
  const prefix = new TextEncoder().encode(CHECKED);
  if (!prefix.every((byte, i) => byte === bytes[8 + i])) return E.right(metadata);
  const { crc32: told = '', ...others } = metadata;
  const found = hex(checkOf(bytes));
  return told === found ? E.right(others) : bad(where, `bytes with the checksum ${told}`, found);
};

const boolsOf = (where: string, tensors: ReadonlyMap<string, StoredTensor>): Checked<void> => {
  for (const [name, { dtype, data }] of tensors)
    if (dtype === 'BOOL' && !data.every(isBool))
      return bad(`${where}: ${name}`, 'bytes of 0 or 1', `${data.find((byte) => !isBool(byte))}`);
  return E.right(undefined);
};

/**
 * Reads the bytes of a file; `where` names it in messages. The arrays are views of `bytes` where they can be.
 * `DecodeError` for anything but a whole, sound file: truncated, foreign, overlapping, with gaps.
 *
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
      E.bind('header', () => headerOf(where, bytes)),
      E.bind('fields', ({ header }) => decodeAs(`${where}, header`, t.UnknownRecord, header.json)),
      E.bind('split', ({ fields: { [METADATA]: metadata = {}, ...entries } }) =>
        E.right({ metadata, entries }),
      ),
      E.bind('entries', ({ split }) => decodeAs(where, Entries, split.entries)),
      E.bind('words', ({ split }) => decodeAs(`${where}: ${METADATA}`, Metadata, split.metadata)),
      E.tap(({ entries, header }) => covered(where, entries, header.start, bytes.length)),
      E.bind('metadata', ({ words }) => verified(where, bytes, words)),
      E.map(({ entries, header, metadata }) => ({
        tensors: new Map(
          Object.entries(entries).map(([name, entry]) => [name, tensorAt(bytes, entry, header.start)]),
        ),
        metadata,
      })),
      E.tap(({ tensors }) => boolsOf(where, tensors)),
    );
