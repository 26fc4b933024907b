/** Writes the assignments of a region's body as WGSL expressions. All operands have the width of the result. */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { Assignment, NumberType } from '../../../dsl/graph/region.js';
import { binaryFormulas, integerFormulas, integerUnaryFormulas } from '../../shared/elementary/functions.js';
import { type LibraryFunction, nameOf } from './library/library.js';
import { literal, valueType, type Width } from './library/types.js';

type Arithmetic = Exclude<Assignment, { op: 'load' | 'index' }>;
type Binary = Extract<Assignment, { op: 'binary' }>;

/** WGSL built-in functions that have the required accuracy and special cases. */
type BuiltIn = 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt' | 'sign' | 'max' | 'min';
const BUILT_IN: ReadonlySet<string> = new Set<BuiltIn>([
  'abs', 'floor', 'ceil', 'round', 'sqrt', 'sign', 'max', 'min',
]); // oxfmt-ignore
const isBuiltIn = (name: string): name is BuiltIn => BUILT_IN.has(name);

const call = (name: BuiltIn | LibraryFunction, width: Width, ...operands: readonly string[]): string =>
  `${isBuiltIn(name) ? name : nameOf(name, width)}(${operands.join(', ')})`;

const isFormula = (fn: BinaryFn): fn is keyof typeof binaryFormulas => Object.hasOwn(binaryFormulas, fn);
const isIntegerUnaryFormula = (fn: UnaryFn): fn is keyof typeof integerUnaryFormulas =>
  Object.hasOwn(integerUnaryFormulas, fn);
const isIntegerFormula = (fn: BinaryFn): fn is keyof typeof integerFormulas => Object.hasOwn(integerFormulas, fn);

const OPERATORS: { readonly [F in BinaryFn]?: string } = { add: '+', sub: '-', mul: '*' };
const COMPARISONS: { readonly [F in BinaryFn]?: string } = { equal: '==', less: '<', lessEqual: '<=' };

const unsupported = (fn: string, dtype: NumberType): never => {
  throw new Error(`noisefold: no WGSL for ${fn} of ${dtype}`);
};

/** True if a value cannot be NaN, so that no test is needed. */
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
  if (from === 'bool') return fn === 'not' ? `!(${a})` : unsupported(fn, from);
  if (isIntegerUnaryFormula(fn)) return from === 'int32' ? call(`${fn}OfIntegers`, width, a) : unsupported(fn, from);
  if (from === 'int32') return fn === 'abs' || fn === 'sign' ? call(fn, width, a) : unsupported(fn, from);
  if (fn === 'rsqrt') return `1.0 / sqrt(${a})`;
  if (fn === 'reciprocal') return `1.0 / ${a}`;
  if (fn === 'not') return unsupported(fn, from);
  return call(fn === 'isFinite' || (fn !== 'sign' && isBuiltIn(fn)) ? fn : `${fn}Of`, width, a);
};

interface Operands {
  readonly a: string;
  readonly b: string;
  /** Operands that may be NaN. */
  readonly maybeNan: readonly string[];
}

const compared = (comparison: string, { a, b, maybeNan }: Operands, width: Width): string => {
  // a comparison with NaN must be false, also if a compiler rewrites its negation
  const tests = [...new Set(maybeNan)].map((x) => ` & !${call('isNan', width, x)}`);
  return `(${a} ${comparison} ${b})${tests.join('')}`;
};

/** Writes a binary function of two operands of a dtype. */
export const binaryExpression = (fn: BinaryFn, dtype: NumberType, operands: Operands, width: Width): string => {
  const { a, b, maybeNan } = operands;
  const comparison = COMPARISONS[fn];
  if (dtype === 'bool') {
    if (fn === 'and') return `${a} & ${b}`;
    if (fn === 'or') return `${a} | ${b}`;
    return fn === 'equal' ? `${a} == ${b}` : unsupported(fn, dtype);
  }
  if (comparison !== undefined) return compared(comparison, operands, width);
  const operator = OPERATORS[fn];
  if (operator !== undefined) return `${a} ${operator} ${b}`;
  if (dtype === 'int32') {
    if (isIntegerFormula(fn)) return call(`${fn}OfIntegers`, width, a, b);
    return isBuiltIn(fn) ? call(fn, width, a, b) : unsupported(fn, dtype);
  }
  switch (fn) {
    case 'div':
      return `${a} / ${b}`;
    case 'max':
      return call(maybeNan.length === 0 ? 'max' : 'larger', width, a, b);
    case 'min':
      return call(maybeNan.length === 0 ? 'min' : 'smaller', width, a, b);
    default:
      return isFormula(fn) ? call(`${fn}Of`, width, a, b) : unsupported(fn, dtype);
  }
};

/** Finds the assignment that computes a value, behind assignments that only copy it. */
const sourceOf = (position: number, body: readonly Assignment[]): number => {
  const x = body[position]!;
  const choosesOne = x.op === 'select' || (x.op === 'binary' && (x.fn === 'max' || x.fn === 'min'));
  if (choosesOne && x.a === x.b) return sourceOf(x.a, body);
  return x.op === 'cast' && body[x.a]!.dtype === x.dtype ? sourceOf(x.a, body) : position;
};

/**
 * The operand x of x − x, 0·x or x·0, else null. An implementation may replace these by 0, but they are NaN if x is not
 * finite.
 */
const zeroOrNanOperand = ({ fn, a, b }: Binary, body: readonly Assignment[]): number | null => {
  if (body[a]!.dtype !== 'float32') return null;
  const isZero = (x: Assignment): boolean => x.op === 'constant' && x.value === 0;
  if (fn === 'mul' && isZero(body[a]!)) return b;
  return (fn === 'mul' && isZero(body[b]!)) || (fn === 'sub' && sourceOf(a, body) === sourceOf(b, body)) ? a : null;
};

const cast = (from: NumberType, to: NumberType, a: string, width: Width): string => {
  if (from === to) return a;
  if (from === 'float32' && to === 'bool') return call('isTrue', width, a);
  if (to === 'bool') return `${a} != ${valueType(from, width)}()`;
  return from === 'float32' ? call('integerOf', width, a) : `${valueType(to, width)}(${a})`;
};

/** Writes the value of an assignment. `operand` returns an earlier value in the requested width. */
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
      const zeroOrNan = zeroOrNanOperand(assignment, body);
      if (zeroOrNan !== null) return call('zeroOrNan', width, valueAt(zeroOrNan));
      const maybeNan = [a, b].filter((x) => !neverNan(body[x]!, body)).map(valueAt);
      return binaryExpression(fn, typeOf(a), { a: valueAt(a), b: valueAt(b), maybeNan }, width);
    }
    case 'select':
      return `select(${valueAt(assignment.b)}, ${valueAt(assignment.a)}, ${valueAt(assignment.condition)})`;
    case 'cast':
      return cast(typeOf(assignment.a), assignment.dtype, valueAt(assignment.a), width);
  }
};
