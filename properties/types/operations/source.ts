/** Uses as lines of TypeScript: a function of the operands for each. */
import { evaluateDim } from '../../../src/dsl/index.js';
import { E } from '../../../src/internal/fp.js';
import { broken, type Kind, leafOf, type Usage, type Words } from './usage.js';

/** What symbols stand for: numbers, or what only the run knows. One that is not there stands for itself. */
export type Bindings = Readonly<Record<string, number | 'Dim'>>;

const SYMBOLS = ['B', 'H', 'W', 'C', 'D', 'N'] as const;

/** Numbers for all symbols, no two alike, others for each `turn`. */
export const literals = (turn = 0): Bindings => ({
  B: 8 + turn,
  H: 28 + 2 * turn,
  W: 20 + 2 * turn,
  C: 64 + turn,
  D: 32 + turn,
  N: 12 + turn,
});

/** The symbols that are written as numbers in the call itself: an argument is no symbol. */
const written = ({ use }: Usage): Bindings =>
  Object.fromEntries(Object.entries(literals()).filter(([symbol]) => use.includes(`{${symbol}}`)));

/** What the symbols of a use stand for in its well-typed lines. */
export const bindingsOf = (given: Usage): Readonly<Record<string, Bindings>> => ({
  literals: literals(),
  symbols: written(given),
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
  if (Array.isArray(words))
    return `readonly [${words.map((part: Words) => typeText(part, bindings)).join(', ')}]`;
  const fields = Object.entries(words).map(([name, part]) => `readonly ${name}: ${typeText(part, bindings)}`);
  return `{ ${fields.join('; ')} }`;
};

const params = (given: Usage['given'], use: string, bindings: Bindings): string => {
  const operands = Object.entries(given).map(([name, words]) => `${name}: ${typeText(words, bindings)}`);
  const wide = /\{[A-Z]\}/.test(use) && Object.values(bindings).includes('Dim') ? ['n: number'] : [];
  return `(${[...operands, ...wide].join(', ')})`;
};

const callText = (use: string, bindings: Bindings): string =>
  use.replaceAll(/\{([A-Z])\}/g, (_, symbol: string) =>
    bindings[symbol] === 'Dim' ? 'n' : `${bindings[symbol]}`,
  );

/** `(x: Tensor<[8, 64]>) => exp(x)` */
export const callLine = ({ use, given }: Usage, bindings: Bindings): string =>
  `${params(given, use, bindings)} => ${callText(use, bindings)}`;

/** The same, with its result held against exactly the type that it is said to have. */
export const wellTypedLine = ({ use, given, gives }: Usage, bindings: Bindings): string =>
  `${params(given, use, bindings)} => expectType<${typeText(gives, bindings)}>()(${callText(use, bindings)})`;

/** A result of which the first part is wrong. */
const brokenResult = (kind: Kind, words: Words): Words => {
  if (typeof words === 'string') return broken[kind](words);
  const [[name, first] = ['', ''], ...rest] = Object.entries<Words>(words as Readonly<Record<string, Words>>);
  const parts = [[name, brokenResult(kind, first)] as const, ...rest];
  return Array.isArray(words) ? parts.map(([, part]) => part) : Object.fromEntries(parts);
};

/** A use with one thing wrong. */
export const wrongLine = (given: Usage, kind: Kind): string => {
  const wrong = given.wrong[kind];
  const use = wrong.use ?? given.use;
  const gives = wrong.free === undefined ? wrong.gives : brokenResult(kind, given.gives);
  const result = gives === undefined ? '' : `: ${typeText(gives, literals())}`;
  return `${params({ ...given.given, ...wrong.given }, use, literals())}${result} => ${callText(use, literals())}`;
};

/** A module of lines, one a function; `names` is what they use of `noisefold/dsl`. */
export const moduleOf = (names: readonly string[], lines: readonly string[]): string =>
  [
    `import { ${names.join(', ')}, type Dim, type Key, type Tensor } from 'noisefold/dsl';`,
    `import { expectType } from 'type-test';`,
    ...lines.map((line, i) => `export const _${i} = ${line};`),
    '',
  ].join('\n');

/** The line of a module on which its `i`-th function stands, from 0. */
export const lineOf = (i: number): number => 2 + i;
