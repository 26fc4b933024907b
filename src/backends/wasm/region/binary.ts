/** Encodes a WebAssembly module of functions whose code is already generated. */
import { memoryImport, type ValueType } from '../assembler/assembler.js';
import { unsignedLeb128 } from '../assembler/numberBytes.js';
import { TYPE_CODE } from './code.js';

interface Signature {
  readonly params: readonly ValueType[];
  readonly result: ValueType | null;
}

export interface BinaryImport extends Signature {
  readonly name: string;
}

const vector = (items: readonly (readonly number[])[]): readonly number[] => {
  const out = [...unsignedLeb128(items.length)];
  for (const item of items) for (const byte of item) out.push(byte);
  return out;
};

const text = (value: string): readonly number[] => vector(Array.from(value, (letter) => [letter.charCodeAt(0)]));

const signature = ({ params, result }: Signature): readonly number[] => [
  0x60,
  ...vector(params.map((type) => [TYPE_CODE[type]])),
  ...vector(result === null ? [] : [[TYPE_CODE[result]]]),
];

type Bytes = ArrayLike<number>;

const sized = (content: Bytes): readonly Bytes[] => [unsignedLeb128(content.length), content];

/** A function that takes two i32, as the engine's functions do. */
export interface BinaryFunction {
  readonly name: string;
  readonly code: Uint8Array;
}

const SIGNATURE: Signature = { params: ['i32', 'i32'], result: null };

/** Encodes a module that exports `functions` by name. It imports memory as `env.memory` and `imports` from `env`. */
export const binaryModule = (
  imports: readonly BinaryImport[],
  functions: readonly BinaryFunction[],
  shared: boolean,
): Uint8Array<ArrayBuffer> => {
  const types: readonly Signature[] = [...imports, SIGNATURE];
  const env = text('env');
  const imported = [
    memoryImport(shared),
    ...imports.map(({ name }, type) => [...env, ...text(name), 0x00, ...unsignedLeb128(type)]),
  ];
  const codes = functions.flatMap(({ code }) => sized(code));
  const codeLength = codes.reduce((sum, { length }) => sum + length, 0);
  const count = unsignedLeb128(functions.length);
  const section = (id: number, content: Bytes): readonly Bytes[] => [[id], ...sized(content)];
  const chunks = [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types.map(signature))),
    ...section(2, vector(imported)),
    ...section(3, vector(functions.map(() => unsignedLeb128(imports.length)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsignedLeb128(imports.length + i)]))),
    [10, ...unsignedLeb128(count.length + codeLength), ...count],
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
