/** Files that a page was given, or fetched, as a data set. */
import { task, type Task } from '../../dsl/run/effect.js';
import { failure } from '../../internal/errors.js';
import { F, TE } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { genTask } from '../genEffect.js';
import type { Image } from './dataset.js';
import { type ImageFiles, imageOptions, type ImageOptions, imagesOf } from './imageFolder.js';
import { isPicture } from './labelling.js';
import type { Channels, Extents, Size } from './pictures.js';

/** The part of a `Blob` or a `File` that is read. */
export interface PictureFile {
  /** The type of a picture, such as `image/png`. */
  readonly type: string;
  readonly name?: string;
  /** The path in the folder that was chosen, from its name on. */
  readonly webkitRelativePath?: string;
  readonly arrayBuffer: () => Promise<ArrayBuffer>;
}

/** The path below the folder that was chosen; a blob has its number. */
const pathOf = ({ name, webkitRelativePath = '' }: PictureFile, i: number): string =>
  webkitRelativePath.split('/').slice(1).join('/') || (name ?? `${i}`);

/** Tests a file by its name, a blob by its type. */
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
 * Makes a data set of files and blobs, in the order of their paths: of an `<input type="file" multiple>`, of a folder chosen by
 * `<input webkitdirectory>`, whose subfolders are classes, or fetched. Options and errors are those of {@link imageFolder}. Browsers
 * decode what they can show; Node decodes by the package sharp.
 * @example
 * const png = unwrap(await encodePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(255) })())
 * const files = [new File([png], 'white.png'), new File(['a white dot'], 'about.txt')]
 * const data = unwrap(await imagesOfFiles(files, { size: 1, channels: 1 })())
 * data.ignored // → ['about.txt']
 * await data.batch(Int32Array.of(0))() // → E.right({ images: [1], labels: [-1] })
 */
export const imagesOfFiles = <const S extends Size, const C extends Channels = 3>(
  files: Iterable<PictureFile>,
  options: ImageOptions<S, C>,
): Task<ImageFiles<Image<Extents<S, C>>>> =>
  genTask('imagesOfFiles', function* () {
    yield* take(imageOptions('imagesOfFiles')(options));
    const given = [...files].map((file, i) => ({ file, path: pathOf(file, i) }));
    const sorted = given.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    const pictures = sorted.filter(isOne);
    const paths = pictures.map(({ path }) => path);
    const ignored = sorted.filter((one) => !isOne(one)).map(({ path }) => path);
    const read = (position: number): Task<Uint8Array> => readFile(paths[position]!, pictures[position]!.file);
    return yield* imagesOf('imagesOfFiles', { paths, ignored, place: F.identity, read }, options);
  });
