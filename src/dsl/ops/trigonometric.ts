/** Angles: the inverses of sine, cosine and tangent, in radians. */
import { acosComposite, asinComposite, atan2Composite } from '../composites/index.js';
import { named } from '../errors.js';
import { composite } from '../primitives/index.js';
import { type AnyTensor, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import type { Arithmetic } from './binary.js';
import { operand } from './operand.js';

/**
 * The angle in [−π/2, π/2] whose sine is x; NaN beyond ±1. Its derivative 1/√(1 − x²) is infinite at ±1.
 *
 * @example
 * asin(constantOf([-1, 0, 0.5, 2], 4)) // → [-1.571, 0, 0.5236, NaN]
 */
export const asin = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(asinComposite, [nodeOf(x)]));

/**
 * The angle in [0, π] whose cosine is x; NaN beyond ±1. Its derivative −1/√(1 − x²) is infinite at ±1.
 *
 * @example
 * acos(constantOf([-1, 0, 1, 2], 4)) // → [3.142, 1.571, 0, NaN]
 */
export const acos = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(composite(acosComposite, [nodeOf(x)]));

/**
 * The angle in (−π, π] of the point (x, y): `atan2(x)(y)` is that of `y / x` in the quadrant of both. It is
 * 0, with a derivative of 0, at the origin.
 *
 * @example
 * const [y, x] = [constantOf([1, 1, -1, 0], 4), constantOf([1, -1, 0, -1], 4)]
 * pipe(y, atan2(x)) // → [0.7854, 2.356, -1.571, 3.142]
 */
export const atan2: Arithmetic<'float32'> = ((x: number | AnyTensor) => (y: AnyTensor) =>
  tensor(
    named('atan2', () => composite(atan2Composite, [nodeOf(y), operand('atan2', x, nodeOf(y))])),
  )) as Arithmetic<'float32'>; // as for div, the overloads say which shapes go together
