import { expect, test } from 'vitest';
import type { Expr } from '../assembler/assembler.js';
import { range } from '../assembler/numbers.js';
import { storeLanes } from './access.js';
import { locals } from './code.js';

/** The bytes of the instruction `v128.store` of aligned words, before its offset. */
const STORE = [0xfd, 11, 2];

const offsetOf = ({ code }: Expr<'void'>): number => {
  if (code.kind !== 'op') throw new Error(code.kind);
  expect(code.bytes.slice(0, STORE.length)).toEqual(STORE);
  return code.bytes.slice(STORE.length).reduce((sum, byte, i) => sum + (byte & 127) * 128 ** i, 0);
};

test.each([1, -1])('no two offsets of stores along a stride of %d differ by 16 bytes', (stride) => {
  const { i32, v128 } = locals();
  const [pointer, value] = [i32(), v128()];
  const offsets = range(200).map((i) => {
    const [store] = storeLanes({ pointer, elements: i - 100, lanes: range(4).map((lane) => stride * lane) }, value);
    return offsetOf(store!);
  });
  expect(Math.max(...offsets)).toBeGreaterThan(300); // not all elements are in the address
  expect(offsets.filter((offset) => offsets.includes(offset + 16))).toEqual([]);
});
