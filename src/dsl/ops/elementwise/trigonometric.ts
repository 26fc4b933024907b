/** Inverses of sine, cosine and tangent, in radians. */
import { acosComposite, asinComposite, atan2Composite } from '../../composites/index.js';
import { composite } from '../../primitives/index.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { type Arithmetic, ofTwo } from './binary.js';

/**
 * The arcsine of x, in [−π/2, π/2]; NaN if |x| > 1. Its derivative 1/√(1 − x²) is infinite at ±1.
 * @example asin(constantOf([-1, 0, 0.5, 2], 4)) // → [-1.571, 0, 0.5236, NaN]
 */
export const asin = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(composite(asinComposite, [nodeOf(x)]));

/**
 * The arccosine of x, in [0, π]; NaN if |x| > 1. Its derivative −1/√(1 − x²) is infinite at ±1.
 * @example acos(constantOf([-1, 0, 1, 2], 4)) // → [3.142, 1.571, 0, NaN]
 */
export const acos = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(composite(acosComposite, [nodeOf(x)]));

/**
 * The angle of the point (x, y) in (−π, π]: the arctangent of y/x in the quadrant of the point. It is 0, with derivative
 * 0, at the origin.
 * @example
 * const [y, x] = [constantOf([1, 1, -1, 0], 4), constantOf([1, -1, 0, -1], 4)]
 * atan2(y, x) // → [0.7854, 2.356, -1.571, 3.142]
 */
export const atan2: Arithmetic<'float32'> = ofTwo('atan2', (y, x) => composite(atan2Composite, [y, x]));
