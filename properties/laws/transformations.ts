/** Laws of transformations of functions. */
import fc from 'fast-check';
import { checkpoint, customVjp, jvp } from 'noisefold/dsl';
import { valueAndGrad, vjp } from '../../src/dsl/transforms/gradient.js';
import type { Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import { nodeOf, tensor } from '../../src/dsl/graph/tensor.js';
import { tensorsOf } from '../../src/dsl/transforms/tensors.js';
import { numbers } from '../arbitraries/choices.js';
import { graphCase, type GraphCase } from '../arbitraries/graph.js';
import { type OperationCase, operationCase, smallShape } from '../arbitraries/operationCase.js';
import { operations } from '../arbitraries/operations.js';
import { lifted, lowered, type NodeFunction, type TensorFunction, tensors } from '../oracles/lifting.js';
import { mapValues } from '../oracles/records.js';
import { type Nodes, runOnReference, type Tensors } from '../oracles/running.js';
import { batchLaws } from './batches.js';
import { equal, FUSING, outputsOfPlan } from './compilation.js';
import { agrees, gradient, total, weighted } from './derivatives.js';
import { approx, firstOf, type Law } from './law.js';

/** The outputs of a graph as a scalar. */
const summed = (outputs: Nodes): Node =>
  Object.values(outputs)
    .map((n) => total(p.cast(n, 'float32')))
    .reduce(p.add);

/** The value and the gradient of the outputs of a graph, by a function that `wrap` has transformed. */
const differentiated = ({ build, ...rest }: GraphCase, wrap: (f: TensorFunction) => TensorFunction): GraphCase => ({
  ...rest,
  donate: [],
  build: (x) => {
    // one trace for both, because a key is used once
    const { value, grad } = valueAndGrad(wrap(lifted((at) => summed(build(at)))))(tensors(x));
    const slopes = tensorsOf(grad).map(({ path, leaf }) => [`∇ by ${path}`, nodeOf(leaf)] as const);
    return { value: nodeOf(value), ...Object.fromEntries(slopes) };
  },
});

/** A value, its gradient, and the gradient of a product with that. */
const threeDerivatives = (f: NodeFunction, x: Nodes, seed: number): Nodes => {
  const slope: NodeFunction = (at) =>
    Object.values(gradient(f, at))
      .map((g, i) => weighted(g, seed + i))
      .reduce(p.add);
  const [first, second] = [gradient(f, x), gradient(slope, x)];
  const named = (name: string, by: Nodes): Nodes =>
    Object.fromEntries(Object.entries(by).map(([path, g]) => [`${name} by ${path}`, g]));
  return { value: f(x), ...named('∇', first), ...named('∇∇', second) };
};

/** A node of float32 numbers for each input of them. */
const directionOf = (x: Nodes, seed: number): Nodes =>
  Object.fromEntries(
    Object.entries(x).flatMap(([path, { shape, dtype }], i) =>
      dtype === 'float32'
        ? [[path, p.constant(numbers('any', seed + i, sizeOf(shape)), shape, 'float32')] as const]
        : [],
    ),
  );

/** The direction as a tree with the structure of the inputs: null for those that are not float32. */
const tangentsOf = (x: Nodes, direction: Nodes): never =>
  // a record of tensors, or null, which no type of it says more of
  mapValues(x, (_, path) => (direction[path] ? tensor(direction[path]) : null)) as never;

const along = (f: NodeFunction, x: Nodes, direction: Nodes): Node =>
  nodeOf(jvp(lifted(f))(tensors(x), tangentsOf(x, direction)).tangent);

const anyOperation: fc.Arbitrary<OperationCase> = fc.oneof(
  ...operations.filter(({ differentiable }) => differentiable).map((operation) => operationCase(operation, smallShape)),
);

const dataOf = ({ inputs }: OperationCase): Readonly<Record<string, Float64Array>> =>
  Object.fromEntries(inputs.map(({ path, data }) => [path, data]));

/**
 * Laws of transformations of functions.
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
    runs: 200,
    violation: (sample: GraphCase) => {
      const [again, plain] = [checkpoint<Tensors, []>, (f: TensorFunction) => f].map((wrap) =>
        outputsOfPlan(differentiated(sample, wrap), FUSING),
      );
      return equal(again!, plain!);
    },
  },
  {
    name: 'customVjp has the derivative that it is given',
    formula: '(f, ∇f, ∇⟨∇f, v⟩)(x) = (g, ∇g, ∇⟨∇g, v⟩)(x) for g = customVjp(f, the pullback of f)',
    source: 'definition of the derivative',
    arbitrary: anyOperation,
    runs: 250,
    violation: async (sample: OperationCase) => {
      const { inputs, build, seed } = sample;
      const own = lifted((x) => weighted(build(Object.values(x)), seed));
      const custom = customVjp(own, (x) => vjp(own)(x).pullback);
      const derivatives = (f: TensorFunction) =>
        runOnReference(inputs, dataOf(sample), (x) => threeDerivatives(lowered(f), x, seed + 1));
      const [expected, actual] = [await derivatives(own), await derivatives(custom)];
      return firstOf(
        ...Object.entries(expected).map(([path, x]) => {
          const largest = Math.max(1, ...[...x].map(Math.abs));
          return approx(path, actual[path]!, x, 1e-11 * largest);
        }),
      );
    },
  },
  {
    name: 'jvp is the derivative along its tangent',
    formula: 'jvp(f)(x, v) = d/ds f(x + s·v) at s = 0',
    source: 'definition of the derivative',
    arbitrary: anyOperation,
    runs: 250,
    violation: ({ inputs, build, seed }: OperationCase) =>
      agrees(inputs, (x) => weighted(build(Object.values(x)), seed), seed + 100, along),
  },
  {
    name: 'jvp and vjp are transposes',
    formula: '⟨jvp(f)(x, v), w⟩ = ⟨v, vjp(f)(x)(w)⟩',
    source: 'definition of the transpose',
    arbitrary: anyOperation,
    runs: 250,
    violation: async (sample: OperationCase) => {
      const { inputs, build, seed } = sample;
      const f: NodeFunction = (x) => build(Object.values(x));
      const actual = await runOnReference(inputs, dataOf(sample), (x) => {
        const direction = directionOf(x, seed + 10);
        const pulledBack = gradient((at) => weighted(f(at), seed), x);
        return {
          forward: weighted(along(f, x, direction), seed),
          reverse: Object.entries(pulledBack)
            .map(([path, g]) => total(p.mul(g, direction[path]!)))
            .reduce(p.add),
        };
      });
      const [forward, reverse] = [actual['forward']!, actual['reverse']!];
      return approx('⟨jvp, w⟩', forward, reverse, 1e-9 * (1 + Math.abs(reverse[0]!)));
    },
  },
  ...batchLaws,
];
