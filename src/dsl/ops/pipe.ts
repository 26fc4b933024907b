import { F, type functions } from '../../internal/fp.js';

/**
 * Passes a value through functions from left to right: `pipe(x, f, g)` is `g(f(x))`. Up to 19 functions. It is `pipe` of fp-ts.
 * @example
 * const h = zeros(8, 28, 28, 64)
 * pipe(h, conv2d(zeros(3, 3, 64, 32)), silu, averagePool) // : Tensor<[8, 14, 14, 32]>
 * pipe(constantOf([1, 4], 2), sqrt, mul(3)) // → [3, 6]
 */
export const pipe: typeof functions.pipe = F.pipe;
