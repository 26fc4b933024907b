/** Compares typed arrays by their bytes in `toEqual` and the like. Vitest compares them number by number, which is slow. */
import { expect } from 'vitest';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Says true for typed arrays of one kind with the same bytes. Vitest compares and reports all others. */
const sameBytes = (a: unknown, b: unknown): true | undefined =>
  ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && a.constructor === b.constructor && bytesOf(a).equals(bytesOf(b))
    ? true
    : undefined;

expect.addEqualityTesters([sameBytes]);
