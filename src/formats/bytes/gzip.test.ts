import { fc, test } from '@fast-check/vitest';
import { gzipSync } from 'node:zlib';
import { describe, expect } from 'vitest';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { joinBytes } from './bytes.js';
import { gunzip } from './gzip.js';

type Piece = either.Either<NoisefoldError, Uint8Array>;

/** Cuts bytes into pieces of a length. */
async function* cut(bytes: Uint8Array, length: number): AsyncGenerator<Piece, void> {
  for (let at = 0; at < bytes.length; at += length) yield E.right(bytes.subarray(at, at + length));
}

const collect = async (pieces: AsyncIterable<Piece>): Promise<Piece> => {
  const parts: Uint8Array[] = [];
  for await (const piece of pieces) {
    if (E.isLeft(piece)) return piece;
    parts.push(piece.right);
  }
  return E.right(joinBytes(parts));
};

const anyBytes = fc.uint8Array({ maxLength: 3000 });
const length = fc.integer({ min: 1, max: 100 });

test.prop([anyBytes, length])('a gzip file is unpacked, split into any pieces', async (bytes, length) => {
  expect(await collect(gunzip('x.gz')(cut(gzipSync(bytes), length)))).toEqual(E.right(bytes));
});

test.prop([anyBytes, length])('another file passes through', async (bytes, length) => {
  const other = Uint8Array.of(0, ...bytes);
  expect(await collect(gunzip('x')(cut(other, length)))).toEqual(E.right(other));
});

test('an empty file and a file of one byte pass through', async () => {
  expect(await collect(gunzip('x')(cut(new Uint8Array(0), 1)))).toEqual(E.right(new Uint8Array(0)));
  expect(await collect(gunzip('x')(cut(Uint8Array.of(0x1f), 1)))).toEqual(E.right(Uint8Array.of(0x1f)));
});

describe('is refused:', () => {
  const packed = new Uint8Array(gzipSync(new Uint8Array(5000).map((_, i) => (i * i) % 251)));
  const left = {
    left: { _tag: 'DecodeError', where: 'x.gz', expected: 'a whole gzip file' },
  };

  test.prop([fc.integer({ min: 2, max: packed.length - 1 })])('a truncated file', async (length) => {
    expect(await collect(gunzip('x.gz')(cut(packed.subarray(0, length), 1000)))).toMatchObject(left);
  });

  test('a file with a wrong checksum', async () => {
    const at = packed.length - 8;
    expect(await collect(gunzip('x.gz')(cut(packed.with(at, packed[at]! ^ 1), 1000)))).toMatchObject(left);
  });

  test('a source that fails, with its own error', async () => {
    const lost = fail('FileError', { where: 'disk', expected: 'a disk', actual: 'none', hint: 'buy one' });
    const source = async function* (): AsyncGenerator<Piece, void> {
      yield E.right(packed.subarray(0, 100));
      yield lost;
    };
    expect(await collect(gunzip('x.gz')(source()))).toEqual(lost);
  });
});

test('unread data are not unpacked, and the source is closed', async () => {
  const bomb = gzipSync(new Uint8Array(2 ** 29)); // 512 MiB of zeros in 512 KiB
  let pulled = 0;
  let closed = false;
  const source = async function* (): AsyncGenerator<Piece, void> {
    try {
      for await (const piece of cut(bomb, 1024)) {
        pulled++;
        yield piece;
      }
    } finally {
      closed = true;
    }
  };
  let unpacked = 0;
  for await (const piece of gunzip('x.gz')(source())) {
    unpacked += E.isRight(piece) ? piece.right.length : 0;
    if (unpacked > 2 ** 20) break;
  }
  expect(pulled).toBeLessThan(100); // of 512; a KiB unpacks to a MiB, and streams of Node hold up to 64 KiB
  expect(closed).toBe(true);
});
