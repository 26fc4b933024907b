/** Gradient checkpointing: recomputes intermediate results instead of storing them. */
import { requireFunction } from '../../internal/parts.js';
import { closed, differentiate, isFloat, open } from './differentiate.js';
import { type Composite, substitute } from '../graph/node.js';
import { after, composite, inputLike } from '../primitives/index.js';
import { type Shape, tensor, type Tensor } from '../graph/tensor.js';

/** A composite whose derivative computes its decomposition again from the operands, once its cotangent is known. */
const recomputed = (decompose: Composite['decompose']): Composite => ({
  name: 'checkpoint',
  decompose,
  derivative: (inputs, _, cotangent, options) => {
    const formals = inputs.map(inputLike);
    const seed = inputLike(cotangent);
    const floats = formals.filter(isFloat);
    const { gradients } = differentiate([decompose(formals, options)], [seed], floats);
    const again = inputs.map((x) => after(x, cotangent));
    const pulledBack = substitute(gradients, [...formals, seed], [...again, cotangent]);
    return formals.map((formal) => pulledBack[floats.indexOf(formal)] ?? null);
  },
  redefined: recomputed,
});

/**
 * Makes a function that stores only its argument and captured tensors for its derivative. The backward pass recomputes
 * the intermediate results. A chain of n checkpointed blocks stores n results and the intermediate results of one
 * block, at the cost of one more forward pass. Values do not change; gradients are summed in another order if a tensor
 * has several uses. Random numbers are stored, because they do not depend on the argument. Chen et al. 2016.
 * @example
 * const block = (w: Tensor<[2, 2]>) => (h: Tensor<[8, 2]>) => tanh(matmul(tanh(matmul(h, w)), w))
 * const loss = (w: Tensor<[2, 2]>) => sum(pipe(ones(8, 2), checkpoint(block(w)), checkpoint(block(w))))
 * dims(grad(loss)(ones(2, 2))) // → [2, 2]
 */
export const checkpoint =
  <P, S extends Shape>(f: (p: P) => Tensor<S>) =>
  (p: P): Tensor<S> => {
    const { result, formals, actuals } = closed(open(requireFunction('checkpoint', f), p));
    const definition = recomputed((inputs) => substitute([result], formals, inputs)[0]);
    return tensor(composite(definition, actuals));
  };
