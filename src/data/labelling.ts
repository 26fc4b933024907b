/** The classes of pictures, from the folders that they are in. */
import type { NoisefoldError } from '../dsl/index.js';
import { fail } from '../internal/errors.js';
import { functionOf, oneOf } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';
import { optional, type OptionsOf } from '../internal/schema.js';
import { classNames, NO_CLASS } from './dataset.js';

/** The class of a picture, by its path below the folder, with `/` between names: a name, or a number from 0 to 65535. */
export type LabelOf = (path: string) => string | number;

/** The fields of a {@link Labelling}. */
export const labellingFields = {
  /**
   * `folders`: the class is the name of the outermost subfolder. `none`: there are no classes. By default `folders` if
   * the pictures are in subfolders, and `none` if all are in the folder itself.
   */
  labels: optional(
    t.union([oneOf('folders', 'none'), functionOf<LabelOf>('labels')], "'folders', 'none' or a function of a path"),
  ),
  /**
   * The names of all classes, in the order of their labels, such as those of another data set. By default the names
   * that occur, sorted.
   */
  classes: optional(classNames),
};

/** Options for the classes of pictures. */
export interface Labelling extends OptionsOf<typeof labellingFields> {}

/** Pictures and their classes. */
export interface Labelled {
  /** The path of each picture, below the folder. */
  readonly files: readonly string[];
  /** The class of each picture, -1 for none. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
}

/** Hidden files, and the copies that macOS leaves in archives. */
export const isHidden = (name: string): boolean => name.startsWith('.') || name === '__MACOSX';

/** The formats of pictures that can be decoded. */
export const isPicture = (path: string): boolean =>
  /\.(jpe?g|png|webp|gif|tiff?|avif)$/i.test(path) && !path.split('/').some(isHidden);

const MOST_CLASSES = 2 ** 16;

const isNumber = (label: unknown): label is number =>
  Number.isInteger(label) && (label as number) >= 0 && (label as number) < MOST_CLASSES;

type Checked<A> = either.Either<NoisefoldError, A>;

/** The names by which the pictures are labelled. */
const namesOf = (where: string, files: readonly string[], labels: Labelling['labels']): Checked<readonly (string | number)[]> => {
  if (typeof labels === 'function') return E.right(files.map((file) => labels(file)));
  const loose = files.find((file) => !file.includes('/'));
  return loose === undefined
    ? E.right(files.map((file) => file.split('/')[0]!))
    : fail('ConfigError', {
        where: `${where}.labels`,
        expected: 'every picture in the folder of its class',
        actual: `${loose} beside the folders`,
        hint: "move it, or pass labels: 'none' or a function of the path",
      });
}; // oxfmt-ignore

/**
 * Assigns classes to pictures. Returns a `ConfigError` for a picture outside the folders, and for a label that is not a
 * class.
 */
export const labelled = (where: string, files: readonly string[], { labels, classes }: Labelling): Checked<Labelled> => {
  const isFlat = labels === undefined && files.every((file) => !file.includes('/'));
  if (labels === 'none' || isFlat)
    return E.right({ files, labels: new Int32Array(files.length).fill(NO_CLASS), classes: classes ?? [] });
  return F.pipe(
    namesOf(where, files, labels),
    E.flatMap((names): Checked<Labelled> => {
      const numbers = names.filter(isNumber);
      const all =
        classes ??
        (numbers.length === names.length
          ? Array.from({ length: numbers.reduce((most, n) => Math.max(most, n + 1), 0) }, (_, i) => `${i}`)
          : [...new Set(names.map(String))].sort());
      const at = new Map(all.map((name, i) => [name, i]));
      const indices = names.map((name) => (isNumber(name) ? (name < all.length ? name : undefined) : at.get(name as string)));
      const wrong = indices.findIndex(
        (label, i) => label === undefined || (typeof names[i] === 'number') !== (numbers.length === names.length),
      );
      return wrong === -1
        ? E.right({ files, labels: Int32Array.from(indices as readonly number[]), classes: all }) // no label is undefined
        : fail('ConfigError', {
            where: `${where}.labels`,
            expected: classes === undefined ? 'names of classes, or numbers from 0 to 65535' : `one of the classes ${all.join(', ')}`,
            actual: `${names[wrong]} for ${files[wrong]}`,
            hint: 'label all pictures by names or all by numbers; pass the `classes` of the training data of a model',
          });
    }),
  );
}; // oxfmt-ignore
