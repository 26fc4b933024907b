/** Tests the programs of docs/data.md, in a folder with the files that they read, and with fewer steps. */
import { strToU8, zipSync } from 'fflate';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { testPage, workIn } from './page.js';

workIn(mkdtempSync(join(tmpdir(), 'noisefold-')));

const save = (path: string, bytes: Uint8Array): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
};
for (const [name, background] of [
  ['cats', 'orange'],
  ['dogs', 'brown'],
] as const)
  for (let i = 0; i < 4; i++)
    save(
      `pictures/${name}/${i}.jpg`,
      await sharp({ create: { width: 60, height: 40 + i, channels: 3, background } })
        .jpeg()
        .toBuffer(),
    );
save('pictures/dogs/names.txt', strToU8('Rex, Bello'));
save('cifar-10-batches-bin/data_batch_1.bin', new Uint8Array(2 * 3073));
save('train-images-idx3-ubyte.gz', gzipSync(Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 8)));
save('train-labels-idx1-ubyte.gz', gzipSync(Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 1, 0)));
const npy = (shape: string, data: readonly number[]): Uint8Array => {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': ${shape}, }\n`;
  return Uint8Array.of(...strToU8(`\x93NUMPY\x01\0${String.fromCharCode(header.length)}\0${header}`, true), ...data);
};
save(
  'pictures.npz',
  zipSync({ 'images.npy': npy('(2, 1, 1, 3)', [1, 2, 3, 4, 5, 6]), 'labels.npy': npy('(2,)', [0, 1]) }),
);

testPage('docs/data.md', (text) =>
  text
    .replaceAll('size: 32', 'size: 16')
    .replaceAll('32, 32, 3', '16, 16, 3')
    .replace('steps: 1000', 'steps: 2')
    .replace('batch: 16', 'batch: 2')
    .replace('base: 16, multipliers: [1, 2, 4]', 'base: 8, multipliers: [1, 2]')
    .replaceAll('grid: 25', 'grid: 2'),
);
