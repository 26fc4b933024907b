import { inflateSync } from 'node:zlib';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { encodePng, type Picture } from './png.js';

const right = <A>(result: either.Either<NoisefoldError, A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

/** CRC-32 bit by bit, by the definition. */
const check = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
};

/** A decoder for color types 0, 2 and 6 of the specification, of depth 8, without filters or interlace. */
const decode = (bytes: Uint8Array): Picture => {
  expect([...bytes.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8; at < bytes.length;) {
    const length = view.getUint32(at);
    const name = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    chunks.set(name, bytes.subarray(at + 8, at + 8 + length));
    expect(view.getUint32(at + 8 + length)).toBe(check(bytes.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR')!;
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth, colorType, ...methods] = header.subarray(8);
  expect([depth, ...methods]).toEqual([8, 0, 0, 0]);
  const channels = ({ 0: 1, 2: 3, 6: 4 } as const)[colorType as 0 | 2 | 6];
  const raw = inflateSync(chunks.get('IDAT')!);
  const row = width * channels + 1;
  expect(raw.length).toBe(height * row);
  const lines = Array.from({ length: height }, (_, y) => raw.subarray(y * row, (y + 1) * row));
  expect(lines.every((line) => line[0] === 0)).toBe(true);
  return { width, height, channels, data: Uint8Array.from(lines.flatMap((line) => [...line.subarray(1)])) };
};

const extent = fc.integer({ min: 1, max: 12 });
const pictures: fc.Arbitrary<Picture> = fc
  .tuple(extent, extent, fc.constantFrom(1 as const, 3 as const, 4 as const))
  .chain(([width, height, channels]) => {
    const size = width * height * channels;
    return fc.uint8Array({ minLength: size, maxLength: size }).map((data) => ({ width, height, channels, data }));
  });

describe('encodePng', () => {
  test('refuses an Either in place of a picture', async () => {
    expect(await encodePng(E.right({ width: 1 }) as never)()).toMatchObject({
      left: { where: 'encodePng', actual: 'an Either', hint: 'take the value out of it by unwrap or E.flatMap' },
    });
  });

  test.prop([pictures])('a decoder recovers the picture', async (picture) => {
    expect(decode(right(await encodePng(picture)()))).toEqual(picture);
  });

  test('a large picture', async () => {
    const data = Uint8Array.from({ length: 1000 * 700 }, (_, i) => (i * i) >> 8);
    const bytes = right(await encodePng({ width: 1000, height: 700, channels: 1, data })());
    expect(Buffer.compare(decode(bytes).data, data)).toBe(0);
  });

  test.each([
    [0, 1, 0, 'width', '0'],
    [2, 2, 3, 'data', '3 bytes'],
    [1.5, 2, 3, 'width', '1.5'],
  ])('%d × %d pixels of %d bytes are refused', async (width, height, length, field, actual) => {
    const result = await encodePng({ width, height, channels: 1, data: new Uint8Array(length) })();
    expect(result).toMatchObject({
      left: { _tag: 'ConfigError', where: `encodePng.${field}`, actual },
    });
  });

  test.each([0, 2, 5, NaN, 'toString'])('%j channels are refused', async (channels) => {
    const picture = { width: 2, height: 1, channels, data: new Uint8Array(2 * Number(channels) || 0) };
    expect(await encodePng(picture as Picture)()).toMatchObject({
      left: { _tag: 'ConfigError', where: 'encodePng.channels', expected: expect.stringContaining('RGB') },
    });
  });
});
