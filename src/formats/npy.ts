/**
 * Arrays of NumPy: .npy files, and .npz files, which are zip archives of .npy files.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import type { Exact } from '../internal/exact.js';
import { sizeOf } from '../internal/numbers.js';
import { amount } from '../internal/decode.js';
import { attempt, type NoisefoldError, orRaise, showShape } from '../internal/errors.js';
import { t, type either } from '../internal/fp.js';
import { optional, schema } from '../internal/schema.js';
import { listed } from '../internal/listed.js';
import { checkedBytes } from './bytes/bytes.js';
import { floatsOfHalves } from '../internal/numerics/float16.js';
import { refuse } from './bytes/refuse.js';
import { MOST_EXTENTS } from './safetensors/safetensorsHeader.js';
import { beginningOf, type Entry, unpacked, zipEntries } from './bytes/zip.js';

/** The numbers of an array. 64-bit integers are Float64Arrays, whose numbers are all exact. */
export type NpyData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** An array of NumPy, row-major. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: NpyData;
}

/** The types of elements by their codes: an array whose elements have their size, and how one is read. */
interface Element {
  readonly array: { new (length: number): NpyData; readonly BYTES_PER_ELEMENT: number };
  readonly read: (view: DataView, at: number, little: boolean) => number;
  /** Makes the result of all elements. */
  readonly finished?: (where: string, data: NpyData) => NpyData;
}

const safeIntegers = (where: string, data: NpyData): NpyData => {
  const large = data.findIndex((number) => !Number.isSafeInteger(number));
  const hint = 'convert it, as by x.astype("int32")';
  return large === -1 ? data : refuse(where, 'integers within ±2⁵³', `${data[large]} at ${large}`, hint);
};

const ELEMENTS: Readonly<Record<string, Element>> = {
  b1: { array: Uint8Array, read: (view, at) => view.getUint8(at) },
  u1: { array: Uint8Array, read: (view, at) => view.getUint8(at) },
  i1: { array: Int8Array, read: (view, at) => view.getInt8(at) },
  u2: { array: Uint16Array, read: (view, at, little) => view.getUint16(at, little) },
  i2: { array: Int16Array, read: (view, at, little) => view.getInt16(at, little) },
  u4: { array: Uint32Array, read: (view, at, little) => view.getUint32(at, little) },
  i4: { array: Int32Array, read: (view, at, little) => view.getInt32(at, little) },
  f2: {
    array: Uint16Array,
    read: (view, at, little) => view.getUint16(at, little),
    finished: (_, data) => floatsOfHalves(data as Uint16Array), // of `array`
  },
  f4: { array: Float32Array, read: (view, at, little) => view.getFloat32(at, little) },
  u8: {
    array: Float64Array,
    read: (view, at, little) => Number(view.getBigUint64(at, little)),
    finished: safeIntegers,
  },
  i8: {
    array: Float64Array,
    read: (view, at, little) => Number(view.getBigInt64(at, little)),
    finished: safeIntegers,
  },
  f8: { array: Float64Array, read: (view, at, little) => view.getFloat64(at, little) },
};

/** The longest header that NumPy itself reads. */
const MOST_HEADER = 10_000;

/** A tuple of Python, and a dictionary of three entries, which is a header. */
const EXTENT = String.raw`\s*(?:0|[1-9]\d*)\s*`;
const SHAPE = String.raw`\(\s*\)|\((?:${EXTENT},)+(?:${EXTENT}|\s*)\)`;
const ENTRY = String.raw`\s*'(\w+)'\s*:\s*('[^']*'|True|False|${SHAPE})\s*`;
const HEADER = new RegExp(String.raw`^\{${ENTRY},${ENTRY},${ENTRY}(?:,\s*)?\}\s*$`);

interface Header {
  readonly shape: readonly number[];
  readonly element: Element;
  readonly little: boolean;
  readonly isFortran: boolean;
  /** The first byte of the data. */
  readonly start: number;
}

const readHeader = (where: string, bytes: Uint8Array): Header => {
  const magic = [...bytes.subarray(0, 6)].map((byte) => String.fromCharCode(byte)).join('');
  if (magic !== '\x93NUMPY') return refuse(where, 'an .npy file, which begins with \\x93NUMPY', 'other bytes');
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) return refuse(where, 'version 1, 2 or 3 of the format', `${version}`);
  const begin = version === 1 ? 10 : 12;
  if (bytes.length < begin) return refuse(where, `${begin} bytes before the header`, `${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = begin + length;
  if (length > MOST_HEADER || start > bytes.length)
    return refuse(
      where,
      `a header of at most ${MOST_HEADER} bytes, whole`,
      `${length} bytes in a file of ${bytes.length}`,
    );
  const text = new TextDecoder().decode(bytes.subarray(begin, start));
  const [, ...words] = HEADER.exec(text) ?? [];
  const entries = new Map([0, 2, 4].map((i) => [words[i], words[i + 1] ?? '']));
  const [descr, order, extents] = ['descr', 'fortran_order', 'shape'].map((name) => entries.get(name) ?? '');
  const [, endian, code = ''] = /^'([<>|=])(\w+)'$/.exec(descr!) ?? [];
  const element = Object.hasOwn(ELEMENTS, code) ? ELEMENTS[code] : undefined;
  if (words.length > 0 && element === undefined)
    return refuse(where, `elements of a type ${Object.keys(ELEMENTS).join(', ')}`, `${descr}`, 'convert it, as by x.astype("float32")'); // oxfmt-ignore
  if (element === undefined || !/^(True|False)$/.test(order!) || !extents!.startsWith('('))
    return refuse(where, 'a header with descr, fortran_order and shape, of simple elements', 'another one');
  const shape = (extents!.match(/\d+/g) ?? []).map(Number);
  if (shape.length > MOST_EXTENTS) return refuse(where, `at most ${MOST_EXTENTS} extents`, `${shape.length}`);
  return { shape, element, little: endian !== '>', isFortran: order === 'True', start };
};

/** The header of a file of `size` bytes, and the bytes of its data. Raises `DecodeError` if it claims another size. */
const fittingHeader = (where: string, beginning: Uint8Array, size: number): Header & { readonly dataBytes: number } => {
  const header = readHeader(where, beginning);
  const { shape, element, start } = header;
  // beyond 2⁵³ the product is rounded, but no file is that long
  const dataBytes = sizeOf(shape) * element.array.BYTES_PER_ELEMENT;
  return [...shape, dataBytes].every(Number.isSafeInteger) && dataBytes === size - start
    ? { ...header, dataBytes }
    : refuse(where, `${dataBytes} bytes of data for ${showShape(shape)}`, `${size - start}`);
};

/** Reorders elements from Fortran order, where the first index runs fastest, to row-major order. */
const rowMajor = (shape: readonly number[], columnMajor: NpyData, to: NpyData): NpyData => {
  const axes = shape.flatMap((extent, axis) =>
    extent === 1 ? [] : { extent, stride: sizeOf(shape.slice(axis + 1)), index: 0 },
  );
  let at = 0;
  for (let i = 0; i < columnMajor.length; i++) {
    to[at] = columnMajor[i]!;
    for (const axis of axes) {
      at += axis.stride;
      if (++axis.index < axis.extent) break;
      at -= axis.stride * axis.extent;
      axis.index = 0;
    }
  }
  return to;
};

/**
 * Reads an .npy file of version 1 to 3: booleans, integers, float16 (as float32), float32 or float64, of either byte
 * order, in C or Fortran order. `where` names it in messages. Allocates no array before it has checked the length of
 * the file against the header. Returns a `DecodeError` for other elements, for more than 64 extents, for a file of another
 * length, and for 64-bit integers beyond ±2⁵³.
 * @example
 * const header = "{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }\n"
 * const bytes = Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, header.length, 0, ...new TextEncoder().encode(header), 7, 0, 1, 1)
 * unwrap(decodeNpy('x.npy')(bytes)) // → { shape: [2], data: [7, 257] }
 */
export const decodeNpy =
  (where: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, NpyArray> =>
    attempt(() => {
      orRaise(checkedBytes(where, bytes));
      const { shape, element, little, isFortran, start, dataBytes } = fittingHeader(where, bytes, bytes.length);
      const length = sizeOf(shape);
      const view = new DataView(bytes.buffer, bytes.byteOffset + start, dataBytes);
      const data = new element.array(length);
      for (let i = 0; i < length; i++) data[i] = element.read(view, i * data.BYTES_PER_ELEMENT, little);
      const ordered = isFortran && shape.length > 1 ? rowMajor(shape, data, new element.array(length)) : data;
      return { shape, data: element.finished?.(where, ordered) ?? ordered };
    });

/** Settings of {@link decodeNpz}. */
export interface NpzOptions {
  /** The arrays to read; by default all. Others are not unpacked. */
  readonly names?: readonly string[];
  /**
   * The maximum size of these arrays in bytes, unpacked: 1 GiB by default. A small file may unpack to a thousand times
   * its length.
   */
  readonly maxBytes?: number;
}

const npzOptions = schema(
  'decodeNpz',
  { maxBytes: optional(amount, 2 ** 30), names: optional(t.readonlyArray(t.string, 'an array of names')) },
  "give { names: ['images'] } or { maxBytes }, a number of bytes",
);

const NPY = '.npy';

const checkHeader = (where: string, entry: Entry): void =>
  void fittingHeader(where, beginningOf(where, entry, MOST_HEADER + 12), entry.size);

/**
 * Reads the arrays of an .npz file, compressed or not, by name: all, or those of `names`. `where` names the file in
 * messages. Returns a `ConfigError` for an invalid option, and a `DecodeError` in the cases of {@link decodeNpy}, for a
 * damaged archive, for a missing name, and, before anything is unpacked, if that would take more than `maxBytes` or a
 * header is wrong.
 * @example
 * const none = Uint8Array.of(0x50, 0x4b, 5, 6, ...new Uint8Array(18)) // an archive without files
 * unwrap(decodeNpz('none.npz')(none)).size // → 0
 * const wrong = decodeNpz('none.npz', { names: ['x'] })(none)
 * isLeft(wrong) && wrong.left.actual // → 'no arrays'
 */
export const decodeNpz =
  <G = unknown>(where: string, options?: Exact<G, keyof NpzOptions> & NpzOptions) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, ReadonlyMap<string, NpyArray>> =>
    attempt(() => {
      orRaise(checkedBytes(where, bytes));
      const { maxBytes, names } = npzOptions.demand<NpzOptions>(options);
      const arrays = orRaise(zipEntries(where, bytes)).filter(({ name }) => name.endsWith(NPY));
      const known = arrays.map(({ name }) => name.slice(0, -NPY.length));
      const missing = names?.find((name) => !known.includes(name));
      if (missing !== undefined)
        refuse(where, `an array ${missing}`, listed(known) || 'no arrays', 'give the names of arrays that it has');
      const selection = arrays.filter((_, i) => names?.includes(known[i]!) ?? true);
      const files = orRaise(unpacked(where, selection, { maxBytes, check: checkHeader }));
      return new Map(
        [...files].map(([name, file]) => [name.slice(0, -NPY.length), orRaise(decodeNpy(`${where}: ${name}`)(file))]),
      );
    });
