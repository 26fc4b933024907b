/** Functions of one tensor, element by element: the result has the shape of `x`. */
import type { UnaryFn } from '../node.js';
import {
  add as addNodes,
  binary,
  cast as castNode,
  full,
  mul as mulNodes,
  stopGradient as stopGradientNode,
  unary,
} from '../primitives/index.js';
import { type DType, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { type Numeric, operand } from './operand.js';

type OfFloats = <S extends Shape>(x: Tensor<S>) => Tensor<S>;
type OfNumbers = <S extends Shape, D extends Numeric>(x: Tensor<S, D>) => Tensor<S, D>;

const ofFloats =
  (fn: UnaryFn): OfFloats =>
  (x) =>
    tensor(unary(fn, nodeOf(x)));

const ofNumbers =
  (fn: UnaryFn): OfNumbers =>
  (x) =>
    tensor(unary(fn, nodeOf(x)));

/** −x */
export const neg: OfNumbers = ofNumbers('neg');
/** |x| */
export const abs: OfNumbers = ofNumbers('abs');
/** −1, 0 or 1. */
export const sign: OfNumbers = ofNumbers('sign');
/** The largest integer that is not above x. */
export const floor: OfFloats = ofFloats('floor');
/** The smallest integer that is not below x. */
export const ceil: OfFloats = ofFloats('ceil');
/** The nearest integer, halves to the even one. */
export const round: OfFloats = ofFloats('round');
/** eˣ */
export const exp: OfFloats = ofFloats('exp');
/** eˣ − 1, exact near 0. */
export const expm1: OfFloats = ofFloats('expm1');
/** ln x */
export const log: OfFloats = ofFloats('log');
/** ln(1 + x), exact near 0. */
export const log1p: OfFloats = ofFloats('log1p');
/** √x */
export const sqrt: OfFloats = ofFloats('sqrt');
/** 1/√x */
export const rsqrt: OfFloats = ofFloats('rsqrt');
/** 1/x */
export const reciprocal: OfFloats = ofFloats('reciprocal');
export const sin: OfFloats = ofFloats('sin');
export const cos: OfFloats = ofFloats('cos');
export const tan: OfFloats = ofFloats('tan');
export const tanh: OfFloats = ofFloats('tanh');
export const atan: OfFloats = ofFloats('atan');
/** 1/(1 + e⁻ˣ) */
export const sigmoid: OfFloats = ofFloats('sigmoid');
/** The error function, (2/√π)·∫₀ˣ e^(−t²) dt. */
export const erf: OfFloats = ofFloats('erf');

/** x² */
export const square = <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> =>
  tensor(mulNodes(nodeOf(x), nodeOf(x)));

/** max(x, 0) */
export const relu = <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> =>
  tensor(binary('max', nodeOf(x), operand('relu', 0, nodeOf(x))));

/** ln(1 + eˣ), without overflow: max(x, 0) + ln(1 + e^(−|x|)). */
export const softplus = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(addNodes(nodeOf(relu(x)), nodeOf(log1p(exp(neg(abs(x)))))));

/** True where x is false. */
export const not = <S extends Shape>(x: Tensor<S, 'bool'>): Tensor<S, 'bool'> =>
  tensor(unary('not', nodeOf(x)));

/** True where x is neither NaN nor infinite. */
export const isFinite = <S extends Shape>(x: Tensor<S>): Tensor<S, 'bool'> =>
  tensor(unary('isFinite', nodeOf(x)));

/**
 * Numbers of another dtype: float32 to int32 truncates toward zero, a number is true where it is not 0.
 *
 * @example
 * pipe(mask, cast('float32')) // 1 where the mask holds, 0 elsewhere
 */
export const cast =
  <D extends Exclude<DType, 'key'>>(dtype: D) =>
  <S extends Shape>(x: Tensor<S, Exclude<DType, 'key'>>): Tensor<S, D> =>
    tensor(castNode(nodeOf(x), dtype));

/** x itself, as a constant: no gradient goes through it. */
export const stopGradient = <S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> =>
  tensor(stopGradientNode(nodeOf(x)));

/**
 * x, at least `low` and at most `high`.
 *
 * @example
 * pipe(image, clip(-1, 1))
 */
export const clip =
  (low: number, high: number) =>
  <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> => {
    const n = nodeOf(x);
    return tensor(binary('min', binary('max', n, full(low, n.shape, n.dtype)), full(high, n.shape, n.dtype)));
  };
