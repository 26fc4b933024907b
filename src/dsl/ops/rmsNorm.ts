import { named } from '../errors.js';
import { mul, reduceKeeping, scale, shift, unary } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { scaleChannels } from './broadcast.js';
import { spread } from './operand.js';
import { namedFields } from '../options.js';

const fields = namedFields('rmsNorm', {}, ['epsilon']);

/**
 * `γ·x / √(mean x² + ε)` along the last axis, `gamma: [C]` and `[..., C]`, ε = 1e-6 if not given: layer
 * normalization without the mean. Zhang & Sennrich 2019.
 *
 * @example
 * pipe(constantOf([1, 7], 2), rmsNorm({ gamma: ones(2) })) // → [0.2, 1.4]
 */
export const rmsNorm =
  <C extends Dim>({ gamma }: { readonly gamma: Tensor<[C]> }, options: { readonly epsilon?: number } = {}) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> => {
    const { epsilon = 1e-6 } = fields(options);
    const n = nodeOf(x);
    const square = scale(reduceKeeping('sum', mul(n, n), [-1]), 1 / (n.shape.at(-1) ?? 1));
    const unit = mul(n, spread(unary('rsqrt', shift(square, epsilon)), n.shape));
    return named('rmsNorm', () => scaleChannels(gamma)(tensor<[...R, C], 'float32'>(unit)));
  };
