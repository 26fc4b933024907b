import type { DType, Node, UnaryFn } from '../../graph/node.js';
import { NUMBERS } from '../dtype.js';
import type { Build } from '../primitive.js';

/** dy/dx of y = f(x); null if it is 0 or does not exist. */
type Slope = ((x: Node, y: Node, build: Build) => Node) | null;

/** A function of one number. */
interface UnaryFunction {
  readonly takes: readonly DType[];
  /** The dtype of the operand by default. */
  readonly gives?: DType;
  /** The cost of one element, in additions. */
  readonly arithmetic: number;
  readonly slope: Slope;
}

const ofNumbers = (slope: Slope): UnaryFunction => ({ takes: NUMBERS, arithmetic: 1, slope });
const ofFloats = (arithmetic: number, slope: Slope): UnaryFunction => ({ takes: ['float32'], arithmetic, slope });

export const unaryFunctions: { readonly [F in UnaryFn]: UnaryFunction } = {
  neg: ofNumbers((x, _, { full }) => full(-1, x.shape)),
  abs: ofNumbers((x, _, { sign }) => sign(x)),
  sign: ofNumbers(null),
  floor: ofFloats(1, null),
  ceil: ofFloats(1, null),
  round: ofFloats(1, null),
  exp: ofFloats(8, (_, y) => y),
  expm1: ofFloats(64, (_, y, { shift }) => shift(y, 1)),
  log: ofFloats(8, (x, _, { reciprocal }) => reciprocal(x)),
  log1p: ofFloats(64, (x, _, { reciprocal, shift }) => reciprocal(shift(x, 1))),
  sqrt: ofFloats(4, (_, y, { reciprocal, scale }) => scale(reciprocal(y), 0.5)),
  rsqrt: ofFloats(4, (_, y, { mul, scale }) => scale(mul(y, mul(y, y)), -0.5)),
  reciprocal: ofFloats(4, (_, y, { mul, neg }) => neg(mul(y, y))),
  sin: ofFloats(64, (x, _, { cos }) => cos(x)),
  cos: ofFloats(64, (x, _, { neg, sin }) => neg(sin(x))),
  tan: ofFloats(64, (_, y, { mul, shift }) => shift(mul(y, y), 1)),
  tanh: ofFloats(8, (_, y, { mul, oneMinus }) => oneMinus(mul(y, y))),
  atan: ofFloats(64, (x, _, { mul, reciprocal, shift }) => reciprocal(shift(mul(x, x), 1))),
  sigmoid: ofFloats(8, (_, y, { mul, oneMinus }) => mul(y, oneMinus(y))),
  erf: ofFloats(64, (x, _, { exp, mul, neg, scale }) => scale(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
  not: { takes: ['bool'], arithmetic: 1, slope: null },
  isFinite: { ...ofFloats(1, null), gives: 'bool' },
};
