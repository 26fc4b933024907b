/** One trace of a function for two arguments. */
import { substitute } from '../graph/node.js';
import { nodeOf, nodesIn, type Shape, tensor, type Tensor } from '../graph/tensor.js';
import { isFloat, open } from './differentiate.js';

/**
 * Applies a function of float32 tensors to two arguments of the same shapes, with the same random draws. A key may be
 * drawn from only once, so the function is traced once, and the second argument replaces the first one in the graph.
 */
export const atBoth = <P, S extends Shape>(
  f: (p: P) => Tensor<S>,
  first: P,
  second: P,
): readonly [Tensor<S>, Tensor<S>] => {
  const { result, formals, actuals } = open(f, first);
  const others = nodesIn(second).filter(isFloat);
  const at = (arguments_: typeof actuals): Tensor<S> => tensor(substitute([nodeOf(result)], formals, arguments_)[0]);
  return [at(actuals), at(others)];
};
