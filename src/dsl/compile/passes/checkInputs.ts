import { raise } from '../../errors.js';
import type { Node } from '../../graph/node.js';
import { isInput } from '../../primitives/index.js';

/** Raises `ConfigError` for a graph that depends on a tensor of another trace, which no run can supply. */
export const checkInputs = (nodes: readonly Node[], inputs: readonly Node[]): void => {
  const own = new Set(inputs);
  if (nodes.some((n) => isInput(n) && !own.has(n)))
    raise('ConfigError', {
      where: 'compile',
      expected: 'results that depend on the inputs of the program only',
      actual:
        'a tensor from inside a function that was passed to grad, vjp, vmap or a similar transformation',
      hint: 'return it from that function, with valueAuxAndGrad for values beside a loss',
    });
};
