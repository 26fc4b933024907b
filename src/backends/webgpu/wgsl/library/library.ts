/** The library of WGSL functions that shaders call. Each text serves single numbers and vectors of four. */
import {
  binaryFormulas,
  integerFormulas,
  integerUnaryFormulas,
  unaryFormulas,
} from '../../../shared/elementary/functions.js';
import { FLOATS } from './floats.js';
import { functionText, type Text } from './formulas.js';
import { INTEGERS } from './integers.js';
import { inWidth, type Width } from './types.js';

type Formula = (k: Text, a: string, b: string) => string;

/** Functions by their names in WGSL, which have a suffix. Their texts are written when they are needed. */
const named = <Fn extends string, Suffix extends string>(
  formulas: { readonly [F in Fn]: Formula },
  suffix: Suffix,
  write: (name: string, formula: Formula) => string,
): { readonly [F in Fn as `${F}${Suffix}`]: () => string } =>
  // the cast is safe: the keys are those of the type
  Object.fromEntries(
    Object.entries<Formula>(formulas).map(([fn, formula]) => {
      let text: string | null = null;
      return [`${fn}${suffix}`, () => (text ??= write(`${fn}${suffix}`, formula))];
    }),
  ) as { readonly [F in Fn as `${F}${Suffix}`]: () => string };

const TEXTS = {
  ...FLOATS,
  ...INTEGERS,
  // a function of NaN is NaN, whatever its formula gives
  ...named(unaryFormulas, 'Of', (name, f) =>
    functionText(name, 'F', ['x'], (k) => k.select(k.isNan('x'), 'x', f(k, 'x', 'x'))),
  ),
  ...named(binaryFormulas, 'Of', (name, f) => functionText(name, 'F', ['a', 'b'], (k) => f(k, 'a', 'b'))),
  ...named(integerFormulas, 'OfIntegers', (name, f) => functionText(name, 'I', ['a', 'b'], (k) => f(k, 'a', 'b'))),
  ...named(integerUnaryFormulas, 'OfIntegers', (name, f) => functionText(name, 'I', ['a'], (k) => f(k, 'a', 'a'), 'F')),
} as const;

export type LibraryFunction = keyof typeof TEXTS;

const NAMES = Object.keys(TEXTS) as readonly LibraryFunction[]; // the keys of the record

/** Functions without operands. */
const VALUES: ReadonlySet<LibraryFunction> = new Set(['infinity', 'notANumber']);

/** The WGSL name of a function for single numbers or for vectors. */
export const nameOf = (name: LibraryFunction, width: Width): string =>
  width === 1 || VALUES.has(name) ? name : `${name}4`;

const isName = (word: string): word is LibraryFunction => Object.hasOwn(TEXTS, word);

/** Writes a text for one width: replaces the letters of types, and the names of library functions. */
export const textInWidth = (text: string, width: Width): string =>
  inWidth(text, width).replace(/\b\w+\b/g, (word) => (isName(word) ? nameOf(word, width) : word));

const textOf = (name: LibraryFunction, width: Width): string => {
  const text = TEXTS[name];
  return textInWidth(typeof text === 'string' ? text : text(), width);
};

/** WGSL rejects infinite constant expressions, so infinity is computed from a variable. */
const INFINITY = 'var<private> bitsOfInfinity: u32 = 0x7f800000u;\n';

/** The functions that a text calls, directly or indirectly. */
export const libraryFor = (text: string): string => {
  const codes = new Map<string, string>();
  const search = (within: string): void => {
    const words = new Set(within.match(/\b\w+(?=\()/g) ?? []);
    for (const name of NAMES)
      for (const width of [1, 4] as const) {
        const called = nameOf(name, width);
        if (!words.has(called) || codes.has(called)) continue;
        const code = textOf(name, width);
        codes.set(called, code);
        search(code);
      }
  };
  search(text);
  const functions = [...codes.values()].join('');
  return functions.includes('bitsOfInfinity') ? INFINITY + functions : functions;
};
