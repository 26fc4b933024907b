import { strToU8, zipSync } from 'fflate';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { leftOf, right } from '../training/testing.js';
import { datasetOfArrays, readCifar10, readNpy, readNpz, readNpzDataset } from './arrayFiles.js';

const folder = mkdtempSync(join(tmpdir(), 'noisefold-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

/** An .npy file of version 1. */
const npy = (descr: string, shape: string, data: ArrayBufferLike): Uint8Array => {
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${shape}, }\n`;
  return Uint8Array.of(0x93, ...strToU8(`NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`, true), ...new Uint8Array(data)); // oxfmt-ignore
};
const images = npy('|u1', '(2, 1, 2, 3)', Uint8Array.of(0, 51, 102, 153, 204, 255, 9, 9, 9, 9, 9, 9).buffer);
const labels = npy('<i8', '(2,)', BigInt64Array.of(4n, 0n).buffer);

describe('an .npz file', () => {
  test('of bytes and 64-bit labels, as NumPy saves them, is a data set', async () => {
    const path = file('bytes.npz', zipSync({ 'arr_0.npy': images, 'arr_1.npy': labels }));
    const data = right(await readNpzDataset(path, { images: 'arr_0', labels: 'arr_1', image: [1, 2, 3] })());
    const batch = right(await data.batch(Int32Array.of(0, 1))());
    expect([...batch.images.subarray(0, 6)].map((x) => Math.round((x + 1) * 127.5))).toEqual([0, 51, 102, 153, 204, 255]);
    expect([...batch.labels!]).toEqual([4, 0]);
    expect(right(await right(await readNpzDataset(path, { images: 'arr_0' })()).batch(Int32Array.of(1))()).labels).toBeUndefined();
  });

  test('is read without unpacking the other arrays', async () => {
    const junk = npy('|u1', '(3,)', new Uint8Array(2).buffer); // would be refused
    const path = file('more.npz', zipSync({ 'junk.npy': junk, 'x.npy': images, 'y.npy': labels }));
    expect(right(await readNpzDataset(path, { images: 'x', labels: 'y', maxBytes: 500 })()).size).toBe(2);
    expect([...right(await readNpz(path, { names: ['y'] })()).keys()]).toEqual(['y']);
    expect(await leftOf(readNpz(path))).toMatchObject({ where: `${path}: junk.npy` });
  });

  test('with another number of labels is an error about images and labels', async () => {
    const path = file('uneven.npz', zipSync({ 'x.npy': images, 'y.npy': npy('|u1', '(1,)', Uint8Array.of(3).buffer) }));
    expect((await leftOf(readNpzDataset(path, { images: 'x', labels: 'y' }))).message).toContain('expected a label for each of the 2 images [1, 2, 3], got 1 labels');
  });

  test('without the requested array is an error that lists the names in the file', async () => {
    const path = file('names.npz', zipSync({ 'x.npy': images, 'y.npy': labels }));
    expect(await leftOf(readNpzDataset(path, { images: 'arr_0' }))).toMatchObject({ _tag: 'DecodeError', where: path, expected: 'an array arr_0', actual: 'x, y' });
    expect(await leftOf(readNpzDataset(path, { images: 'x', maxBytes: 5 }))).toMatchObject({ expected: 'at most 5 bytes unpacked' });
  });
}); // oxfmt-ignore

test('an .npy file is an array', async () => {
  expect(right(await readNpy(file('labels.npy', labels))())).toEqual({ shape: [2], data: Float64Array.of(4, 0) });
});

describe('arrays', () => {
  test('of floating-point numbers in [-1, 1], grey without a channel axis', async () => {
    const data = right(datasetOfArrays({ images: { shape: [2, 1, 2], data: Float64Array.of(-1, 0.5, 0, 1) } }));
    expect(data.image).toEqual([1, 2, 1]);
    expect([...right(await data.batch(Int32Array.of(1))()).images]).toEqual([0, 1]);
  });

  const bytes = (...shape: readonly number[]) => ({ shape, data: new Uint8Array(shape.reduce((a, b) => a * b, 1)) });
  test.each([
    ['channels first', { images: bytes(2, 3, 8, 8) }, 'put the channels last: np.moveaxis(x, 1, -1)'],
    ['two channels', { images: bytes(2, 8, 8, 2) }, 'reshape or convert the array in NumPy'],
    ['one image', { images: bytes(8, 8) }, 'reshape or convert the array in NumPy'],
    ['integers of 16 bits', { images: { shape: [1, 1, 1], data: Uint16Array.of(1) } }, 'reshape or convert the array in NumPy'],
    ['another size', { images: bytes(2, 8, 8, 3), image: [8, 9, 3] }, 'make the model for images of this size'],
    ['labels of other images', { images: bytes(2, 8, 8), labels: bytes(3) }, 'give images and labels of the same split'],
  ] as const)('with %s are refused, with a hint', (_, given, hint) => {
    expect(datasetOfArrays(given)).toMatchObject({ left: { _tag: 'DecodeError', hint } });
  });
}); // oxfmt-ignore

describe('CIFAR-10', () => {
  const record = new Uint8Array(3073).fill(255, 1, 1025);
  test('is read from several files, with the names of its classes', async () => {
    const paths = [file('1.bin', record.with(0, 3)), file('2.bin', Uint8Array.of(...record.with(0, 9), ...record))];
    const data = right(await readCifar10(paths)());
    expect(data).toMatchObject({ size: 3, image: [32, 32, 3] });
    const batch = right(await data.batch(Int32Array.of(1))());
    expect([...batch.images.subarray(0, 3)]).toEqual([1, -1, -1]);
    expect(data.names.label[batch.labels![0]!]).toBe('truck');
  });

  test('names the file that is damaged, and refuses no files', async () => {
    const path = file('cut.bin', record.subarray(1));
    expect(await leftOf(readCifar10([file('1.bin', record), path]))).toMatchObject({ _tag: 'DecodeError', where: path });
    expect((await leftOf(readCifar10([])))._tag).toBe('DecodeError');
  });
}); // oxfmt-ignore
