/** Types and numbers as WGSL writes them. */
import type { NumberType } from '../../../dsl/region.js';

/** How many neighbours a value holds: one number, or a vector of four. */
export type Width = 1 | 4;

/** An `array` of 32-bit numbers holds floats or integers. */
export type Element = 'f32' | 'i32';

const widened = (type: string, width: Width): string => (width === 1 ? type : `vec4<${type}>`);

/** As a value of a body is computed: a bool is `true` or `false` there. */
export const valueType = (dtype: NumberType, width: Width): string =>
  widened(dtype === 'float32' ? 'f32' : dtype === 'int32' ? 'i32' : 'bool', width);

/** As it lies in memory: a bool is 0 or 1. */
export const elementOf = (dtype: NumberType): Element => (dtype === 'float32' ? 'f32' : 'i32');

export const elementType = (element: Element, width: Width): string => widened(element, width);

/** The letters that stand for types in texts of functions, of one number or of four. */
const TYPES: Readonly<Record<Width, Readonly<Record<string, string>>>> = {
  1: { F: 'f32', I: 'i32', U: 'u32', B: 'bool' },
  4: { F: 'vec4<f32>', I: 'vec4<i32>', U: 'vec4<u32>', B: 'vec4<bool>' },
};

/** A finite float32 as a literal. The shortest decimals of a float64 round to the same float32. */
export const floatLiteral = (value: number): string => {
  const text = `${Math.fround(value)}`;
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
};

/**
 * A number as an expression. What is not finite, and −0, is made of its bits: WGSL has no literal for it, and
 * refuses constant expressions of such a value.
 */
export const literal = (value: number, dtype: NumberType): string => {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true';
  if (dtype === 'int32') return value === -2147483648 ? 'i32(-2147483648)' : `${value}i`;
  if (Number.isNaN(value)) return 'notANumber()';
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return rounded > 0 ? 'infinity()' : '(-infinity())';
  return Object.is(rounded, -0) ? 'bitcast<f32>(0x80000000u)' : floatLiteral(rounded);
};

/** A text with types in the place of F, I, U and B. */
export const inWidth = (text: string, width: Width): string =>
  text.replace(/\b[FIUB]\b/g, (letter) => TYPES[width][letter]!);
