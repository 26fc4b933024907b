/** Assignments of a region's body as WGSL expressions over operands that are all as wide as the result. */
import type { BinaryFn, UnaryFn } from '../../../dsl/node.js';
import type { Assignment, NumberType } from '../../../dsl/region.js';
import { type LibraryFunction, nameOf } from './library.js';
import { literal, valueType, type Width } from './types.js';

export type Arithmetic = Exclude<Assignment, { op: 'load' | 'index' }>;

const FLOAT_UNARY: Readonly<Record<Exclude<UnaryFn, 'not'>, string>> = {
  neg: '-', abs: 'abs', floor: 'floor', ceil: 'ceil', round: 'round', sign: 'signOf',
  sqrt: 'sqrt', rsqrt: '1.0 / sqrt', reciprocal: '1.0 / ',
  exp: 'exponential', expm1: 'exponentialLessOne', log: 'logarithm', log1p: 'logarithmOfOnePlus',
  sin: 'sine', cos: 'cosine', tan: 'tangent', atan: 'arcTangent', tanh: 'hyperbolicTangent',
  sigmoid: 'logistic', erf: 'errorFunction', isFinite: 'isFinite',
}; // prettier-ignore

const INTEGER_UNARY: { readonly [F in UnaryFn]?: string } = { neg: '-', abs: 'abs', sign: 'sign' };

const OPERATORS: { readonly [F in BinaryFn]?: string } = { add: '+', sub: '-', mul: '*' };
const COMPARISONS: { readonly [F in BinaryFn]?: string } = { equal: '==', less: '<', lessEqual: '<=' };

const FLOAT_BINARY: { readonly [F in BinaryFn]?: LibraryFunction } = {
  pow: 'power',
  mod: 'floorMod',
  max: 'larger',
  min: 'smaller',
};
const INTEGER_BINARY: { readonly [F in BinaryFn]?: LibraryFunction } = {
  div: 'quotient',
  pow: 'integerPower',
  mod: 'floorModInteger',
};

const defect = (fn: string, dtype: NumberType): never => {
  throw new Error(`noisefold: no WGSL for ${fn} of ${dtype}`);
};

/** What never is NaN needs no test for it. */
export const neverNan = (a: Assignment, body: readonly Assignment[]): boolean => {
  switch (a.op) {
    case 'constant':
      return !Number.isNaN(a.value);
    case 'index':
      return true;
    case 'cast':
      return body[a.a]!.dtype !== 'float32';
    case 'unary':
      return (a.fn === 'neg' || a.fn === 'abs') && neverNan(body[a.a]!, body);
    default:
      return a.dtype !== 'float32';
  }
};

/** A call of the library's function of that name, or of WGSL's own where the library has none. */
const called = (name: string, width: Width, ...operands: readonly string[]): string => {
  const own = /^[a-zA-Z]+$/.test(name) ? nameOf(name as LibraryFunction, width) : name; // others keep their name
  return `${BUILT_IN.has(name) ? name : own}(${operands.join(', ')})`;
};
const BUILT_IN: ReadonlySet<string> = new Set([
  'abs',
  'floor',
  'ceil',
  'round',
  'sqrt',
  'sign',
  'max',
  'min',
]);

const unary = (fn: UnaryFn, from: NumberType, to: NumberType, a: string, width: Width): string => {
  if (fn === 'not') {
    const isZero = from === 'bool' ? `!(${a})` : `(${a} == ${valueType(from, width)}())`;
    return to === 'bool' ? isZero : `${valueType(to, width)}(${isZero})`;
  }
  if (from === 'float32') return called(FLOAT_UNARY[fn], width, a);
  return called(INTEGER_UNARY[fn] ?? defect(fn, from), width, a);
};

/** The operands of a binary function, with what is known of them. */
interface Operands {
  readonly a: string;
  readonly b: string;
  /** Those that may be NaN. */
  readonly suspects: readonly string[];
}

/** A function of two numbers of a dtype. */
export const binaryExpression = (
  fn: BinaryFn,
  dtype: NumberType,
  { a, b, suspects }: Operands,
  width: Width,
): string => {
  const comparison = COMPARISONS[fn];
  if (dtype === 'bool') {
    if (fn === 'and') return `(${a} & ${b})`;
    if (fn === 'or') return `(${a} | ${b})`;
    if (fn !== 'equal') return defect(fn, dtype);
  }
  if (comparison !== undefined) {
    // a comparison with NaN is false, whatever the compiler makes of its negation
    const tests = [...new Set(suspects)].map((x) => ` & !${nameOf('isNan', width)}(${x})`);
    return `((${a} ${comparison} ${b})${tests.join('')})`;
  }
  const operator = OPERATORS[fn];
  if (operator !== undefined) return `(${a} ${operator} ${b})`;
  if (dtype === 'float32') {
    if (fn === 'div') return `(${a} / ${b})`;
    const name = FLOAT_BINARY[fn];
    if (suspects.length === 0 && (fn === 'max' || fn === 'min')) return called(fn, width, a, b);
    return called(name ?? defect(fn, dtype), width, a, b);
  }
  if (fn === 'max' || fn === 'min') return called(fn, width, a, b);
  return called(INTEGER_BINARY[fn] ?? defect(fn, dtype), width, a, b);
};

const cast = (from: NumberType, to: NumberType, a: string, width: Width): string => {
  if (from === to) return a;
  if (to === 'bool') return `(${a} != ${valueType(from, width)}())`;
  return to === 'int32' && from === 'float32'
    ? called('integerOf', width, a)
    : `${valueType(to, width)}(${a})`;
};

/** The value of an assignment; `operand` gives the value of another one, as wide as it is asked to be. */
export const expressionOf = (
  assignment: Arithmetic,
  body: readonly Assignment[],
  operand: (position: number, width: Width) => string,
  width: Width,
): string => {
  const typeOf = (position: number): NumberType => body[position]!.dtype;
  const valueAt = (position: number): string => operand(position, width);
  switch (assignment.op) {
    case 'constant':
      return literal(assignment.value, assignment.dtype);
    case 'unary':
      return unary(assignment.fn, typeOf(assignment.a), assignment.dtype, valueAt(assignment.a), width);
    case 'binary': {
      const { fn, a, b, dtype } = assignment;
      const suspects = [a, b].filter((x) => !neverNan(body[x]!, body)).map(valueAt);
      const value = binaryExpression(fn, typeOf(a), { a: valueAt(a), b: valueAt(b), suspects }, width);
      const isTest = fn in COMPARISONS && dtype !== 'bool';
      return isTest ? `${valueType(dtype, width)}(${value})` : value;
    }
    case 'select':
      return `select(${valueAt(assignment.b)}, ${valueAt(assignment.a)}, ${cast(typeOf(assignment.condition), 'bool', valueAt(assignment.condition), width)})`;
    case 'cast':
      return cast(typeOf(assignment.a), assignment.dtype, valueAt(assignment.a), width);
  }
};
