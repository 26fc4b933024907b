import { raise } from '../../errors.js';
import type { Node } from '../../graph/node.js';
import { isInput } from '../../primitives/index.js';

/** Refuses a graph that needs a tensor of another trace, which no run can give. Raises `ConfigError`. */
export const checkInputs = (nodes: readonly Node[], inputs: readonly Node[]): void => {
  const own = new Set(inputs);
  if (nodes.some((n) => isInput(n) && !own.has(n)))
    raise('ConfigError', {
      where: 'compile',
      expected: 'results that are made of the inputs of the program',
      actual: 'a tensor that left the function it belongs to, one given to grad, vjp, vmap or their like',
      hint: 'let that function give it as a result: valueAuxAndGrad for what goes with a loss',
    });
};
