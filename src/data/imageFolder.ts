/** Reads a folder of pictures as a data set, in Node with sharp. */
import type { Task } from '../dsl/run/effect.js';
import type { Exact } from '../internal/exact.js';
import { fail, orRaise } from '../internal/errors.js';
import { F, t, TE } from '../internal/fp.js';
import { type Block, take } from '../internal/gen.js';
import { argument, type Filled, optional, schema } from '../internal/schema.js';
import { readBytes } from '../node/files.js';
import { node, onFile } from '../node/node.js';
import { genTask } from '../dsl/run/genEffect.js';
import type { Dataset, ImageShape, ImageShapeOf, Names } from './dataset.js';
import { bytesToKeep, CACHE, decodedDataset } from './decoded.js';
import { decoderOf } from './decoders.js';
import { isHidden, isPicture, labelled, type Labelling, labellingFields } from './labelling.js';
import {
  type Extents,
  type PictureChannels,
  pictureFields,
  type PictureOptions,
  planOf,
  type Size,
} from './pictures.js';

/** Options for turning files of pictures into images with labels. */
export interface ImageOptions<S extends Size = Size, C extends PictureChannels = PictureChannels> extends PictureOptions<S, C>, Labelling {
  /**
   * The maximum size of the decoded images that are kept in memory, in bytes; 64 MiB by default, Infinity for all. If
   * all images fit, they are decoded before the first step, which finds every broken file; otherwise each batch is
   * decoded while the step before it runs.
   */
  readonly cache?: number;
} // oxfmt-ignore

/** Images of files. */
export interface ImageFiles<I extends ImageShape = ImageShape> extends Dataset<I> {
  /** The names of the classes, by the name of the condition: `label` for those of the folders; empty without classes. */
  readonly names: Names;
  /** The file of each image, below the folder, with `/` between names. */
  readonly files: readonly string[];
  /**
   * The files and folders that were left out: files that are not pictures, empty and hidden folders (which end with
   * `/`), and links to a folder that was already read.
   */
  readonly ignored: readonly string[];
}

/** The fields of {@link ImageOptions}. */
export const imageFields = { ...pictureFields, ...labellingFields, cache: optional(bytesToKeep, CACHE) };
const imageOptions = schema('imageFolder', imageFields);

/** Files, by their paths below a folder. */
interface Source {
  /** The paths of the pictures, and of everything that was left out. */
  readonly paths: readonly string[];
  readonly ignored: readonly string[];
  /** The name of a file in messages. */
  readonly place: (path: string) => string;
  readonly read: (position: number) => Task<Uint8Array>;
}

/** Makes the data set of a source, for the function `where`. */
export function* imagesOf<const S extends Size, const C extends PictureChannels>(
  where: string,
  { paths, ignored, place, read }: Source,
  options: Filled<typeof imageFields, ImageOptions<S, C>>,
): Block<ImageFiles<ImageShapeOf<Extents<S, C>>>> {
  const plan = planOf(options);
  if (paths.length === 0)
    yield* take(
      fail('DecodeError', {
        where: `${where}${place('') === '' ? '' : `, ${place('')}`}`,
        expected: 'at least one picture: .jpg, .png, .webp, .gif, .tiff or .avif',
        actual: `none, and ${ignored.length} other files or folders`,
        hint: 'check the path, and convert pictures of other formats',
      }),
    );
  const known = yield* take(labelled(where, paths, options));
  const decode = yield* take(decoderOf(where, plan));
  const bytesAt = (position: number) =>
    F.pipe(
      read(position),
      TE.flatMap((bytes) => decode(place(paths[position]!), bytes)),
    );
  const extents: readonly [number, number, number] = [plan.height, plan.width, plan.channels];
  const image = extents as Extents<S, C> & typeof extents; // the size and the channels that S and C give
  const data = decodedDataset(image, known, options.cache, bytesAt);
  return { ...data, names: known.names, files: known.files, ignored };
}

/**
 * The files below a folder, sorted by name. Links are followed after the other entries, and every folder is read once,
 * so that circular links end.
 */
const filesIn = async (root: string): Promise<Pick<Source, 'paths' | 'ignored'>> => {
  const { join, readdir, realpath, stat } = node();
  const read = new Set<string>();
  const files: string[] = [];
  const ignored: string[] = [];
  const walk = async (below: string): Promise<void> => {
    const folder = join(root, below);
    const look = async () => [await realpath(folder), await readdir(folder, { withFileTypes: true })] as const;
    const [real, entries] = orRaise(await onFile(folder, 'a folder to read', look)());
    if (read.has(real)) return void ignored.push(below);
    read.add(real);
    if (entries.length === 0 && below !== '') ignored.push(below);
    const sorted = entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of [...sorted.filter((one) => !one.isSymbolicLink()), ...sorted.filter((one) => one.isSymbolicLink())]) {
      const path = below + entry.name;
      const is = entry.isSymbolicLink() ? await stat(join(root, path)).catch(() => null) : entry; // null for a broken link
      if (is?.isDirectory() === true) await (isHidden(entry.name) ? ignored.push(`${path}/`) : walk(`${path}/`));
      else (is?.isFile() === true && isPicture(path) ? files : ignored).push(path);
    }
  };
  await walk('');
  return { paths: files.sort(), ignored: ignored.sort() };
}; // oxfmt-ignore

const folderPath = argument('imageFolder.path', t.string, 'give the path of a folder');

/**
 * Makes a data set of the pictures in a folder and its subfolders: JPEG, PNG, WebP, GIF, TIFF and AVIF. Pixels are in
 * [-1, 1], and pictures are rotated according to EXIF. Subfolders are classes, as in torchvision's `ImageFolder`;
 * pictures in the folder itself have none. Files are decoded by the package sharp when their batch is loaded. Fails
 * with `ConfigError` for an invalid option or without sharp, with `FileError` for a folder or file that cannot be read,
 * and with `DecodeError` for a folder without pictures and for a broken or too large picture, which the error names.
 * @example
 * import { tmpdir } from 'node:os'
 * const folder = `${tmpdir()}/pets-${process.pid}`
 * const grey = unwrap(await encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(255) })())
 * for (const path of ['cats/tom.png', 'dogs/rex.PNG', 'dogs/names.txt']) await writeAtomically(`${folder}/${path}`, grey)()
 * const pets = unwrap(await imageFolder(folder, { size: 32 })())
 * pets.image // → [32, 32, 3]
 * pets.names // → { label: ['cats', 'dogs'] }
 * pets.files // → ['cats/tom.png', 'dogs/rex.PNG']
 * pets.ignored // → ['dogs/names.txt']
 * unwrap(await pets.batch(Int32Array.of(1))()).labels // → [1]
 */
export const imageFolder = <const S extends Size, const C extends PictureChannels = 3, G = unknown>(
  path: string,
  options: Exact<G, keyof ImageOptions> & ImageOptions<S, C>,
): Task<ImageFiles<ImageShapeOf<Extents<S, C>>>> =>
  genTask('imageFolder', function* () {
    yield* take(folderPath.decode(path));
    const known = yield* take(imageOptions.decode<ImageOptions<S, C>>(options));
    const { paths, ignored } = yield* take(TE.fromTask(() => filesIn(path))); // an error that it raises becomes a Left
    const place = (file: string): string => node().join(path, file);
    const read = (position: number): Task<Uint8Array> => readBytes(place(paths[position]!));
    return yield* imagesOf('imageFolder', { paths, ignored, place, read }, known);
  });
