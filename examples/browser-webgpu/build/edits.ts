/** Edits of source text by rules for the nodes of its syntax tree. */

/** A node of a syntax tree (ESTree), with its place in the source. */
export interface Syntax {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A part of the source, and the text in its place. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export const isSyntax = (x: unknown): x is Syntax => typeof Object(x).type === 'string';

export const nameOf = (n: unknown): string => {
  const { name, value } = Object(n) as { readonly name?: string; readonly value?: unknown };
  return name ?? String(value);
};

export const isText = ({ type, value }: Syntax): boolean =>
  type === 'TemplateLiteral' || (type === 'Literal' && typeof value === 'string');

export const replaced = ({ start, end }: Syntax, text: string): Edit => ({ start, end, text });

/** The value of a property, unless it is a pattern. */
const valued = (n: Syntax, text: string): readonly Edit[] | null =>
  n['shorthand'] === true ? null : [replaced(n['value'] as Syntax, text)];

/** The edits that a node asks for, in the order of the source; null if it stays, and its parts may change. */
export type Rule = (n: Syntax, rest: (parts: readonly Syntax[]) => readonly Edit[]) => readonly Edit[] | null;

/** A rule for the calls of some functions. */
export const inCalls =
  (
    functions: RegExp,
    rule: (args: readonly Syntax[], call: Syntax, rest: Parameters<Rule>[1]) => ReturnType<Rule>,
  ): Rule =>
  (n, rest) =>
    n.type === 'CallExpression' && functions.test(nameOf(n['callee']))
      ? rule(n['arguments'] as readonly Syntax[], n, rest)
      : null;

/** A rule for the properties of some names. */
export const inProperties =
  (names: RegExp, text: string): Rule =>
  (n) =>
    n.type === 'Property' && names.test(nameOf(n['key'])) ? valued(n, text) : null;

/** Replaces a node by a part of it, in parentheses. */
export const inParentheses = (part: Syntax, whole: Syntax, rest: Parameters<Rule>[1], after = ''): readonly Edit[] => [
  { start: whole.start, end: part.start, text: '(' },
  ...rest([part]),
  { start: part.end, end: whole.end, text: `)${after}` },
];

/** The source after edits, which do not overlap. */
export const edited = (code: string, edits: readonly Edit[]): string => {
  const parts = edits.map(({ start, text }, i) => code.slice(edits[i - 1]?.end ?? 0, start) + text);
  return parts.join('') + code.slice(edits.at(-1)?.end ?? 0);
};
