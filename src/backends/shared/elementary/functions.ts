/** The functions that backends generate from formulas, by the dtype that they take. */
import type { BinaryFnOf, UnaryFnOf } from '../../../dsl/primitives/elementwise.js';
import type { Binary, IntegerBinary, IntegerUnary, Unary } from './algebra.js';
import { erf, exp, expm1, sigmoid, tanh } from './exponentials.js';
import { bfloat16, float16 } from './halves.js';
import { div, mod as integerMod, pow as integerPow } from './integers.js';
import { log, log1p } from './logarithms.js';
import { pow } from './powers.js';
import { mod } from './remainders.js';
import { atan, cos, sin, tan } from './trigonometry.js';

/** Functions of one or two machine instructions: each backend writes them itself. */
export type SimpleUnary = 'neg' | 'abs' | 'floor' | 'ceil' | 'round' | 'sqrt' | 'rsqrt' | 'reciprocal' | 'isFinite';
export type SimpleIntegerUnary = 'neg' | 'abs' | 'sign';
export type SimpleBinary = 'add' | 'sub' | 'mul' | 'max' | 'min' | 'equal' | 'less' | 'lessEqual';

/** −1 or 1; returns zeros unchanged. */
const sign: Unary = (k, x) => k.select(k.either(k.less(x, 0), k.less(0, x)), k.withSign(1, x), x);

/** The types require a formula here for each function that is not simple. */
export const unaryFormulas: { readonly [F in Exclude<UnaryFnOf<'float32'>, SimpleUnary>]: Unary } = {
  sign, exp, expm1, sigmoid, tanh, erf, log, log1p, sin, cos, tan, atan,
}; // oxfmt-ignore
export const binaryFormulas: { readonly [F in Exclude<BinaryFnOf<'float32'>, SimpleBinary | 'div'>]: Binary } = {
  pow,
  mod,
};
export const integerFormulas: { readonly [F in Exclude<BinaryFnOf<'int32'>, SimpleBinary>]: IntegerBinary } = {
  div,
  mod: integerMod,
  pow: integerPow,
};
export const integerUnaryFormulas: { readonly [F in Exclude<UnaryFnOf<'int32'>, SimpleIntegerUnary>]: IntegerUnary } = {
  float16,
  bfloat16,
};
