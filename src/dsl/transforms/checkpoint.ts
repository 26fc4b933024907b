/** Memory for time: intermediate results that are computed again rather than kept. */
import { closed, isFloat, open } from './closure.js';
import { differentiate } from './differentiate.js';
import { type Composite, substitute } from '../graph/node.js';
import { barrier, composite, inputLike } from '../primitives/index.js';
import { type Shape, tensor, type Tensor } from '../graph/tensor.js';

/** A function whose derivative begins with its operands alone, and not before its cotangent is there. */
const recomputed = (decompose: Composite['decompose']): Composite => ({
  name: 'checkpoint',
  decompose,
  derivative: (inputs, _, cotangent, options) => {
    const formals = inputs.map(inputLike);
    const seed = inputLike(cotangent);
    const floats = formals.filter(isFloat);
    const { gradients } = differentiate([decompose(formals, options)], [seed], floats);
    const again = inputs.map((x) => barrier(x, cotangent));
    const pulledBack = substitute(gradients, [...formals, seed], [...again, cotangent]);
    return formals.map((formal) => pulledBack[floats.indexOf(formal)] ?? null);
  },
  redefined: recomputed,
});

/**
 * The same function, that keeps less for its derivative: nothing of what is computed inside, but its argument and
 * what it captures. The backward pass computes the rest again, when it gets there. So a chain of n blocks, each
 * of them checkpointed, keeps n results and the inside of one block, for the time of one more forward pass.
 * Values are the same, and gradients, but for the order in which those of several uses are added. Random numbers
 * are kept, as they depend on no argument. Chen et al. 2016.
 *
 * @example
 * const block = (w: Tensor<[2, 2]>) => (h: Tensor<[8, 2]>) => tanh(matmul(tanh(matmul(h, w)), w))
 * const loss = (w: Tensor<[2, 2]>) => sum(pipe(ones(8, 2), checkpoint(block(w)), checkpoint(block(w))))
 * dims(grad(loss)(ones(2, 2))) // → [2, 2]
 */
export const checkpoint =
  <P, S extends Shape>(f: (p: P) => Tensor<S>) =>
  (p: P): Tensor<S> => {
    const { result, formals, actuals } = closed(open(f, p));
    return tensor(
      composite(
        recomputed((inputs) => substitute([result], formals, inputs)[0]!),
        actuals,
      ),
    );
  };
