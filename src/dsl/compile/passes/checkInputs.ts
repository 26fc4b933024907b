import { raise } from '../../errors.js';
import type { Node } from '../../graph/node.js';
import { isInput } from '../../primitives/index.js';

/** Raises `ConfigError` for a graph that depends on a tensor of another trace, which no run can supply. */
export const checkInputs = (nodes: readonly Node[], inputs: readonly Node[]): void => {
  const own = new Set(inputs);
  if (nodes.some((n) => isInput(n) && !own.has(n)))
    raise('ConfigError', {
      where: 'compile',
      expected: "results computed from the program's inputs",
      actual: 'a tensor that was made inside a function given to grad, vjp or vmap and used outside of it',
      hint: 'return it from that function (with valueAuxAndGrad for a loss)',
    });
};
