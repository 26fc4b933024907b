/** The classes of pictures, from the folders that they are in. */
import type { HostConditions } from '../conditions/hostValues.js';
import type { NoisefoldError } from '../dsl/index.js';
import { attempt, fail, raise } from '../internal/errors.js';
import { functionOf, oneOf, show } from '../internal/decode.js';
import { E, F, t, type either } from '../internal/fp.js';
import { listed } from '../internal/listed.js';
import { optional, type OptionsOf } from '../internal/schema.js';
import { suggestion } from '../internal/suggest.js';
import { type Names, namesPart } from './dataset.js';
import { type Cell, listsOf, namesIn } from './hostRows.js';

/** The class of a picture, by its path below the folder, with `/` between names: a name, or a number from 0 to 65535. */
export type LabelOf = (path: string) => string | number;

/**
 * The conditions of a picture, by its path below the folder, with `/` between names. A value that is missing, undefined, null or '' means
 * none, and so does undefined for the picture.
 */
export type ConditionsOf = (path: string) => Readonly<Record<string, Cell>> | undefined;

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
   * The names of all classes by the name of the condition, in the order of their numbers, such as those of another data set:
   * `{ label: ['cats', 'dogs'] }`. A picture of another class is an error. By default the names that occur, sorted.
   */
  names: optional(namesPart),
  /** The conditions of a picture, by its path below the folder: `(path) => ({ hair: 'long', glasses: null })`; '' is null too. */
  conditions: optional(functionOf<ConditionsOf>('a function of a path')),
};

/** Options for the classes of pictures. */
export interface Labelling extends OptionsOf<typeof labellingFields> {}

/** Pictures and their classes. */
export interface Labelled {
  /** The path of each picture, below the folder. */
  readonly files: readonly string[];
  /** The class of each picture; left out without classes. */
  readonly labels?: Int32Array;
  /** The values of each picture, by the name of the condition. */
  readonly conditions?: HostConditions;
  readonly names: Names;
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
 * The conditions of pictures as lists by name, and the names of their classes. Raises `ConfigError` if no picture has conditions, for names
 * of a condition that no picture has, and for a picture whose class is not in `known`.
 */
const conditionsOf = (
  where: string,
  files: readonly string[],
  of: ConditionsOf | undefined,
  known: Names = {},
): Pick<Labelled, 'conditions' | 'names'> => {
  if (of === undefined) return { names: known };
  const rows = files.map((file) => of(file));
  if (rows.every((row) => row === undefined))
    raise('ConfigError', {
      where: `${where}.conditions`,
      expected: `the conditions of a picture by its path, such as ${show(files[0])}`,
      actual: `undefined for each of the ${files.length} pictures`,
      hint: 'name the rows of a table by the paths of the pictures below the folder',
    });
  const conditions = listsOf(rows.map((row) => row ?? {}));
  const own = Object.keys(conditions);
  for (const [name, names] of Object.entries(known)) {
    if (!own.includes(name) && name !== 'label') {
      const meant = suggestion(name, own);
      raise('ConfigError', {
        where: `${where}.names`,
        expected: `names of the conditions of the pictures: ${listed(own)}`,
        actual: show(name),
        hint: meant === undefined ? 'give names to conditions that the pictures have' : `did you mean ${meant}?`,
      });
    }
    const values = conditions[name] ?? [];
    const at = values.findIndex((value) => typeof value === 'string' && !names.includes(value));
    if (at === -1) continue;
    const meant = suggestion(values[at] as string, names);
    raise('ConfigError', {
      where: `${where}.conditions`,
      expected: `a value of ${name}: ${listed(names)}`,
      actual: `${show(values[at])} for ${files[at]}`,
      hint: meant === undefined ? 'correct it, or add it to `names`' : `did you mean ${meant}?`,
    });
  }
  const lists = conditions as HostConditions; // cells of one kind; a model checks them
  return { conditions: lists, names: { ...namesIn(lists, known), ...known } };
};

/**
 * Assigns classes to pictures. Returns a `ConfigError` for a picture outside the folders, for a label or a value that is not a class, and
 * if no picture has conditions.
 */
export const labelled = (where: string, files: readonly string[], labelling: Labelling): Checked<Labelled> =>
  F.pipe(
    attempt(() => conditionsOf(where, files, labelling.conditions, labelling.names)),
    E.flatMap((own) => withLabels(where, { files, ...own }, labelling)),
  );

/** Adds the labels of pictures, and the names of their classes. */
const withLabels = (where: string, own: Labelled, { labels, names: known }: Labelling): Checked<Labelled> => {
  const { files, names } = own;
  const classes = known?.['label'];
  const isFlat = labels === undefined && files.every((file) => !file.includes('/'));
  if (labels === 'none' || isFlat) return E.right(own);
  return F.pipe(
    namesOf(where, files, labels),
    E.flatMap((named): Checked<Labelled> => {
      const numbers = named.filter(isNumber);
      const all =
        classes ??
        (numbers.length === named.length
          ? Array.from({ length: numbers.reduce((most, n) => Math.max(most, n + 1), 0) }, (_, i) => `${i}`)
          : [...new Set(named.map(String))].sort());
      const at = new Map(all.map((name, i) => [name, i]));
      const indices = named.map((name) => (isNumber(name) ? (name < all.length ? name : undefined) : at.get(name as string)));
      const wrong = indices.findIndex(
        (label, i) => label === undefined || (typeof named[i] === 'number') !== (numbers.length === named.length),
      );
      return wrong === -1
        ? E.right({ ...own, labels: Int32Array.from(indices as readonly number[]), names: { ...names, label: all } }) // no label is undefined
        : fail('ConfigError', {
            where: `${where}.labels`,
            expected: classes === undefined ? 'names of classes, or numbers from 0 to 65535' : `one of the classes ${all.join(', ')}`,
            actual: `${named[wrong]} for ${files[wrong]}`,
            hint: 'label all pictures by names or all by numbers; pass the `names` of the training data of a model',
          });
    }),
  );
}; // oxfmt-ignore
