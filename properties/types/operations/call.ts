/** Calls as text, in both forms of an operation: `sub(x, y)` and `pipe(x, sub(y))`. */

export const FORMS = ['data-first', 'piped'] as const;
export type Form = (typeof FORMS)[number];

export interface Call {
  readonly name: string;
  readonly args: readonly string[];
}

const OPEN = '([{';
const CLOSE = ')]}';

/** Splits the text of arguments at the commas that are outside brackets and quotes. */
const splitArguments = (text: string): readonly string[] => {
  const parts: string[] = [];
  let [depth, quoted, start] = [0, false, 0];
  for (const [i, c] of [...text].entries()) {
    if (c === "'") quoted = !quoted;
    if (quoted) continue;
    if (OPEN.includes(c)) depth++;
    if (CLOSE.includes(c)) depth--;
    if (c === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== '');
};

/** Reads a data-first call: its name, and its arguments. */
export const callOf = (text: string): Call => {
  const [, name, args] = /^(\w+)\((.*)\)$/s.exec(text) ?? [];
  if (name === undefined) throw new Error(`not a call: ${text}`);
  return { name, args: splitArguments(args!) };
};

/** A range of a text; the end is not included. */
export type Span = readonly [from: number, to: number];

/** The text of a call, and the ranges of its parts. */
export interface CallText {
  readonly text: string;
  /** The arguments of the data-first form, in its order. */
  readonly args: readonly Span[];
  /** The operator of a pipe; null in the data-first form. */
  readonly operator: Span | null;
}

/** The ranges of texts that are joined by commas. */
const spansOf = (start: number, texts: readonly string[]): readonly Span[] =>
  texts.map((text, i): Span => {
    const from = start + texts.slice(0, i).reduce((length, one) => length + one.length + 2, 0);
    return [from, from + text.length];
  });

/** Writes a call in one of its forms. In a pipe an operator without arguments is a call if `optional`: `pipe(x, sum())`. */
export const writtenAs = ({ name, args }: Call, form: Form, optional: boolean): CallText => {
  if (form === 'data-first')
    return { text: `${name}(${args.join(', ')})`, args: spansOf(name.length + 1, args), operator: null };
  const [first = '', ...rest] = args;
  const operator = rest.length === 0 && !optional ? name : `${name}(${rest.join(', ')})`;
  const start = `pipe(${first}, `.length;
  return {
    text: `pipe(${first}, ${operator})`,
    args: [...spansOf('pipe('.length, [first]), ...spansOf(start + name.length + 1, rest)],
    operator: [start, start + operator.length],
  };
};
