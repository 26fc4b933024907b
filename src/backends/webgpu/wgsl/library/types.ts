/** WGSL types and literals. */
import type { NumberType } from '../../../../dsl/graph/region.js';

/** Number of components of a value: a single number, or a vector of four. */
export type Width = 1 | 4;

/** Element type of an array in memory. */
export type Element = 'f32' | 'i32';

const widened = (type: string, width: Width): string => (width === 1 ? type : `vec4<${type}>`);

/** The type of a value in a shader's body. A bool is a WGSL `bool`. */
export const valueType = (dtype: NumberType, width: Width): string =>
  widened(dtype === 'float32' ? 'f32' : dtype === 'int32' ? 'i32' : 'bool', width);

/** The element type of a dtype in memory. A bool is stored as 0 or 1. */
export const elementOf = (dtype: NumberType): Element => (dtype === 'float32' ? 'f32' : 'i32');

export const elementType = (element: Element, width: Width): string => widened(element, width);

/** Letters that stand for types in the texts of library functions, by width. */
const TYPES: Readonly<Record<Width, Readonly<Record<string, string>>>> = {
  1: { F: 'f32', I: 'i32', U: 'u32', B: 'bool' },
  4: { F: 'vec4<f32>', I: 'vec4<i32>', U: 'vec4<u32>', B: 'vec4<bool>' },
};

/** Writes a finite float32 as a literal. The shortest decimals of the float64 round to the same float32. */
export const floatLiteral = (value: number): string => {
  const text = `${Math.fround(value)}`;
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
};

/**
 * Writes a number as an expression. Infinities, NaN and −0 are made from their bits: WGSL has no literals for them and
 * rejects constant expressions with infinite or NaN values.
 */
export const literal = (value: number, dtype: NumberType): string => {
  if (dtype === 'bool') return value === 0 ? 'false' : 'true';
  if (dtype === 'int32') return value === -2147483648 ? 'i32(-2147483648)' : `${value}i`;
  if (Number.isNaN(value)) return 'notANumber()';
  const rounded = Math.fround(value);
  if (!Number.isFinite(rounded)) return rounded > 0 ? 'infinity()' : '(-infinity())';
  return Object.is(rounded, -0) ? 'bitcast<f32>(0x80000000u)' : floatLiteral(rounded);
};

/** Replaces the letters F, I, U and B in a text by their types. */
export const inWidth = (text: string, width: Width): string =>
  text.replace(/\b[FIUB]\b/g, (letter) => TYPES[width][letter]!);
