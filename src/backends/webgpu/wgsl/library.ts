/** The library of WGSL functions that shaders call. Each text serves single numbers and vectors of four. */
import { EXPONENTIALS } from './library/exponentials.js';
import { FLOATS } from './library/floats.js';
import { INTEGERS } from './library/integers.js';
import { LOGARITHMS } from './library/logarithms.js';
import { POWERS } from './library/powers.js';
import { TRIGONOMETRY } from './library/trigonometry.js';
import { inWidth, type Width } from './types.js';

const TEXTS = { ...FLOATS, ...INTEGERS, ...EXPONENTIALS, ...LOGARITHMS, ...POWERS, ...TRIGONOMETRY } as const;

export type LibraryFunction = keyof typeof TEXTS;

const NAMES = Object.keys(TEXTS) as readonly LibraryFunction[]; // the keys of the record

/** Functions of single numbers only, with their number of operands. Vectors call them for each component. */
const SINGLE: { readonly [K in LibraryFunction]?: number } = { reduceFarAngle: 1, floorMod: 2 };
/** Functions without operands. */
const VALUES: ReadonlySet<LibraryFunction> = new Set(['infinity', 'notANumber']);

/** The WGSL name of a function for single numbers or for vectors. */
export const nameOf = (name: LibraryFunction, width: Width): string =>
  width === 1 || VALUES.has(name) ? name : `${name}4`;

const isName = (word: string): word is LibraryFunction => Object.hasOwn(TEXTS, word);

const forEachComponent = (name: LibraryFunction, operands: number): string => {
  const letters = ['a', 'b'].slice(0, operands);
  const calls = ['x', 'y', 'z', 'w'].map((c) => `${name}(${letters.map((l) => `${l}.${c}`).join(', ')})`);
  const parameters = letters.map((l) => `${l}: vec4<f32>`).join(', ');
  return `
fn ${name}4(${parameters}) -> vec4<f32> { return vec4<f32>(${calls.join(', ')}); }`;
};

/** Writes a text for one width: replaces the letters of types, and the names of library functions. */
export const textInWidth = (text: string, width: Width): string =>
  inWidth(text, width).replace(/\b\w+\b/g, (word) => (isName(word) ? nameOf(word, width) : word));

const textOf = (name: LibraryFunction, width: Width): string => {
  const operands = SINGLE[name];
  if (operands !== undefined && width === 4) return forEachComponent(name, operands);
  // comments are not part of the generated code
  const code = TEXTS[name].replace(/\/\/.*\n/g, '');
  return textInWidth(code, width);
};

/** WGSL rejects infinite constant expressions, so infinity is computed from a variable. */
const INFINITY = 'var<private> bitsOfInfinity: u32 = 0x7f800000u;\n';

/** The functions that a text calls, directly or indirectly. */
export const libraryFor = (text: string): string => {
  const found = new Map<string, string>();
  const search = (within: string): void => {
    const words = new Set(within.match(/\b\w+(?=\()/g) ?? []);
    for (const name of NAMES)
      for (const width of [1, 4] as const) {
        const called = nameOf(name, width);
        if (!words.has(called) || found.has(called)) continue;
        const code = textOf(name, width);
        found.set(called, code);
        search(code);
      }
  };
  search(text);
  const functions = [...found.values()].join('');
  return functions.includes('bitsOfInfinity') ? INFINITY + functions : functions;
};
