/** Writes the images of shards for other programs: as a folder of PNG files, or as an .npz file. */
import { Zip, ZipPassThrough } from 'fflate';
import type { Task } from '../dsl/run/effect.js';
import { encodePng } from '../formats/png.js';
import { raise, showShape } from '../internal/errors.js';
import { E } from '../internal/fp.js';
import { type Block, take } from '../internal/gen.js';
import { makeFolder, writeAtomically, writeWith } from '../node/files.js';
import { node, onFile } from '../node/node.js';
import { imageGrid } from '../reports/imageGrid.js';
import type { Images } from '../training/index.js';
import { genTask } from '../dsl/run/genEffect.js';
import { allFiles, imagesIn } from './works/results.js';
import type { ShardFile, ShardFiles } from './works/sharding.js';

/** The images of a batch, one by one. */
const single = ({ data, shape: [count, ...image] }: Images): readonly Images[] => {
  const each = data.length / count;
  return Array.from({ length: count }, (_, i) => ({
    data: data.subarray(i * each, (i + 1) * each),
    shape: [1, ...image],
  }));
};

/**
 * Writes each image of `sampleShards` as a PNG file, `000000.png` and so on by its index. Files of this name are replaced.
 * Fails with the error of a job that failed, with `FileError`, and with `ShapeError` for images that are neither grey nor RGB.
 * @example
 * import { tmpdir } from 'node:os'
 * const none = { files: [], failures: [], computed: 0, reused: 0, retries: 0 }
 * unwrap(await savePngs(none, `${tmpdir()}/pngs-${process.pid}`)()) // → 0
 */
export const savePngs = (shards: ShardFiles, folder: string): Task<number> =>
  genTask('savePngs', function* () {
    const files = yield* take(allFiles('savePngs', shards));
    yield* take(onFile(folder, 'a folder to write', () => makeFolder(folder)));
    let count = 0; // mutable
    for (const file of files)
      for (const [i, image] of single(yield* imagesIn(file)).entries()) {
        const name = `${file.range[0] + i}`.padStart(6, '0');
        const png = yield* take(encodePng(yield* take(imageGrid(image))));
        yield* take(writeAtomically(node().join(folder, `${name}.png`), png));
        count++;
      }
    return count;
  });

/** The header of an array of bytes in NumPy's format, version 1.0. */
const npyHeader = (shape: readonly number[]): Uint8Array => {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10; // the numbers begin at a multiple of 64
  const ascii = (characters: string): Uint8Array => new TextEncoder().encode(characters);
  const version = [1, 0];
  return Uint8Array.of(
    0x93,
    ...ascii('NUMPY'),
    ...version,
    length % 256,
    length >> 8,
    ...ascii(`${text.padEnd(length - 1)}\n`),
  );
};

/** Bytes of numbers in [-1, 1], as pictures have them. */
const bytesOf = (data: Float32Array): Uint8Array =>
  new Uint8Array(Uint8ClampedArray.from(data, (x) => (x + 1) * 127.5).buffer);

/** The maximum size of an .npz file, whose archive has lengths of 32 bits. */
const MOST_BYTES = 2 ** 32 - 2 ** 16;

/** Writes an archive with one array, without compression, in pieces. */
function* archive(path: string, shape: readonly number[], files: readonly ShardFile[]): Block<void> {
  const write = async (handle: { readonly writeFile: (bytes: Uint8Array) => Promise<void> }): Promise<void> => {
    const pieces: Uint8Array[] = []; // mutable: the chunks that the archive writes
    const flush = async (): Promise<void> => {
      for (const piece of pieces.splice(0)) await handle.writeFile(piece);
    };
    const zip = new Zip((error, piece) => {
      if (error !== null) throw error;
      pieces.push(piece);
    });
    const entry = new ZipPassThrough('arr_0.npy');
    zip.add(entry);
    entry.push(npyHeader(shape));
    for (const file of files) {
      const images = await genTask('saveNpz', () => imagesIn(file))();
      if (E.isLeft(images)) return raise(images.left._tag, images.left);
      entry.push(bytesOf(images.right.data));
      await flush();
    }
    entry.push(new Uint8Array(0), true);
    zip.end();
    await flush();
  };
  yield* take(writeWith(path, write));
}

/**
 * Writes the images of `sampleShards` as an .npz file with one array, `arr_0` of bytes [count, height, width, channels], which
 * the evaluation of guided-diffusion takes. One job is in memory at a time. Fails with the error of a job that failed, with
 * `ConfigError` for more than 4 GiB or no images, and with `FileError`; an older file is then kept.
 * @example
 * const none = { files: [], failures: [], computed: 0, reused: 0, retries: 0 }
 * const result = await saveNpz(none, 'samples.npz')()
 * isLeft(result) && result.left.expected // → 'at least one image'
 */
export const saveNpz = (shards: ShardFiles, path: string): Task<void> =>
  genTask('saveNpz', function* () {
    const files = yield* take(allFiles('saveNpz', shards));
    const [first] = files;
    if (first === undefined)
      return raise('ConfigError', {
        where: 'saveNpz',
        expected: 'at least one image',
        actual: 'none',
        hint: 'draw some',
      });
    const [, ...image] = (yield* imagesIn(first)).shape;
    const shape = [files.reduce((sum, { range: [, count] }) => sum + count, 0), ...image];
    if (shape.reduce((a, b) => a * b, 1) > MOST_BYTES)
      raise('ConfigError', {
        where: 'saveNpz',
        expected: 'at most 4 GiB of pixels',
        actual: `images ${showShape(shape)}`,
        hint: 'write PNG files: savePngs',
      });
    return yield* archive(path, shape, files);
  });
