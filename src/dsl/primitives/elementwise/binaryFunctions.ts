import type { BinaryFn, DType, Node } from '../../graph/node.js';
import { NUMBERS } from '../dtype.js';
import type { Build } from '../primitive.js';

/** A function of two numbers, y = f(a, b). */
interface BinaryFunction {
  readonly takes: readonly DType[];
  /** The dtype of the operands by default. */
  readonly gives?: DType;
  /** The cost of one element, in additions. */
  readonly arithmetic: number;
  /** The cotangents of a and b, from g, that of y. */
  readonly derivative: ((g: Node, a: Node, b: Node, y: Node, build: Build) => readonly [a: Node, b: Node]) | null;
  /** The operand, on the left or on the right, that leaves every float32 on the other side as it is. */
  readonly neutral?: { readonly left?: number; readonly right?: number };
}

type Derivative = BinaryFunction['derivative'];

const ofNumbers = (
  arithmetic: number,
  derivative: Derivative,
  neutral: BinaryFunction['neutral'] = {},
): BinaryFunction => ({ takes: NUMBERS, arithmetic, derivative, neutral });

const comparison = (takes: readonly DType[]): BinaryFunction => ({
  takes,
  gives: 'bool',
  arithmetic: 1,
  derivative: null,
});
const ofBools: BinaryFunction = { takes: ['bool'], arithmetic: 1, derivative: null };

/** The share of the cotangent that goes to `a` in `max(a, b)`: all, half of it where they are equal, or none. */
const winner = (g: Node, a: Node, b: Node, { equal, less, scale, select, zerosLike }: Build): Node =>
  select(equal(a, b), scale(g, 0.5), select(less(b, a), g, zerosLike(g)));

const powDerivative: Derivative = (g, a, b, y, build) => {
  const { and, equal, full, less, log, mul, pow, select, shift, zerosLike } = build;
  // b·a^(b−1) at a = b = 0 is 0·0⁰, not 0·∞, however often it is differentiated
  const zero = zerosLike(a);
  const isConstant = and(equal(a, zero), equal(b, zero));
  const byBase = mul(b, pow(a, select(isConstant, zero, shift(b, -1))));
  // the exponent has a derivative only where the base is positive
  const isPositive = less(zero, a);
  const byExponent = mul(y, log(select(isPositive, a, full(1, a.shape))));
  return [mul(g, byBase), mul(g, byExponent)];
};

export const binaryFunctions: { readonly [F in BinaryFn]: BinaryFunction } = {
  // −0 + x is x for every x; 0 + x is not, as 0 + −0 is 0, and 1/0 is not 1/(−0)
  add: ofNumbers(1, (g) => [g, g], { left: -0, right: -0 }),
  sub: ofNumbers(1, (g, _a, _b, _y, { neg }) => [g, neg(g)], { right: 0 }),
  mul: ofNumbers(1, (g, a, b, _, { mul }) => [mul(g, b), mul(g, a)], { left: 1, right: 1 }),
  div: ofNumbers(4, (g, a, b, _, { div, mul, neg }) => [div(g, b), neg(div(mul(g, a), mul(b, b)))], { right: 1 }),
  pow: ofNumbers(64, powDerivative),
  mod: ofNumbers(8, (g, a, b, _, { div, floor, mul, neg }) => [g, neg(mul(g, floor(div(a, b))))]),
  max: ofNumbers(1, (g, a, b, _, build) => [winner(g, a, b, build), winner(g, b, a, build)]),
  // min(a, b) = −max(−a, −b)
  min: ofNumbers(1, (g, a, b, _, build) => {
    const [minusA, minusB] = [build.neg(a), build.neg(b)];
    return [winner(g, minusA, minusB, build), winner(g, minusB, minusA, build)];
  }),
  equal: comparison([...NUMBERS, 'bool']),
  less: comparison(NUMBERS),
  lessEqual: comparison(NUMBERS),
  and: ofBools,
  or: ofBools,
};
