import {
  add,
  div,
  type Grads,
  maximum,
  mul,
  type Scalar,
  scalar,
  type Shape,
  sqrt,
  square,
  sum,
  tensorsOf,
  type Tensor,
  zipTensors,
} from '../dsl/index.js';
import { F } from '../internal/fp.js';
import type { GradientTransformation } from './optimizer.js';
import { isAmount, requirement } from './requirement.js';

const requireNorm = requirement('a finite norm above 0', (n) => isAmount(n) && n > 0, '1 is usual');

/**
 * The Euclidean norm of all gradients as one vector.
 *
 * @example
 * globalNorm({ w: constantOf([3], 1), b: constantOf([4], 1) }) // → 5
 */
export const globalNorm = <P>(gradients: Grads<P>): Scalar =>
  F.pipe(
    tensorsOf(gradients)
      // gradients are float32 where they are not null
      .map(({ leaf }) => sum(square(leaf as Tensor<Shape>)))
      .reduce((total, s) => add(s)(total), scalar(0)),
    sqrt,
  );

/**
 * Scales all gradients by one number where their {@link globalNorm} is above `max`, so that it is `max`.
 * Raises `ConfigError` unless `max` is positive and finite. Pascanu et al. 2013.
 *
 * @example
 * clipByGlobalNorm(1)({ w: constantOf([3], 1), b: constantOf([4], 1) }) // → { w: [0.6], b: [0.8] }
 */
export const clipByGlobalNorm =
  (max: number): GradientTransformation =>
  <P>(gradients: Grads<P>) => {
    requireNorm('clipByGlobalNorm', max);
    const factor = div(maximum(max)(globalNorm(gradients)))(scalar(max)); // 1 up to `max`
    return zipTensors((g) => mul(factor)(g))(gradients);
  };
