/** Uses as lines of TypeScript: each is a function of the operands. */
import { evaluateDim } from '../../../src/dsl/types/dimExpression.js';
import { E } from '../../../src/internal/fp.js';
import { callOf, type Form, type Span, type CallText, writtenAs } from './call.js';
import { broken, type Kind, leafOf, type Usage, type Words } from './usage.js';

/**
 * The values of symbols: numbers, or `Dim`, which is known only at run time. A symbol without a value stays a symbol.
 */
export type Bindings = Readonly<Record<string, number | 'Dim'>>;

const SYMBOLS = ['B', 'H', 'W', 'C', 'D', 'N'] as const;

/** Different numbers for all symbols, and others for each `turn`. */
export const literals = (turn = 0): Bindings => ({
  B: 8 + turn,
  H: 28 + 2 * turn,
  W: 20 + 2 * turn,
  C: 64 + turn, // for groups and heads
  D: 32 + turn,
  N: 12 + turn,
});

/** Numbers for the symbols that are arguments of the call: an argument is a number. */
const inCall = ({ use }: Usage): Bindings =>
  Object.fromEntries(Object.entries(literals()).filter(([symbol]) => use.includes(`{${symbol}}`)));

/** The values of the symbols of a use in its well-typed lines. */
export const bindingsOf = (usage: Usage): Readonly<Record<string, Bindings>> => ({
  literals: literals(),
  symbols: inCall(usage),
  wide: Object.fromEntries(SYMBOLS.map((symbol) => [symbol, 'Dim'])),
});

const isNumber = (bound: number | 'Dim' | undefined): bound is number => typeof bound === 'number';

const extentText = (word: string, bindings: Bindings): string => {
  const symbols = SYMBOLS.filter((symbol) => new RegExp(`\\b${symbol}\\b`).test(word));
  if (word === 'Dim' || symbols.some((symbol) => bindings[symbol] === 'Dim')) return 'Dim';
  if (symbols.length > 0 && symbols.every((symbol) => !(symbol in bindings))) return `'${word}'`;
  const numbers = Object.fromEntries(
    Object.entries(bindings).filter((entry): entry is [string, number] => isNumber(entry[1])),
  );
  const extent = evaluateDim(/^\d+$/.test(word) ? Number(word) : word, numbers);
  if (E.isLeft(extent)) throw new Error(`${word}: ${extent.left.message}`);
  return `${extent.right}`;
};

/** A type in TypeScript. */
const typeText = (words: Words, bindings: Bindings): string => {
  if (typeof words === 'string') {
    if (words === 'key') return 'Key';
    const { extents, dtype } = leafOf(words);
    const shape = `[${extents.map((word) => extentText(word, bindings)).join(', ')}]`;
    return `Tensor<${shape}${dtype === 'float32' ? '' : `, '${dtype}'`}>`;
  }
  if (Array.isArray(words)) return `readonly [${words.map((part: Words) => typeText(part, bindings)).join(', ')}]`;
  const fields = Object.entries(words).map(([name, part]) => `readonly ${name}: ${typeText(part, bindings)}`);
  return `{ ${fields.join('; ')} }`;
};

const params = (types: Usage['operands'], use: string, bindings: Bindings): string => {
  const operands = Object.entries(types).map(([name, words]) => `${name}: ${typeText(words, bindings)}`);
  const wide = /\{[A-Z]\}/.test(use) && Object.values(bindings).includes('Dim') ? ['n: number'] : [];
  return `(${[...operands, ...wide].join(', ')})`;
};

const filled = (use: string, bindings: Bindings): string =>
  use.replaceAll(/\{([A-Z])\}/g, (_, symbol: string) => (bindings[symbol] === 'Dim' ? 'n' : `${bindings[symbol]}`));

/** The forms that a use has. */
export const formsOf = ({ piped }: Usage): readonly Form[] =>
  piped === 'none' ? ['data-first'] : ['data-first', 'piped'];

const textOf = ({ piped }: Usage, use: string, form: Form, bindings: Bindings): CallText =>
  writtenAs(callOf(filled(use, bindings)), form, piped === 'call');

/** `(x: Tensor<[8, 64]>) => exp(x)`, or `… => pipe(x, exp)` */
export const callLine = (usage: Usage, form: Form, bindings: Bindings): string =>
  `${params(usage.operands, usage.use, bindings)} => ${textOf(usage, usage.use, form, bindings).text}`;

/** The same, checking that its result has exactly the stated type. */
export const wellTypedLine = (usage: Usage, form: Form, bindings: Bindings): string => {
  const call = textOf(usage, usage.use, form, bindings).text;
  const start = params(usage.operands, usage.use, bindings);
  return `${start} => expectType<${typeText(usage.gives, bindings)}>()(${call})`;
};

/** A result of which the first part is wrong. */
const brokenResult = (kind: Kind, words: Words): Words => {
  if (typeof words === 'string') return broken[kind](words);
  const [[name, first] = ['', ''], ...rest] = Object.entries<Words>(words as Readonly<Record<string, Words>>);
  const parts = [[name, brokenResult(kind, first)] as const, ...rest];
  return Array.isArray(words) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
};

/** A use with one mistake, and the places at which its error may be, in its text. */
export interface WrongLine {
  readonly text: string;
  /** The wrong argument; the whole call, if only its result is wrong. */
  readonly mistake: readonly Span[];
  /** In a pipe: the operator and the first operand, which TypeScript compares. */
  readonly operator: Span | null;
  readonly first: Span | null;
}

/** The wrong arguments of a use, by index. */
const mistaken = ({ use, operands, wrong }: Usage, kind: Kind): readonly number[] => {
  const { operands: changed = {}, use: other, at } = wrong[kind];
  const names = at === undefined ? Object.keys(changed).filter((name) => name in operands) : [at];
  const { args } = callOf(other ?? use);
  const isChanged = (arg: string, i: number): boolean =>
    other === undefined ? names.some((name) => new RegExp(`\\b${name}\\b`).test(arg)) : arg !== callOf(use).args[i];
  return args.flatMap((arg, i) => (isChanged(arg, i) ? [i] : []));
};

/** A use with one mistake. */
export const wrongLine = (usage: Usage, kind: Kind, form: Form): WrongLine => {
  const wrong = usage.wrong[kind];
  const gives = wrong.free === undefined ? undefined : brokenResult(kind, usage.gives);
  const { text, args, operator } = textOf(usage, wrong.use ?? usage.use, form, literals());
  const result = gives === undefined ? '' : `: ${typeText(gives, literals())}`;
  const start = `${params({ ...usage.operands, ...wrong.operands }, '', literals())}${result} => `;
  const moved = ([from, to]: Span): Span => [from + start.length, to + start.length];
  return {
    text: start + text,
    mistake: gives === undefined ? mistaken(usage, kind).map((i) => moved(args[i]!)) : [moved([0, text.length])],
    operator: operator === null ? null : moved(operator),
    first: operator === null ? null : moved(args[0]!),
  };
};

/** The text before the function on its line. */
export const prefix = (i: number): string => `export const _${i} = `;

/** A module of lines, each a function. It imports `names` from `noisefold/dsl`. */
export const moduleOf = (names: readonly string[], lines: readonly string[]): string =>
  [
    `import { ${names.join(', ')}, type Dim, type Key, type Tensor } from 'noisefold/dsl';`,
    `import { pipe } from 'noisefold/dsl';`,
    `import { expectType } from 'type-test';`,
    ...lines.map((line, i) => `${prefix(i)}${line};`),
    '',
  ].join('\n');

/** The line of a module that has its `i`-th function, from 0. */
export const lineOf = (i: number): number => 3 + i;
