/** Test helper: writes pickles and files of `torch.save` by hand, also some that Python would not write. */
import { zipSync, type Zippable } from 'fflate';
import { joinBytes } from '../bytes/bytes.js';
import { sizeOf } from '../../internal/numbers.js';

/** Operations of a pickle: codes as characters or numbers, and arguments as bytes. */
export type Part = string | number | Uint8Array | readonly Part[];

const bytesOfPart = (part: Part): Uint8Array => {
  if (typeof part === 'string') return Uint8Array.from(part, (character) => character.charCodeAt(0));
  if (typeof part === 'number') return Uint8Array.of(part);
  return part instanceof Uint8Array ? part : joinBytes(part.map(bytesOfPart));
};

const uint32 = (number: number): Uint8Array => new Uint8Array(Uint32Array.of(number).buffer);

/** A pickle of protocol 2 of these operations. */
export const pickleOf = (...parts: readonly Part[]): Uint8Array => bytesOfPart([0x80, 2, parts, '.']);

export const text = (value: string): Part => {
  const bytes = new TextEncoder().encode(value);
  return ['X', uint32(bytes.length), bytes];
};
/** An integer, of up to 64 bits. */
export const integer = (value: number | bigint): Part => [
  [0x8a, 9],
  new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
  BigInt(value) < 0n ? 255 : 0,
];
export const tuple = (...items: readonly Part[]): Part => ['(', items, 't'];
export const list = (...items: readonly Part[]): Part => [']', '(', items, 'e'];
export const dict = (...pairs: readonly (readonly [key: Part, value: Part])[]): Part => ['}', '(', pairs, 'u'];
export const global = (module: string, name: string): Part => `c${module}\n${name}\n`;
export const call = (called: Part, ...args: readonly Part[]): Part => [called, tuple(...args), 'R'];
export const put = (index: number): Part => ['r', uint32(index)];
export const get = (index: number): Part => ['j', uint32(index)];

/** The id of a storage. */
export const storage = (key: string, count: number, kind = 'FloatStorage'): Part => [
  tuple(text('storage'), global('torch', kind), text(key), text('cpu'), integer(count)),
  'Q',
];

/** A tensor in a storage. */
export const tensor = (
  stored: Part,
  shape: readonly number[],
  strides: readonly number[] = shape.map((_, axis) => sizeOf(shape.slice(axis + 1))),
  offset = 0,
): Part =>
  call(
    global('torch._utils', '_rebuild_tensor_v2'),
    stored,
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    0x89,
    call(global('collections', 'OrderedDict')),
  );

/** A file of `torch.save`. */
export const torchZip = (
  pickle: Uint8Array,
  storages: Readonly<Record<string, ArrayBufferView>> = {},
  others: Zippable = {},
): Uint8Array => {
  const files = Object.entries(storages).map(([key, { buffer, byteOffset, byteLength }]) => [
    `archive/data/${key}`,
    new Uint8Array(buffer, byteOffset, byteLength),
  ]);
  return zipSync({ 'archive/data.pkl': pickle, ...Object.fromEntries(files), ...others }, { level: 0 });
};
