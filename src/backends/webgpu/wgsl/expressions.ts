/** Assignments of a region's body as WGSL expressions over operands that are all as wide as the result. */
import type { BinaryFn, UnaryFn } from '../../../dsl/node.js';
import type { Assignment, NumberType } from '../../../dsl/region.js';
import { type LibraryFunction, nameOf } from './library.js';
import { literal, valueType, type Width } from './types.js';

type Arithmetic = Exclude<Assignment, { op: 'load' | 'index' }>;
type Binary = Extract<Assignment, { op: 'binary' }>;

/** Functions that WGSL has itself, as we want them. */
type BuiltIn = 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt' | 'sign' | 'max' | 'min';
const BUILT_IN: ReadonlySet<string> = new Set<BuiltIn>([
  'abs', 'floor', 'ceil', 'round', 'sqrt', 'sign', 'max', 'min',
]); // prettier-ignore
const isBuiltIn = (name: BuiltIn | LibraryFunction): name is BuiltIn => BUILT_IN.has(name);

const called = (name: BuiltIn | LibraryFunction, width: Width, ...operands: readonly string[]): string =>
  `${isBuiltIn(name) ? name : nameOf(name, width)}(${operands.join(', ')})`;

const FLOAT_UNARY = {
  abs: 'abs', floor: 'floor', ceil: 'ceil', round: 'round', sign: 'signOf', sqrt: 'sqrt',
  exp: 'exponential', expm1: 'exponentialLessOne', log: 'logarithm', log1p: 'logarithmOfOnePlus',
  sin: 'sine', cos: 'cosine', tan: 'tangent', atan: 'arcTangent', tanh: 'hyperbolicTangent',
  sigmoid: 'logistic', erf: 'errorFunction', isFinite: 'isFinite',
} as const satisfies { readonly [F in UnaryFn]?: BuiltIn | LibraryFunction }; // prettier-ignore

const INTEGER_BINARY: { readonly [F in BinaryFn]?: BuiltIn | LibraryFunction } = {
  div: 'quotient', pow: 'integerPower', mod: 'floorModInteger', max: 'max', min: 'min',
}; // prettier-ignore

const OPERATORS: { readonly [F in BinaryFn]?: string } = { add: '+', sub: '-', mul: '*' };
const COMPARISONS: { readonly [F in BinaryFn]?: string } = { equal: '==', less: '<', lessEqual: '<=' };

const defect = (fn: string, dtype: NumberType): never => {
  throw new Error(`noisefold: no WGSL for ${fn} of ${dtype}`);
};

/** What never is NaN needs no test for it. */
const neverNan = (a: Assignment, body: readonly Assignment[]): boolean => {
  if (a.dtype !== 'float32') return true;
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
      return false;
  }
};

const unary = (fn: UnaryFn, from: NumberType, a: string, width: Width): string => {
  if (fn === 'neg') return `-(${a})`;
  if (from === 'bool') return fn === 'not' ? `!(${a})` : defect(fn, from);
  if (from === 'int32') return fn === 'abs' || fn === 'sign' ? called(fn, width, a) : defect(fn, from);
  if (fn === 'rsqrt') return `1.0 / sqrt(${a})`;
  if (fn === 'reciprocal') return `1.0 / ${a}`;
  return fn === 'not' ? defect(fn, from) : called(FLOAT_UNARY[fn], width, a);
};

interface Operands {
  readonly a: string;
  readonly b: string;
  /** Those that may be NaN. */
  readonly suspects: readonly string[];
}

const compared = (comparison: string, { a, b, suspects }: Operands, width: Width): string => {
  // with NaN it is false, whatever a compiler makes of its negation
  const tests = [...new Set(suspects)].map((x) => ` & !${called('isNan', width, x)}`);
  return `(${a} ${comparison} ${b})${tests.join('')}`;
};

/** A function of two numbers of a dtype. */
export const binaryExpression = (
  fn: BinaryFn,
  dtype: NumberType,
  operands: Operands,
  width: Width,
): string => {
  const { a, b, suspects } = operands;
  const comparison = COMPARISONS[fn];
  if (dtype === 'bool') {
    if (fn === 'and') return `${a} & ${b}`;
    if (fn === 'or') return `${a} | ${b}`;
    return fn === 'equal' ? `${a} == ${b}` : defect(fn, dtype);
  }
  if (comparison !== undefined) return compared(comparison, operands, width);
  const operator = OPERATORS[fn];
  if (operator !== undefined) return `${a} ${operator} ${b}`;
  if (dtype === 'int32') return called(INTEGER_BINARY[fn] ?? defect(fn, dtype), width, a, b);
  switch (fn) {
    case 'div':
      return `${a} / ${b}`;
    case 'max':
      return called(suspects.length === 0 ? 'max' : 'larger', width, a, b);
    case 'min':
      return called(suspects.length === 0 ? 'min' : 'smaller', width, a, b);
    case 'pow':
      return called('power', width, a, b);
    case 'mod':
      return called('floorMod', width, a, b);
    default:
      return defect(fn, dtype);
  }
};

/** The assignment whose value this one merely repeats. */
const sourceOf = (position: number, body: readonly Assignment[]): number => {
  const x = body[position]!;
  const choosesOne = x.op === 'select' || (x.op === 'binary' && (x.fn === 'max' || x.fn === 'min'));
  if (choosesOne && x.a === x.b) return sourceOf(x.a, body);
  return x.op === 'cast' && body[x.a]!.dtype === x.dtype ? sourceOf(x.a, body) : position;
};

/** The operand of x − x, 0·x and x·0: an implementation may take them for 0, but they are NaN where x is not finite. */
const vanishing = ({ fn, a, b }: Binary, body: readonly Assignment[]): number | null => {
  if (body[a]!.dtype !== 'float32') return null;
  const isZero = (x: Assignment): boolean => x.op === 'constant' && x.value === 0;
  if (fn === 'mul' && isZero(body[a]!)) return b;
  return (fn === 'mul' && isZero(body[b]!)) || (fn === 'sub' && sourceOf(a, body) === sourceOf(b, body))
    ? a
    : null;
};

const cast = (from: NumberType, to: NumberType, a: string, width: Width): string => {
  if (from === to) return a;
  if (from === 'float32' && to === 'bool') return called('isTrue', width, a);
  if (to === 'bool') return `${a} != ${valueType(from, width)}()`;
  return from === 'float32' ? called('integerOf', width, a) : `${valueType(to, width)}(${a})`;
};

/** The value of an assignment; `operand` gives the name of another one, as wide as it is asked to be. */
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
      return unary(assignment.fn, typeOf(assignment.a), valueAt(assignment.a), width);
    case 'binary': {
      const { fn, a, b } = assignment;
      const vanished = vanishing(assignment, body);
      if (vanished !== null) return called('vanished', width, valueAt(vanished));
      const suspects = [a, b].filter((x) => !neverNan(body[x]!, body)).map(valueAt);
      return binaryExpression(fn, typeOf(a), { a: valueAt(a), b: valueAt(b), suspects }, width);
    }
    case 'select':
      return `select(${valueAt(assignment.b)}, ${valueAt(assignment.a)}, ${valueAt(assignment.condition)})`;
    case 'cast':
      return cast(typeOf(assignment.a), assignment.dtype, valueAt(assignment.a), width);
  }
};
