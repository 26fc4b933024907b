/**
 * Programs as short texts, each with what both compilers must say about it. The brackets «…» mark the place of a mistake:
 * the one error starts inside them. The names that a program uses are imported from the public entries.
 */

/**
 * The kind of a program. `right` is well typed, and `wrong` has one mistake. Types could overlook the mistake of the others:
 * they find that of a `hit`, and overlook that of a `miss`.
 */
export type Kind = 'right' | 'wrong' | 'hit' | 'miss';

/** A range of a text; the end is not included. */
type Span = readonly [from: number, to: number];

interface Source {
  readonly kind: Kind;
  readonly text: string;
  /** The place of the mistake; null for a program without a mark. */
  readonly mark: Span | null;
}

/** A program of a group. */
export interface Program extends Source {
  readonly group: string;
  readonly name: string;
  /** Declarations that come first in each program of the group. */
  readonly prelude: string;
}

/** Removes empty lines at both ends, and the indentation that all lines share. */
const dedent = (text: string): string => {
  const lines = text.replace(/^\s*\n|\n\s*$/g, '').split('\n');
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const indent = Math.min(...indents);
  return lines.map((line) => line.slice(indent)).join('\n');
};

const [OPEN, CLOSE] = ['«', '»'];

const sourceFrom = (kind: Kind, whole: string): Source => {
  const [from, to] = [whole.indexOf(OPEN), whole.indexOf(CLOSE) - 1];
  if (whole.split(OPEN).length > 2 || (kind === 'wrong' && from < 0)) throw new Error(`one mark is needed: ${whole}`);
  return { kind, text: whole.replaceAll(/[«»]/g, ''), mark: from < 0 ? null : [from, to] };
};

const sourceOf =
  (kind: Kind) =>
  (strings: TemplateStringsArray): Source =>
    sourceFrom(kind, dedent(strings.raw.join('')));

/** A program that compiles. */
export const right = sourceOf('right');
/** A program with one mistake, which is one error, inside the mark. */
export const wrong = sourceOf('wrong');
/** A program with a mistake that types could miss, and that is an error. */
export const hit = sourceOf('hit');
/** A program with a mistake that types miss, so that it compiles. */
export const miss = sourceOf('miss');

/** A right program with changes, each of a text that it has once: a mistake, or the mark of the place that it breaks. */
export const mistake = ({ text }: Source, ...changes: readonly (readonly [before: string, after: string])[]): Source =>
  sourceFrom(
    'wrong',
    changes.reduce((whole, [before, after]) => {
      if (whole.split(before).length !== 2) throw new Error(`not once in the program: ${before}`);
      return whole.replace(before, after);
    }, text),
  );

/** Programs by name, which share declarations. */
export const group = (
  name: string,
  programs: Readonly<Record<string, Source>>,
  prelude: Source = right``,
): readonly Program[] =>
  Object.entries(programs).map(([title, source]) => ({ ...source, group: name, name: title, prelude: prelude.text }));
