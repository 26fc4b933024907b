import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { crc32, crc32ByTable, inParts } from './crc32.js';

/** The check bit by bit, by the definition. */
const slowly = (bytes: Uint8Array): number => {
  let check = 0xffffffff;
  for (const byte of bytes) {
    check ^= byte;
    for (let bit = 0; bit < 8; bit++) check = check & 1 ? (check >>> 1) ^ 0xedb88320 : check >>> 1;
  }
  return ~check >>> 0;
};

describe.each([
  ['of this engine', crc32],
  ['by a table', (bytes: Uint8Array, before = 0) => crc32ByTable(bytes, before)],
  ['in parts of 16 bytes', (bytes: Uint8Array, before = 0) => inParts(crc32, 16)(bytes, before)],
])('%s', (_, crc32) => {
  test('the published check value: "123456789" is CBF43926', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  test.prop([fc.uint8Array({ maxLength: 100 })])('equals the definition', (bytes) => {
    expect(crc32(bytes)).toBe(slowly(bytes));
  });

  test.prop([fc.uint8Array({ maxLength: 50 }), fc.uint8Array({ maxLength: 50 })])(
    'continues from part to part',
    (a, b) => {
      expect(crc32(b, crc32(a))).toBe(crc32(Uint8Array.of(...a, ...b)));
    },
  );

  test.prop([fc.uint8Array({ minLength: 1, maxLength: 100 }), fc.nat(), fc.nat(7)])(
    'detects every flipped bit',
    (bytes, at, bit) => {
      const flipped = bytes.slice();
      flipped[at % bytes.length]! ^= 1 << bit;
      expect(crc32(flipped)).not.toBe(crc32(bytes));
    },
  );
});
