/** What transformations of functions promise. */
import { checkpoint } from 'noisefold/dsl';
import { valueAndGrad } from '../../src/dsl/gradient.js';
import type { Node } from '../../src/dsl/node.js';
import * as p from '../../src/dsl/primitives/index.js';
import { type AnyTensor, nodeOf, type Scalar, tensor } from '../../src/dsl/tensor.js';
import { tensorsOf } from '../../src/dsl/tensors.js';
import { graphCase, type GraphCase } from '../arbitraries/graph.js';
import { mapValues } from '../oracles/records.js';
import type { Nodes, Tensors } from '../oracles/running.js';
import { equal, FUSING, planned } from './compilation.js';
import { total } from './derivatives.js';
import type { Law } from './law.js';

/** The outputs of a graph as a scalar. */
const summed = (outputs: Nodes): Node =>
  Object.values(outputs)
    .map((n) => total(n.dtype === 'float32' ? n : p.cast(n, 'float32')))
    .reduce(p.add);

/** A graph with the value and the gradient of its outputs, summed by a function that `wrap` has transformed. */
const differentiated = (
  { build, ...rest }: GraphCase,
  wrap: (f: (x: Tensors) => Scalar) => (x: Tensors) => Scalar,
): GraphCase => ({
  ...rest,
  donate: [],
  build: (nodes) => {
    const f = (x: Tensors): Scalar => tensor(summed(build(mapValues(x, nodeOf))));
    const { value, grad } = valueAndGrad(wrap(f))(mapValues(nodes, (n): AnyTensor => tensor(n)));
    const slopes = tensorsOf(grad).map(({ path, leaf }) => [`by ${path}`, nodeOf(leaf)] as const);
    return { value: nodeOf(value), ...Object.fromEntries(slopes) };
  },
});

/**
 * What transformations of functions promise.
 *
 * @example
 * transformationLaws[0]!.name // → 'checkpoint changes no number'
 * await checkLaw(transformationLaws[0]!, 0.01)
 */
export const transformationLaws: readonly Law[] = [
  {
    name: 'checkpoint changes no number',
    formula: '(f, ∇f)(x) = (g, ∇g)(x) for g = checkpoint(f), to the bit in float64',
    source: 'Chen et al. 2016',
    arbitrary: graphCase,
    runs: 400,
    violation: (given: GraphCase) =>
      equal(
        planned(
          differentiated(given, (f) => checkpoint(f)),
          FUSING,
        ),
        planned(
          differentiated(given, (f) => f),
          FUSING,
        ),
      ),
  },
];
