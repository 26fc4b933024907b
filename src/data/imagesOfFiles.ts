/** Makes data sets of files that a web page received or fetched. */
import { task, type Task } from '../dsl/run/effect.js';
import type { Exact } from '../internal/exact.js';
import { refined } from '../internal/decode.js';
import { failure } from '../internal/errors.js';
import { F, t, TE } from '../internal/fp.js';
import { take } from '../internal/gen.js';
import { part } from '../internal/parts.js';
import { argument, schema } from '../internal/schema.js';
import { genTask } from '../dsl/run/genEffect.js';
import type { ImageShapeOf } from './dataset.js';
import { imageFields, type ImageFiles, type ImageOptions, imagesOf } from './imageFolder.js';
import { isPicture } from './labelling.js';
import type { Extents, PictureChannels, Size } from './pictures.js';

/** The members of a `Blob` or a `File` that are used. */
export interface PictureFile {
  /** The type of a picture, such as `image/png`. */
  readonly type: string;
  readonly name?: string;
  /** The path, starting with the name of the chosen folder. */
  readonly webkitRelativePath?: string;
  readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

const options = schema('imagesOfFiles', imageFields);

const where = 'imagesOfFiles: files';
const iterable = refined(t.unknown, 'an iterable of files', (files) => Symbol.iterator in Object(files));
const someFiles = argument(where, iterable, 'give files of an input, or blobs, in an array');
const eachFile = argument(where, t.array(part<PictureFile>('a file', 'type', 'arrayBuffer')), 'give files or blobs');

/** The path below the chosen folder. For a blob it is the index of the blob. */
const pathOf = ({ name, webkitRelativePath = '' }: PictureFile, i: number): string =>
  webkitRelativePath.split('/').slice(1).join('/') || (name ?? `${i}`);

/** Tests if a file is a picture, by its name, or by its type if it is a blob. */
const isOne = ({ file: { name, type }, path }: { readonly file: PictureFile; readonly path: string }): boolean =>
  name === undefined ? type === '' || type.startsWith('image/') : isPicture(path);

const readFile = (where: string, file: PictureFile): Task<Uint8Array> =>
  F.pipe(
    TE.tryCatch(
      async () => new Uint8Array(await file.arrayBuffer()),
      (thrown) =>
        failure('FileError', {
          where,
          expected: 'a file to read',
          actual: String(thrown),
          hint: 'choose the files again: they may have changed or moved',
        }),
    ),
    task,
  );

/**
 * Makes a data set of files and blobs, in the order of their paths. They may come from an
 * `<input type="file" multiple>`, from a folder chosen by `<input webkitdirectory>`, whose subfolders are classes, or
 * from `fetch`. The options and the errors are those of {@link imageFolder}. Browsers decode the formats that they can
 * display; Node decodes by the package sharp.
 * @example
 * const png = unwrap(await encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(255) })())
 * const files = [new File([png], 'white.png'), new File(['a white dot'], 'about.txt')]
 * const data = unwrap(await imagesOfFiles(files, { size: 1, channels: 1 })())
 * data.ignored // → ['about.txt']
 * unwrap(await data.batch(Int32Array.of(0))()) // → { images: [1] }
 */
export const imagesOfFiles = <const S extends Size, const C extends PictureChannels = 3, G = unknown>(
  files: Iterable<PictureFile>,
  settings: Exact<G, keyof ImageOptions> & ImageOptions<S, C>,
): Task<ImageFiles<ImageShapeOf<Extents<S, C>>>> =>
  genTask('imagesOfFiles', function* () {
    const known = yield* take(options.decode<ImageOptions<S, C>>(settings));
    yield* take(someFiles.decode(files));
    const all = (yield* take(eachFile.decode([...files]))).map((file, i) => ({ file, path: pathOf(file, i) }));
    const sorted = all.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    const pictures = sorted.filter(isOne);
    const paths = pictures.map(({ path }) => path);
    const ignored = sorted.filter((one) => !isOne(one)).map(({ path }) => path);
    const read = (position: number): Task<Uint8Array> => readFile(paths[position]!, pictures[position]!.file);
    return yield* imagesOf('imagesOfFiles', { paths, ignored, place: F.identity, read }, known);
  });
