import { dual, type OneError } from '../../dual.js';
import { named } from '../../errors.js';
import { mul, reduceKeeping, scale, shift, unary } from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { scaleChannels } from '../shape/broadcast.js';
import { namedFields } from '../../options.js';
import { requirePerChannel, spread, startsWithTensor, withFields } from '../operand.js';

const fields = namedFields('rmsNorm', {}, ['epsilon']);

/** See {@link rmsNorm}. */
type RmsNorm = OneError & {
  <C extends Dim>(
    params: { readonly gamma: Tensor<[C]> },
    options?: { readonly epsilon?: number },
  ): <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, C]>;
  <R extends Shape, C extends Dim>(
    x: Tensor<[...R, C]>,
    params: { readonly gamma: Tensor<[NoInfer<C>]> },
    options?: { readonly epsilon?: number },
  ): Tensor<[...R, C]>;
};

/**
 * γ·x / √(mean x² + ε) along the last axis, ε = 1e-6 by default: layer normalization without the mean. `x: [..., C]` and
 * `gamma: [C]` → `[..., C]`. Zhang & Sennrich 2019.
 *
 * @example
 * rmsNorm(constantOf([1, 7], 2), { gamma: ones(2) }) // → [0.2, 1.4]
 */
export const rmsNorm: RmsNorm = dual(
  'rmsNorm',
  startsWithTensor,
  (x: AnyTensor, params: { readonly gamma: Tensor<[Dim]> }, options: { readonly epsilon?: number } = {}) => {
    const { epsilon = 1e-6 } = fields(options);
    const n = nodeOf(x);
    const { gamma } = withFields('rmsNorm', params, ['gamma']);
    requirePerChannel('rmsNorm', 'gamma', gamma, n);
    const square = scale(reduceKeeping('sum', mul(n, n), [-1]), 1 / (n.shape.at(-1) ?? 1));
    const unit = mul(n, spread(unary('rsqrt', shift(square, epsilon)), n.shape));
    return named('rmsNorm', () => scaleChannels(tensor<[...Shape, Dim], 'float32'>(unit), gamma));
  },
  3,
);
