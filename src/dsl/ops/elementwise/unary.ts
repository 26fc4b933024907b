/** Functions of one tensor, element by element. The result has the shape of `x`. */
import { acosComposite, asinComposite, coshComposite, sinhComposite } from '../../composites/index.js';
import { oneOf } from '../../../internal/decode.js';
import { dual, type Dual } from '../../../internal/dual.js';
import { argument } from '../../../internal/schema.js';
import type { UnaryFn } from '../../graph/node.js';
import { type AnyTensor, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import * as nodes from '../../primitives/index.js';
import { type NumberOrTensor, type Numeric, operand } from '../operand.js';

const ofNumbers =
  (fn: UnaryFn) =>
  <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> =>
    tensor(nodes.unary(fn, nodeOf(x)));

const ofFloats =
  (fn: UnaryFn) =>
  <S extends Shape>(x: Tensor<S>): Tensor<S> =>
    tensor(nodes.unary(fn, nodeOf(x)));

/**
 * −x
 * @example neg(constantOf([1, -2], 2)) // → [-1, 2]
 */
export const neg = ofNumbers('neg');

/**
 * |x|
 * @example abs(constantOf([1, -2], 2)) // → [1, 2]
 */
export const abs = ofNumbers('abs');

/**
 * The sign of x: −1, 0 or 1.
 * @example sign(constantOf([-3, 0, 3], 3)) // → [-1, 0, 1]
 */
export const sign = ofNumbers('sign');

/**
 * Rounds down, to the largest integer ≤ x.
 * @example floor(constantOf([-1.5, 1.5], 2)) // → [-2, 1]
 */
export const floor = ofFloats('floor');

/**
 * Rounds up, to the smallest integer ≥ x.
 * @example ceil(constantOf([-1.5, 1.5], 2)) // → [-1, 2]
 */
export const ceil = ofFloats('ceil');

/**
 * Rounds to the nearest integer, and halves to the even one.
 * @example round(constantOf([0.4, 0.5, 1.5], 3)) // → [0, 0, 2]
 */
export const round = ofFloats('round');

/**
 * eˣ
 * @example exp(constantOf([0, 1], 2)) // → [1, 2.718]
 */
export const exp = ofFloats('exp');

/**
 * eˣ − 1, accurate near 0.
 * @example expm1(constantOf([0, 1], 2)) // → [0, 1.718]
 */
export const expm1 = ofFloats('expm1');

/**
 * ln x; −∞ at 0, and NaN below.
 * @example log(constantOf([Math.E, 1, 0, -1], 4)) // → [1, 0, -Infinity, NaN]
 */
export const log = ofFloats('log');

/**
 * log₂ x; −∞ at 0, and NaN below.
 * @example log2(constantOf([8, 1, 0.5, 0], 4)) // → [3, 0, -1, -Infinity]
 */
export const log2 = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(nodes.scale(nodeOf(log(x)), Math.LOG2E));

/**
 * ln(1 + x), accurate near 0.
 * @example log1p(constantOf([0, 1], 2)) // → [0, 0.6931]
 */
export const log1p = ofFloats('log1p');

/**
 * √x; NaN below 0.
 * @example sqrt(constantOf([1, 4, 9], 3)) // → [1, 2, 3]
 */
export const sqrt = ofFloats('sqrt');

/**
 * 1/√x
 * @example rsqrt(constantOf([1, 4], 2)) // → [1, 0.5]
 */
export const rsqrt = ofFloats('rsqrt');

/**
 * 1/x
 * @example reciprocal(constantOf([1, 4], 2)) // → [1, 0.25]
 */
export const reciprocal = ofFloats('reciprocal');

/**
 * The sine of x, in radians.
 * @example sin(constantOf([0, Math.PI / 6], 2)) // → [0, 0.5]
 */
export const sin = ofFloats('sin');

/**
 * The cosine of x, in radians.
 * @example cos(constantOf([0, Math.PI / 3], 2)) // → [1, 0.5]
 */
export const cos = ofFloats('cos');

/**
 * The tangent of x, in radians.
 * @example tan(constantOf([0, Math.PI / 4], 2)) // → [0, 1]
 */
export const tan = ofFloats('tan');

/**
 * The arcsine of x, in [−π/2, π/2]; NaN if |x| > 1. Its derivative 1/√(1 − x²) is infinite at ±1.
 * @example asin(constantOf([-1, 0, 0.5, 2], 4)) // → [-1.571, 0, 0.5236, NaN]
 */
export const asin = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(nodes.composite(asinComposite, [nodeOf(x)]));

/**
 * The arccosine of x, in [0, π]; NaN if |x| > 1. Its derivative −1/√(1 − x²) is infinite at ±1.
 * @example acos(constantOf([-1, 0, 1, 2], 4)) // → [3.142, 1.571, 0, NaN]
 */
export const acos = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(nodes.composite(acosComposite, [nodeOf(x)]));

/**
 * The arctangent of x, in (−π/2, π/2).
 * @example atan(constantOf([0, 1], 2)) // → [0, 0.7854]
 */
export const atan = ofFloats('atan');

/**
 * The hyperbolic sine, (eˣ − e⁻ˣ)/2, exact near 0.
 * @example sinh(constantOf([-1, 0, 1], 3)) // → [-1.175, 0, 1.175]
 */
export const sinh = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(nodes.composite(sinhComposite, [nodeOf(x)]));

/**
 * The hyperbolic cosine, (eˣ + e⁻ˣ)/2.
 * @example cosh(constantOf([-1, 0, 1], 3)) // → [1.543, 1, 1.543]
 */
export const cosh = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(nodes.composite(coshComposite, [nodeOf(x)]));

/**
 * The hyperbolic tangent, (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ).
 * @example tanh(constantOf([0, 1], 2)) // → [0, 0.7616]
 */
export const tanh = ofFloats('tanh');

/**
 * 1/(1 + e⁻ˣ)
 * @example sigmoid(constantOf([-2, 0, 2], 3)) // → [0.1192, 0.5, 0.8808]
 */
export const sigmoid = ofFloats('sigmoid');

/**
 * The error function, (2/√π)·∫₀ˣ e^(−t²) dt.
 * @example erf(constantOf([0, 1], 2)) // → [0, 0.8427]
 */
export const erf = ofFloats('erf');

/**
 * x²
 * @example square(constantOf([1, -2, 3], 3)) // → [1, 4, 9]
 */
export const square = <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> =>
  tensor(nodes.mul(nodeOf(x), nodeOf(x)));

/**
 * True where x is false.
 * @example not(constantOf(Uint8Array.of(1, 0), 2)) // → [false, true]
 */
export const not = <S extends Shape>(x: Tensor<S, 'bool'>): Tensor<S, 'bool'> => tensor(nodes.unary('not', nodeOf(x)));

/**
 * True where x is neither NaN nor infinite.
 * @example isFinite(constantOf([1, NaN, -Infinity], 3)) // → [true, false, false]
 */
export const isFinite = <S extends Shape>(x: Tensor<S>): Tensor<S, 'bool'> =>
  tensor(nodes.unary('isFinite', nodeOf(x)));

const castTo = argument('cast: dtype', oneOf('float32', 'int32', 'bool'));

/**
 * Converts to another dtype. float32 to int32 truncates toward zero and saturates; to bool, every number but 0 is true.
 * @example
 * const x = constantOf([-1.7, 0, 1.7], 3)
 * cast(x, 'int32') // → [-1, 0, 1]
 * cast(x, 'bool') // → [true, false, true]
 */
export const cast: Dual<
  <S extends Shape, D extends Exclude<DType, 'key'>>(x: Tensor<S, Exclude<DType, 'key'>>, dtype: D) => Tensor<S, D>,
  <D extends Exclude<DType, 'key'>>(dtype: D) => <S extends Shape>(x: Tensor<S, Exclude<DType, 'key'>>) => Tensor<S, D>
> = dual('cast', 2, (x: AnyTensor, dtype: Exclude<DType, 'key'>) =>
  tensor(nodes.cast(nodeOf(x), castTo.demand(dtype))),
);

/**
 * Returns x as a constant for differentiation: no gradient flows through it.
 * @example
 * grad((x: Scalar) => mul(x, x))(scalar(3)) // → 6
 * grad((x: Scalar) => mul(x, stopGradient(x)))(scalar(3)) // → 3
 */
export const stopGradient = <S extends Shape, D extends DType>(x: Tensor<S, D>): Tensor<S, D> =>
  tensor(nodes.stopGradient(nodeOf(x)));

/**
 * Limits x to [low, high], numbers or scalars.
 * @example clip(constantOf([-3, 0.5, 2], 3), -1, 1) // → [-1, 0.5, 1]
 */
export const clip: Dual<
  <S extends Shape, D extends Numeric>(
    x: Tensor<S, D>,
    low: number | Tensor<[], NoInfer<D>>,
    high: number | Tensor<[], NoInfer<D>>,
  ) => Tensor<S, D>,
  <N extends Numeric>(
    low: number | Tensor<[], N>,
    high: number | Tensor<[], NoInfer<N>>,
  ) => <S extends Shape, D extends N>(x: Tensor<S, D>) => Tensor<S, D>
> = dual('clip', 3, (x: AnyTensor, low: NumberOrTensor, high: NumberOrTensor) => {
  const n = nodeOf(x);
  return tensor(nodes.binary('min', nodes.max(n, operand('clip', low, n)), operand('clip', high, n)));
});
