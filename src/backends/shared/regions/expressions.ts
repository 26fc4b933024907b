/** The scalar functions of `scalar.ts` as JavaScript source, for generated loops. */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { Assignment, NumberType } from '../../../dsl/graph/region.js';
import { type Binary, binaryFunction, castFunction, type Unary, unaryFunction } from '../scalar.js';

/** Functions that generated code calls, by name. */
export type Helpers = Map<string, Unary | Binary>;

const MATH_FUNCTIONS: ReadonlySet<UnaryFn | BinaryFn> = new Set([
  'abs', 'floor', 'ceil', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'sin', 'cos', 'tan', 'tanh', 'atan', 'max', 'min',
]); // prettier-ignore

const OPERATORS: { readonly [F in BinaryFn]?: string } = { add: '+', sub: '-', mul: '*', div: '/' };
const COMPARISONS: { readonly [F in BinaryFn]?: string } = { equal: '===', less: '<', lessEqual: '<=' };
const LOGICAL: { readonly [F in BinaryFn]?: string } = { and: '&', or: '|' };

const helperCall = (helpers: Helpers, name: string, f: Unary | Binary, ...operands: readonly string[]): string => {
  helpers.set(name, f);
  return `${name}(${operands.join(', ')})`;
};

/** Writes a number as source that is valid as any operand. */
export const literal = (value: number, dtype: NumberType): string => {
  const rounded = dtype === 'float32' ? Math.fround(value) : value;
  return Object.is(rounded, -0) ? '(-0)' : rounded < 0 ? `(${rounded})` : `${rounded}`;
};

const unaryExpression = (fn: UnaryFn, dtype: NumberType, a: string, helpers: Helpers): string => {
  if (dtype === 'float32' && MATH_FUNCTIONS.has(fn)) return `Math.${fn}(${a})`;
  return helperCall(helpers, `${fn}_${dtype}`, unaryFunction(fn, dtype), a);
};

export const binaryExpression = (fn: BinaryFn, dtype: NumberType, a: string, b: string, helpers: Helpers): string => {
  if (OPERATORS[fn] !== undefined && (dtype === 'float32' || fn !== 'mul')) {
    const exact = `(${a} ${OPERATORS[fn]} ${b})`;
    return dtype === 'float32' ? exact : `(${exact} | 0)`;
  }
  if (fn === 'mul') return `Math.imul(${a}, ${b})`;
  if (COMPARISONS[fn] !== undefined) return `(${a} ${COMPARISONS[fn]} ${b} ? 1 : 0)`;
  if (LOGICAL[fn] !== undefined) return `(${a} ${LOGICAL[fn]} ${b})`;
  if (MATH_FUNCTIONS.has(fn)) return `Math.${fn}(${a}, ${b})`;
  return helperCall(helpers, `${fn}_${dtype}`, binaryFunction(fn, dtype), a, b);
};

/** An int32 is rounded when it is cast to float32, as it would be by a store to float32 memory. */
const castExpression = (from: NumberType, to: NumberType, a: string, helpers: Helpers): string => {
  if (from === 'int32' && to === 'float32') return `Math.fround(${a})`;
  if (to === 'bool') return `(${a} === 0 ? 0 : 1)`;
  if (to === 'int32' && from === 'float32') return helperCall(helpers, 'toInt32', castFunction(from, to), a);
  return a;
};

/** Functions whose result on float32 operands is a float32 already. */
const EXACT: ReadonlySet<UnaryFn | BinaryFn> = new Set([
  'neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'max', 'min',
]); // prettier-ignore

/** Rounds the result of each operation, so that recomputing a value gives the same number. */
const rounded = (fn: UnaryFn | BinaryFn, dtype: NumberType, expression: string): string =>
  dtype === 'float32' && !EXACT.has(fn) ? `Math.fround(${expression})` : expression;

/**
 * Writes the value of an assignment that is neither a load nor an index. `operand` gives the name of an earlier
 * assignment.
 */
export const expressionOf = (
  assignment: Exclude<Assignment, { op: 'load' | 'index' }>,
  body: readonly Assignment[],
  operand: (position: number) => string,
  helpers: Helpers,
): string => {
  const typeOf = (position: number): NumberType => body[position]!.dtype;
  switch (assignment.op) {
    case 'constant':
      return literal(assignment.value, assignment.dtype);
    case 'unary': {
      const { fn, dtype, a } = assignment;
      return rounded(fn, dtype, unaryExpression(fn, typeOf(a), operand(a), helpers));
    }
    case 'binary': {
      const { fn, dtype, a, b } = assignment;
      return rounded(fn, dtype, binaryExpression(fn, typeOf(a), operand(a), operand(b), helpers));
    }
    case 'select':
      return `(${operand(assignment.condition)} ? ${operand(assignment.a)} : ${operand(assignment.b)})`;
    case 'cast':
      return castExpression(typeOf(assignment.a), assignment.dtype, operand(assignment.a), helpers);
  }
};
