/** Encodes a module as a WebAssembly binary, from the code of its functions. */
import type { ValueType } from './expression.js';
import { unsignedLeb128 } from './numberBytes.js';

export const TYPE_CODE: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

/** Pages of 64 KiB that 32-bit addresses reach: 4 GiB. */
export const MOST_PAGES = 2 ** 16;

export interface Signature {
  readonly params: readonly ValueType[];
  readonly result?: ValueType;
}

type Bytes = ArrayLike<number>;

export interface ModuleFunction {
  readonly name: string;
  readonly signature: Signature;
  /** The locals other than parameters, then the instructions. */
  readonly code: Bytes;
}

/** Imports of a module. Memory is always imported, as `env.memory`. */
export interface ModuleOptions {
  /** True for a memory that threads share. */
  readonly shared?: boolean;
  /** True to import a table of functions as `env.table`, for `callTable`. */
  readonly table?: boolean;
}

/** The functions in a table take two integers: their arguments' address and the thread. */
export const TABLE_SIGNATURE: Signature = { params: ['i32', 'i32'] };

/** The index of that type in every module. */
export const TABLE_TYPE = 0;

export const vector = (items: readonly Bytes[]): number[] => {
  const out = [...unsignedLeb128(items.length)];
  for (const item of items) for (let i = 0; i < item.length; i++) out.push(item[i]!);
  return out;
};

const sized = (content: Bytes): readonly Bytes[] => [unsignedLeb128(content.length), content];

const section = (id: number, content: Bytes): readonly Bytes[] => [[id], ...sized(content)];

const utf8 = new TextEncoder();

const text = (value: string): readonly number[] => sized(utf8.encode(value)).flatMap((bytes) => Array.from(bytes));

const signatureBytes = ({ params, result }: Signature): readonly number[] => [
  0x60,
  ...vector(params.map((type) => [TYPE_CODE[type]])),
  ...vector(result === undefined ? [] : [[TYPE_CODE[result]]]),
];

const importBytes = (name: string, kind: readonly number[]): readonly number[] => [
  ...text('env'),
  ...text(name),
  ...kind,
];

/** A memory without a minimum. A shared one must have a maximum. */
const memoryKind = (shared: boolean): readonly number[] =>
  shared ? [0x02, 0x03, 0, ...unsignedLeb128(MOST_PAGES)] : [0x02, 0x00, 0];

const TABLE_KIND = [0x01, 0x70, 0x00, 0x00];

/** Encodes a module that exports its functions by name. */
export const moduleOf = (
  functions: readonly ModuleFunction[],
  { shared = false, table = false }: ModuleOptions,
): Uint8Array<ArrayBuffer> => {
  const signatures = functions.map(({ signature }) => signature);
  const types = [...new Set([TABLE_SIGNATURE, ...signatures])];
  const typeOf = (signature: Signature): readonly number[] => unsignedLeb128(types.indexOf(signature));
  const imported = [importBytes('memory', memoryKind(shared)), ...(table ? [importBytes('table', TABLE_KIND)] : [])];
  const exported = functions.map(({ name }, i) => [...text(name), 0x00, ...unsignedLeb128(i)]);
  const count = unsignedLeb128(functions.length);
  const codes = functions.flatMap(({ code }) => sized(code));
  const codeLength = codes.reduce((sum, { length }) => sum + length, count.length);
  const chunks = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types.map(signatureBytes))),
    ...section(2, vector(imported)),
    ...section(3, vector(signatures.map(typeOf))),
    ...section(7, vector(exported)),
    [10, ...unsignedLeb128(codeLength), ...count],
    ...codes,
  ];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
};
