/** The checks of each operation, whose outcomes `FEATURES.md` reports. */
import type { Backend, HostArray, KeyWords } from '../../src/dsl/plan/backend.js';
import type { Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import { numbers } from '../arbitraries/choices.js';
import { type Declared, type Input, inputNodes } from '../arbitraries/operationCase.js';
import { agrees, gradient, weighted } from '../laws/derivatives.js';
import { approx, firstOf, type Violation } from '../laws/law.js';
import { evaluate } from '../oracles/evaluate.js';
import { type Nodes, programOf, running } from '../oracles/running.js';
import type { Case, Feature } from './feature.js';

const KEY: KeyWords = [7, 0];

/** The operands as inputs of a program. */
const declaredBy = ({ operands }: Case): readonly Declared[] =>
  operands.map(({ shape, dtype }, i) => ({ path: `x${i}`, shape, dtype }));

/** The operands that have numbers, with these numbers. */
const inputsOf = ({ operands }: Case): readonly Input[] =>
  operands.flatMap(({ shape, dtype, domain }, i) =>
    dtype === 'key' ? [] : [{ path: `x${i}`, shape, dtype, data: numbers(domain, i, sizeOf(shape)) }],
  );

const keysOf = ({ operands }: Case): Readonly<Record<string, KeyWords>> =>
  Object.fromEntries(operands.flatMap(({ dtype }, i) => (dtype === 'key' ? [[`x${i}`, KEY]] : [])));

const dataOf = (sample: Case): Readonly<Record<string, Float64Array>> =>
  Object.fromEntries(inputsOf(sample).map(({ path, data }) => [path, data]));

const nodesOf = (sample: Case): Nodes =>
  Object.fromEntries(declaredBy(sample).map((input) => [input.path, inputNodes([input])[0]!]));

/** The results of a case. */
const resultsOf = (sample: Case): readonly Node[] => sample.build(Object.values(nodesOf(sample)));

const isFloat = ({ dtype }: { readonly dtype: string }): boolean => dtype === 'float32';

/** Tests if a float32 result may depend on a float32 operand. */
const hasSlope = (sample: Case): boolean => sample.operands.some(isFloat) && resultsOf(sample).some(isFloat);

/** ⟨w, y⟩ over the float32 results. */
const scalarOf =
  (sample: Case) =>
  (inputs: Nodes): Node =>
    sample
      .build(Object.values(inputs))
      .filter(isFloat)
      .map((y, i) => weighted(y, 100 + i))
      .reduce(p.add);

/** The results, and the gradient by each float32 operand. */
const resultsAndGradients =
  (sample: Case) =>
  (inputs: Nodes): Nodes => {
    const results = sample.build(Object.values(inputs)).map((y, i) => [`result ${i}`, y] as const);
    const slopes = hasSlope(sample) ? Object.entries(gradient(scalarOf(sample), inputs)) : [];
    return Object.fromEntries([...results, ...slopes.map(([path, slope]) => [`gradient by ${path}`, slope] as const)]);
  };

const largest = (all: ArrayLike<number>): number => Array.from(all).reduce((most, x) => Math.max(most, Math.abs(x)), 1);

/** The graph of a case with its numbers in float64, which are the same for every backend. */
interface Expected {
  readonly graph: Nodes;
  readonly numbers: readonly Float64Array[];
}

const expectations = new WeakMap<Case, Expected>();

const expectedOf = (sample: Case): Expected => {
  const earlier = expectations.get(sample);
  if (earlier !== undefined) return earlier;
  const graph = resultsAndGradients(sample)(nodesOf(sample));
  const expected = { graph, numbers: evaluate(Object.values(graph), dataOf(sample), keysOf(sample)).outputs };
  expectations.set(sample, expected);
  return expected;
};

const agreementOn = async (backend: Backend, sample: Case, tolerance: number): Promise<Violation> => {
  const [data, keys] = [dataOf(sample), keysOf(sample)];
  const { graph, numbers: expected } = expectedOf(sample);
  const executable = await running(backend, programOf(declaredBy(sample), resultsAndGradients(sample)));
  const actual = await executable.run({ ...data, ...keys });
  executable.release();
  return firstOf(
    ...Object.entries(graph).map(([path, n], i) => {
      const within = isFloat(n) ? tolerance * largest(expected[i]!) : 0;
      return approx(path, actual[path] as HostArray, expected[i]!, within); // not a key
    }),
  );
};

const gradientAgreementOn = async (sample: Case): Promise<Violation> => {
  if (!hasSlope(sample)) return sample.differentiable ? 'there is nothing to differentiate' : null;
  if (sample.differentiable) return agrees(inputsOf(sample), scalarOf(sample), 1);
  const slopes = Object.values(gradient(scalarOf(sample), nodesOf(sample)));
  const { outputs } = evaluate(slopes, dataOf(sample), keysOf(sample));
  return firstOf(...outputs.map((slope) => approx('gradient', slope, new Float64Array(slope.length), 0)));
};

/** The first violation in the cases of an operation, which are checked one after the other. */
const inCases = async ({ cases }: Feature, check: (sample: Case) => Promise<Violation>): Promise<Violation> => {
  for (const sample of cases) {
    const violation = await check(sample);
    if (violation !== null) return violation;
  }
  return null;
};

/** Compares the results and the gradients of a backend with those of the graph in float64. */
export const agreement = (backend: Backend, feature: Feature, tolerance: number): Promise<Violation> =>
  inCases(feature, (sample) => agreementOn(backend, sample, tolerance));

/** Compares the gradient with finite differences; with zeros if the case is not differentiable. */
export const gradientAgreement = (feature: Feature): Promise<Violation> => inCases(feature, gradientAgreementOn);
