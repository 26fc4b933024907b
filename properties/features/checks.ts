/** The checks of each operation, whose outcomes `FEATURES.md` reports. */
import type { Backend, HostArray, KeyWords } from '../../src/dsl/compile/backend.js';
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

const dataOf = (given: Case): Readonly<Record<string, Float64Array>> =>
  Object.fromEntries(inputsOf(given).map(({ path, data }) => [path, data]));

const nodesOf = (given: Case): Nodes =>
  Object.fromEntries(declaredBy(given).map((input) => [input.path, inputNodes([input])[0]!]));

/** The results of a case. */
const resultsOf = (given: Case): readonly Node[] => given.build(Object.values(nodesOf(given)));

const isFloat = ({ dtype }: { readonly dtype: string }): boolean => dtype === 'float32';

/** Tests if a float32 result may depend on a float32 operand. */
const hasSlope = (given: Case): boolean => given.operands.some(isFloat) && resultsOf(given).some(isFloat);

/** ⟨w, y⟩ over the float32 results. */
const scalarOf =
  (given: Case) =>
  (inputs: Nodes): Node =>
    given
      .build(Object.values(inputs))
      .filter(isFloat)
      .map((y, i) => weighted(y, 100 + i))
      .reduce(p.add);

/** The results, and the gradient by each float32 operand. */
const resultsAndGradients =
  (given: Case) =>
  (inputs: Nodes): Nodes => {
    const results = given.build(Object.values(inputs)).map((y, i) => [`result ${i}`, y] as const);
    const slopes = hasSlope(given) ? Object.entries(gradient(scalarOf(given), inputs)) : [];
    return Object.fromEntries([...results, ...slopes.map(([path, slope]) => [`gradient by ${path}`, slope] as const)]);
  };

const largest = (all: ArrayLike<number>): number => Array.from(all).reduce((most, x) => Math.max(most, Math.abs(x)), 1);

const agreementOn = async (backend: Backend, given: Case, tolerance: number): Promise<Violation> => {
  const [data, keys] = [dataOf(given), keysOf(given)];
  const graph = resultsAndGradients(given)(nodesOf(given));
  const expected = evaluate(Object.values(graph), data, keys).outputs;
  const compiled = await running(backend, programOf(declaredBy(given), resultsAndGradients(given)));
  const actual = await compiled.run({ ...data, ...keys });
  compiled.release();
  return firstOf(
    ...Object.entries(graph).map(([path, n], i) => {
      const within = isFloat(n) ? tolerance * largest(expected[i]!) : 0;
      return approx(path, actual[path] as HostArray, expected[i]!, within); // not a key
    }),
  );
};

const gradientAgreementOn = async (given: Case): Promise<Violation> => {
  if (!hasSlope(given)) return given.differentiable ? 'there is nothing to differentiate' : null;
  if (given.differentiable) return agrees(inputsOf(given), scalarOf(given), 1);
  const slopes = Object.values(gradient(scalarOf(given), nodesOf(given)));
  const { outputs } = evaluate(slopes, dataOf(given), keysOf(given));
  return firstOf(...outputs.map((slope) => approx('gradient', slope, new Float64Array(slope.length), 0)));
};

/** The first violation in the cases of an operation, which are checked one after the other. */
const inCases = async ({ cases }: Feature, check: (given: Case) => Promise<Violation>): Promise<Violation> => {
  for (const given of cases) {
    const violation = await check(given);
    if (violation !== null) return violation;
  }
  return null;
};

/** Compares the results and the gradients of a backend with those of the graph in float64. */
export const agreement = (backend: Backend, feature: Feature, tolerance: number): Promise<Violation> =>
  inCases(feature, (given) => agreementOn(backend, given, tolerance));

/** Compares the gradient with finite differences; with zeros if the case is not differentiable. */
export const gradientAgreement = (feature: Feature): Promise<Violation> => inCases(feature, gradientAgreementOn);
