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
} from '../../dsl/index.js';
import { dual } from '../../dsl/dual.js';
import type { GradientTransformation } from './optimizer.js';
import { isAmount, requirement } from '../requirement.js';

const requireNorm = requirement('a finite norm above 0', (n) => isAmount(n) && n > 0, '1 is usual');

/**
 * The Euclidean norm of all gradients as one vector.
 * @example globalNorm({ w: constantOf([3], 1), b: constantOf([4], 1) }) // → 5
 */
export const globalNorm = <P>(gradients: Grads<P>): Scalar =>
  sqrt(
    tensorsOf(gradients)
      .map(({ leaf }) => sum(square(leaf as Tensor<Shape>))) // gradients are float32, if not null
      .reduce((total, s) => add(total, s), scalar(0)),
  );

/** See {@link clipByGlobalNorm}. */
interface ClipByGlobalNorm {
  (max: number): GradientTransformation;
  <P>(gradients: Grads<P>, max: number): Grads<P>;
}

/**
 * Scales all gradients by one number so that their {@link globalNorm} is at most `max`. The pipeable form is a link of
 * `chain`. Raises `ConfigError` unless `max` is positive and finite. Pascanu et al. 2013.
 * @example
 * clipByGlobalNorm({ w: constantOf([3], 1), b: constantOf([4], 1) }, 1) // → { w: [0.6], b: [0.8] }
 * pipe({ w: constantOf([3], 1), b: constantOf([4], 1) }, clipByGlobalNorm(1)) // → { w: [0.6], b: [0.8] }
 */
export const clipByGlobalNorm: ClipByGlobalNorm = dual('clipByGlobalNorm', 2, <P>(gradients: Grads<P>, max: number) => {
  requireNorm('clipByGlobalNorm', max);
  const factor = div(max, maximum(globalNorm(gradients), max)); // 1 for norms up to `max`
  return zipTensors([gradients], (g) => mul(factor, g));
});
