/**
 * The operations of pickles of protocols 2 to 5, as bytes: a code, then an argument. Python's `pickletools` describes
 * them. The old operations in text form are refused, except the one for the name of a global.
 */
import type { PickledBytes } from './pickleValues.js';
import { refuse } from '../bytes/refuse.js';

/** A part of a file. Positions count from the beginning of the file. */
export interface Window {
  readonly where: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The position of the first byte. */
  readonly from: number;
  /** The bytes of the file. */
  readonly size: number;
}

type Argument = null | boolean | number | bigint | string | PickledBytes;

/** An operation, and the position after it. */
export interface Operation {
  readonly name: OperationName;
  readonly argument: Argument;
  readonly next: number;
}

/** The longest text, in bytes. Pickles of EDM hold the source text of their modules. */
const MOST_TEXT = 2 ** 24;
/** The longest name of a global, with its module. */
const MOST_NAME = 2 ** 10;
/**
 * The longest integer, in bytes: the state of a generator of NumPy takes 17. The limit is low, because any number of
 * values may share an integer.
 */
const MOST_INTEGER = 2 ** 5;

/** Reads an argument at index `at` of a window. The whole argument lies in the window. */
type Read = (window: Window, at: number, length: number) => Argument;

/**
 * A kind of argument: the `count` bytes that hold its length, 0 if the length is fixed, and the function that reads it.
 */
interface Kind {
  readonly count: number;
  readonly lengthOf: (view: DataView, at: number) => number;
  readonly most: number;
  readonly read: Read;
  /** True for bytes, which stay in the file. */
  readonly isLeft?: boolean;
}

const fixed = (length: number, read: Read): Kind => ({ count: 0, lengthOf: () => length, most: length, read });

const LENGTHS: Readonly<Record<1 | 4 | 8, Kind['lengthOf']>> = {
  1: (view, at) => view.getUint8(at),
  4: (view, at) => view.getUint32(at, true),
  8: (view, at) => Number(view.getBigUint64(at, true)),
};

const counted = (count: 1 | 4 | 8, most: number, read: Read): Kind => ({ count, lengthOf: LENGTHS[count], most, read });

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const readText: Read = ({ where, bytes, from }, at, length) => {
  try {
    return decoder.decode(bytes.subarray(at, at + length));
  } catch {
    return refuse(where, `UTF-8 at byte ${from + at}`, 'invalid bytes');
  }
};

/** Reads a text of Python 2, which is bytes. Names in it are ASCII. */
const readLatin: Read = ({ bytes }, at, length) =>
  Array.from(bytes.subarray(at, at + length), (byte) => String.fromCharCode(byte)).join('');

/** An integer in two's complement, of any length: a number if that holds it exactly. */
const readInteger: Read = ({ bytes }, at, length) => {
  if (length === 0) return 0;
  const digits = Array.from(bytes.subarray(at, at + length), (byte) => byte.toString(16).padStart(2, '0'));
  const integer = BigInt.asIntN(8 * length, BigInt(`0x${digits.reverse().join('')}`));
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
};

const NONE = fixed(0, () => null);
const BYTE = fixed(1, ({ view }, at) => view.getUint8(at));
const WORD = fixed(4, ({ view }, at) => view.getUint32(at, true));
const constant = (value: Argument): Kind => fixed(0, () => value);
const text = (count: 1 | 4 | 8, read = readText): Kind => counted(count, MOST_TEXT, read);
const bytes = (count: 1 | 4 | 8): Kind => ({
  ...counted(count, Number.MAX_SAFE_INTEGER, ({ from }, at, length) => ({ _tag: 'Bytes', at: from + at, length })),
  isLeft: true,
});

/** The name of a global: two lines. */
const LINES: Kind = {
  count: 0,
  most: MOST_NAME,
  lengthOf: ({ buffer, byteOffset, byteLength }, at) => {
    const rest = new Uint8Array(buffer, byteOffset + at, Math.min(byteLength - at, MOST_NAME));
    const second = rest.indexOf(0x0a, rest.indexOf(0x0a) + 1);
    return second > 0 ? second + 1 : rest.length + 1;
  },
  read: (window, at, length) => {
    const [module, name] = (readText(window, at, length) as string).split('\n');
    return `${module}.${name}`;
  },
};

const char = (character: string): number => character.charCodeAt(0);

const OPERATIONS = [
  [0x80, 'protocol', BYTE],
  [0x95, 'frame', fixed(8, NONE.read)],
  [char('.'), 'stop', NONE],
  [char('('), 'mark', NONE],
  [char('0'), 'pop', NONE],
  [char('1'), 'popMark', NONE],
  [char('2'), 'duplicate', NONE],
  [char('N'), 'push', NONE],
  [0x88, 'push', constant(true)],
  [0x89, 'push', constant(false)],
  [char('K'), 'push', BYTE],
  [char('M'), 'push', fixed(2, ({ view }, at) => view.getUint16(at, true))],
  [char('J'), 'push', fixed(4, ({ view }, at) => view.getInt32(at, true))],
  [char('G'), 'push', fixed(8, ({ view }, at) => view.getFloat64(at, false))],
  [0x8a, 'push', counted(1, MOST_INTEGER, readInteger)],
  [0x8b, 'push', counted(4, MOST_INTEGER, readInteger)],
  [0x8c, 'push', text(1)],
  [char('X'), 'push', text(4)],
  [0x8d, 'push', text(8)],
  [char('U'), 'push', text(1, readLatin)],
  [char('T'), 'push', text(4, readLatin)],
  [char('C'), 'push', bytes(1)],
  [char('B'), 'push', bytes(4)],
  [0x8e, 'push', bytes(8)],
  [0x96, 'push', bytes(8)],
  [char(']'), 'list', NONE],
  [char('a'), 'append', NONE],
  [char('e'), 'appends', NONE],
  [char(')'), 'tuple', constant(0)],
  [0x85, 'tuple', constant(1)],
  [0x86, 'tuple', constant(2)],
  [0x87, 'tuple', constant(3)],
  [char('t'), 'tupleOfMark', NONE],
  [char('}'), 'dictionary', NONE],
  [char('s'), 'setItem', NONE],
  [char('u'), 'setItems', NONE],
  [0x8f, 'set', NONE],
  [0x90, 'addItems', NONE],
  [0x91, 'setOfMark', NONE],
  [char('q'), 'put', BYTE],
  [char('r'), 'put', WORD],
  [0x94, 'memoize', NONE],
  [char('h'), 'get', BYTE],
  [char('j'), 'get', WORD],
  [char('c'), 'global', LINES],
  [0x93, 'stackGlobal', NONE],
  [char('R'), 'call', NONE],
  [0x81, 'call', NONE],
  [0x92, 'callWithNames', NONE],
  [char('b'), 'build', NONE],
  [char('Q'), 'persistentId', NONE],
] as const satisfies readonly (readonly [code: number, name: string, kind: Kind])[];

export type OperationName = (typeof OPERATIONS)[number][1];

const BY_CODE = new Map<number, readonly [OperationName, Kind]>(
  OPERATIONS.map(([code, name, kind]) => [code, [name, kind]]),
);

/**
 * Reads the operation at a position of a window. If the window ends inside it, returns the number of bytes that it
 * needs.
 */
export const operationAt = (window: Window, position: number): Operation | number => {
  const { where, bytes: all, view, from, size } = window;
  const at = position - from;
  const row = BY_CODE.get(all[at]!); // the caller gives a position in the window
  if (row === undefined)
    return refuse(where, 'an operation of a pickle, of protocol 2 to 5', `byte ${all[at]} at ${position}`);
  const [name, { count, lengthOf, most, read, isLeft = false }] = row;
  const start = at + 1 + count;
  if (start > all.length) return 1 + count;
  const length = lengthOf(view, at + 1);
  if (length > most) return refuse(where, `an argument of at most ${most} bytes at ${position}`, `${length}`);
  if (isLeft && from + start + length > size)
    return refuse(where, `${length} bytes at ${from + start}`, `a file of ${size} bytes`);
  const end = start + length;
  if (!isLeft && end > all.length) return end - at;
  return { name, argument: read(window, start, length), next: from + end };
};
