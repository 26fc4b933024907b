/** The logarithm to another base than e. */
import { scale, unary } from '../../primitives/index.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';

/**
 * log₂ x; −∞ at 0, and NaN below.
 * @example log2(constantOf([8, 1, 0.5, 0], 4)) // → [3, 0, -1, -Infinity]
 */
export const log2 = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(scale(unary('log', nodeOf(x)), Math.LOG2E));
