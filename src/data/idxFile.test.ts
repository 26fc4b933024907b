import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { E } from '../internal/fp.js';
import { right } from '../training/testing.js';
import { readIdx, readIdxChunks, readIdxDataset } from './idxFile.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a file of the format, with an unsigned byte for each number. */
const idx = (name: string, extents: readonly number[], data: Uint8Array, packed = true): string => {
  const header = new DataView(new ArrayBuffer(4 + 4 * extents.length));
  header.setUint32(0, 0x800 + extents.length);
  extents.forEach((extent, i) => header.setUint32(4 + 4 * i, extent));
  const bytes = Buffer.concat([new Uint8Array(header.buffer), data]);
  const path = join(folder, name);
  writeFileSync(path, packed ? gzipSync(bytes) : bytes);
  return path;
};

const pixels = Uint8Array.from({ length: 3 * 4 * 5 }, (_, i) => i);

test('MNIST’s original files of images and labels, packed by gzip, are read', async () => {
  const images = idx('images.gz', [3, 4, 5], pixels);
  const labels = idx('labels.gz', [3], Uint8Array.of(7, 0, 2));
  const data = right(await readIdxDataset(images, labels)());
  expect(data).toMatchObject({ size: 3, image: [4, 5, 1] });
  const batch = right(await data.batch(Int32Array.of(2))());
  expect([...batch.labels!]).toEqual([2]);
  expect(batch.images[0]).toBeCloseTo(40 / 127.5 - 1, 6);
});

test('packed and unpacked files give the same arrays and chunks', async () => {
  const [packed, plain] = [true, false].map((how) => idx(`images-${how}`, [3, 4, 5], pixels, how)) as [string, string];
  expect(right(await readIdx(packed, 3)())).toEqual(right(await readIdx(plain, 3)()));
  for (const path of [packed, plain]) {
    const chunks: number[] = [];
    for await (const chunk of readIdxChunks(path, 3)) chunks.push(...right(chunk).data);
    expect(chunks).toEqual([...pixels]);
  }
});

test('an array without images, packed', async () => {
  expect(right(await readIdx(idx('none.gz', [0, 4, 5], new Uint8Array(0)), 3)()).shape).toEqual([0, 4, 5]);
});

test.each([
  ['with 128 MiB after its images', [3, 4, 5], 2 ** 27, '60 bytes of data for [3, 4, 5]'],
  ['that claims 2⁶⁰ images', [2 ** 32 - 1, 2 ** 28, 1], 60, 'at most 2147483648 bytes unpacked'],
  ['that is shorter than its shape', [3, 4, 6], 60, '72 bytes of data for [3, 4, 6]'],
] as const)('a packed file %s is refused, without unpacking more than its shape', async (_, extents, length, expected) => {
  const path = idx('wrong.gz', extents, new Uint8Array(length));
  const before = process.memoryUsage().arrayBuffers;
  const actual = await readIdx(path, 3)();
  expect(actual).toMatchObject({ left: { _tag: 'DecodeError', where: path, expected } });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
}); // oxfmt-ignore

test('a truncated packed file is refused', async () => {
  const path = join(folder, 'cut.gz');
  writeFileSync(path, gzipSync(new Uint8Array(5000).map((_, i) => i * i)).subarray(0, 500));
  expect(await readIdx(path, 3)()).toMatchObject({ left: { _tag: 'DecodeError', where: path } });
  let last: E.Either<unknown, unknown> = E.right(null);
  for await (const chunk of readIdxChunks(path, 3)) last = chunk;
  expect(last).toMatchObject({ left: { _tag: 'DecodeError', where: path } });
});
