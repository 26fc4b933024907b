/** Constructors of nodes that are computed element by element, and the definitions of the functions of elements. */
import { type BinaryFn, type Node, node, type UnaryFn } from '../graph/node.js';
import type { NumberType } from '../graph/region.js';
import { demandAlike, demandDType, demandSameShape, NUMBERS, wrongDType } from './checks.js';
import { full, zerosLike } from './movement.js';

/** A function of each element. */
export const unary = (fn: UnaryFn, x: Node): Node => {
  const { takes, gives } = unaryFunctions[fn];
  demandDType(fn, takes, x);
  return node('unary', [x], { fn }, x.shape, gives ?? x.dtype);
};

/** A function of the elements of two nodes of one shape and dtype. */
export const binary = (fn: BinaryFn, a: Node, b: Node): Node => {
  const { takes, gives } = binaryFunctions[fn];
  demandAlike(fn, a, b);
  demandDType(fn, takes, a);
  return node('binary', [a, b], { fn }, a.shape, gives ?? a.dtype);
};

/** `onTrue` where `condition` holds, `onFalse` elsewhere. */
export const select = (condition: Node, onTrue: Node, onFalse: Node): Node => {
  if (condition.dtype !== 'bool') wrongDType('select', condition, 'a bool condition');
  demandAlike('select', onTrue, onFalse);
  demandSameShape('select', condition, onTrue);
  return node('select', [condition, onTrue, onFalse], {}, onTrue.shape, onTrue.dtype);
};

/** float32 to int32 truncates toward zero and saturates; to bool, every number but 0 is true. */
export const cast = (x: Node, dtype: 'float32' | 'int32' | 'bool'): Node => {
  if (x.dtype === 'key') wrongDType('cast', x, 'a number or a bool');
  return x.dtype === dtype ? x : node('cast', [x], {}, x.shape, dtype);
};

const ofOne = (fn: UnaryFn) => (x: Node) => unary(fn, x);
export const neg = ofOne('neg');
export const abs = ofOne('abs');
export const exp = ofOne('exp');
export const sqrt = ofOne('sqrt');
export const rsqrt = ofOne('rsqrt');
const reciprocal = ofOne('reciprocal');
export const atan = ofOne('atan');
export const sigmoid = ofOne('sigmoid');
export const erf = ofOne('erf');

const ofTwo = (fn: BinaryFn) => (a: Node, b: Node) => binary(fn, a, b);
export const add = ofTwo('add');
/** The terms of a sum; an empty list for other nodes. */
export const termsOf = (n: Node): readonly Node[] => (n.op === 'binary' && n.attributes.fn === 'add' ? n.inputs : []);
export const sub = ofTwo('sub');
export const mul = ofTwo('mul');
export const div = ofTwo('div');
export const max = ofTwo('max');
export const min = ofTwo('min');
export const equal = ofTwo('equal');
export const less = ofTwo('less');

/** `x · s` for a plain number s. */
export const scale = (x: Node, s: number): Node => (s === 1 ? x : mul(x, full(s, x.shape, x.dtype)));
/** `x + s` for a plain number s. */
export const shift = (x: Node, s: number): Node => (s === 0 ? x : add(x, full(s, x.shape, x.dtype)));
/** `1 − x` */
export const oneMinus = (x: Node): Node => sub(full(1, x.shape), x);

interface ElementFunction<D extends NumberType> {
  readonly takes: readonly D[];
  /** The dtype of the operands by default. */
  readonly gives?: NumberType;
  /** The cost of one element, in additions. */
  readonly arithmetic: number;
}

/** A function of one number, y = f(x). */
interface UnaryFunction<D extends NumberType = NumberType> extends ElementFunction<D> {
  readonly slope: Slope;
}

/** dy/dx; null if it is 0 or does not exist. */
type Slope = ((x: Node, y: Node) => Node) | null;

type NumberDType = (typeof NUMBERS)[number];

const ofNumber = (slope: Slope): UnaryFunction<NumberDType> => ({ takes: NUMBERS, arithmetic: 1, slope });
const ofFloat = (arithmetic: number, slope: Slope, gives: NumberType = 'float32'): UnaryFunction<'float32'> => ({
  takes: ['float32'], gives, arithmetic, slope,
}); // oxfmt-ignore
const ofBool: UnaryFunction<'bool'> = { takes: ['bool'], arithmetic: 1, slope: null };
const ofBits: UnaryFunction<'int32'> = { takes: ['int32'], gives: 'float32', arithmetic: 8, slope: null };

export const unaryFunctions = {
  neg: ofNumber((x) => full(-1, x.shape)),
  abs: ofNumber(ofOne('sign')),
  sign: ofNumber(null),
  floor: ofFloat(1, null),
  ceil: ofFloat(1, null),
  round: ofFloat(1, null),
  exp: ofFloat(8, (_, y) => y),
  expm1: ofFloat(64, exp),
  log: ofFloat(8, reciprocal),
  log1p: ofFloat(64, (x) => reciprocal(shift(x, 1))),
  sqrt: ofFloat(4, (_, y) => scale(reciprocal(y), 0.5)),
  rsqrt: ofFloat(4, (_, y) => scale(mul(y, mul(y, y)), -0.5)),
  reciprocal: ofFloat(4, (_, y) => neg(mul(y, y))),
  sin: ofFloat(64, ofOne('cos')),
  cos: ofFloat(64, (x) => neg(unary('sin', x))),
  tan: ofFloat(64, (_, y) => shift(mul(y, y), 1)),
  tanh: ofFloat(8, (_, y) => oneMinus(mul(y, y))),
  atan: ofFloat(64, (x) => reciprocal(shift(mul(x, x), 1))),
  sigmoid: ofFloat(8, (_, y) => mul(y, oneMinus(y))),
  erf: ofFloat(64, (x) => scale(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
  not: ofBool,
  isFinite: ofFloat(1, null, 'bool'),
  float16: ofBits,
  bfloat16: ofBits,
} satisfies { readonly [F in UnaryFn]: UnaryFunction };

/** A function of two numbers, y = f(a, b). */
interface BinaryFunction<D extends NumberType = NumberType> extends ElementFunction<D> {
  /** The cotangents of a and b, from g, that of y. */
  readonly derivative: ((g: Node, a: Node, b: Node, y: Node) => readonly [a: Node, b: Node]) | null;
  /** The neutral operand, on the left or on the right, which leaves every float32 on the other side unchanged. */
  readonly neutral?: { readonly left?: number; readonly right?: number };
}

type Derivative = BinaryFunction['derivative'];

const ofNumbers = (
  arithmetic: number,
  derivative: Derivative,
  neutral: BinaryFunction['neutral'] = {},
): BinaryFunction<NumberDType> => ({ takes: NUMBERS, arithmetic, derivative, neutral });
const comparison = <D extends NumberType>(takes: readonly D[]): BinaryFunction<D> =>
  ({ takes, gives: 'bool', arithmetic: 1, derivative: null }); // oxfmt-ignore
const ofBools: BinaryFunction<'bool'> = { takes: ['bool'], arithmetic: 1, derivative: null };

/** The share of the cotangent that goes to `a` in `max(a, b)`: all of it, half of it if they are equal, or none. */
const winner = (g: Node, a: Node, b: Node): Node =>
  select(equal(a, b), scale(g, 0.5), select(less(b, a), g, zerosLike(g)));

const divDerivative: Derivative = (g, _, b, y) => {
  const byNumerator = div(g, b);
  return [byNumerator, neg(mul(byNumerator, y))]; // b² is not a float32 for every b
};

const powDerivative: Derivative = (g, a, b, y) => {
  // at b = 0, b·a^(b−1) is 0·a⁰ if 1/a overflows, not 0·∞, for derivatives of any order
  const zero = zerosLike(a);
  const overflows = unary('not', unary('isFinite', reciprocal(a)));
  const isConstant = binary('and', overflows, equal(b, zero));
  const byBase = mul(b, binary('pow', a, select(isConstant, zero, shift(b, -1))));
  // the exponent has a derivative only where the base is positive
  const isPositive = less(zero, a);
  const byExponent = mul(y, unary('log', select(isPositive, a, full(1, a.shape))));
  return [mul(g, byBase), mul(g, byExponent)];
};

export const binaryFunctions = {
  // −0 + x is x for every x; 0 + x is not, as 0 + −0 is 0, and 1/0 is not 1/(−0)
  add: ofNumbers(1, (g) => [g, g], { left: -0, right: -0 }),
  sub: ofNumbers(1, (g) => [g, neg(g)], { right: 0 }),
  mul: ofNumbers(1, (g, a, b) => [mul(g, b), mul(g, a)], { left: 1, right: 1 }),
  div: ofNumbers(4, divDerivative, { right: 1 }),
  pow: ofNumbers(64, powDerivative),
  mod: ofNumbers(8, (g, a, b) => [g, neg(mul(g, unary('floor', div(a, b))))]),
  max: ofNumbers(1, (g, a, b) => [winner(g, a, b), winner(g, b, a)]),
  // min(a, b) = −max(−a, −b)
  min: ofNumbers(1, (g, a, b) => {
    const [minusA, minusB] = [neg(a), neg(b)];
    return [winner(g, minusA, minusB), winner(g, minusB, minusA)];
  }),
  equal: comparison([...NUMBERS, 'bool']),
  less: comparison(NUMBERS),
  lessEqual: comparison(NUMBERS),
  and: ofBools,
  or: ofBools,
} satisfies { readonly [F in BinaryFn]: BinaryFunction };

type Taking<Functions, D extends NumberType> = {
  [F in keyof Functions]: Functions[F] extends { readonly takes: readonly (infer T)[] } ? (D extends T ? F : never) : never;
}[keyof Functions]; // oxfmt-ignore

/** The functions of one, and of two, elements of a dtype. */
export type UnaryFnOf<D extends NumberType> = Taking<typeof unaryFunctions, D>;
export type BinaryFnOf<D extends NumberType> = Taking<typeof binaryFunctions, D>;
