/** What is checked of each operation, from which the cells of its line in `FEATURES.md` are made. */
import type { Backend, HostArray, KeyWords } from '../../src/dsl/backend.js';
import { type Node, sizeOf } from '../../src/dsl/node.js';
import * as p from '../../src/dsl/primitives/index.js';
import { numbers } from '../arbitraries/choices.js';
import { type Declared, type Input, inputNodes } from '../arbitraries/operationCase.js';
import { agrees, gradient, weighted } from '../laws/derivatives.js';
import { approx, firstOf, type Violation } from '../laws/law.js';
import { evaluate } from '../oracles/evaluate.js';
import { type Nodes, programOf, running } from '../oracles/running.js';
import type { Case } from './feature.js';

const KEY: KeyWords = [7, 0];

/** The operands as inputs of a program. */
const declaredBy = ({ operands }: Case): readonly Declared[] =>
  operands.map(({ shape, dtype }, i) => ({ path: `x${i}`, shape, dtype }));

/** The operands that have numbers, with them. */
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

/** The results of a case, as nodes that say their shapes. */
export const resultsOf = (given: Case): readonly Node[] => given.build(Object.values(nodesOf(given)));

const isFloat = ({ dtype }: { readonly dtype: string }): boolean => dtype === 'float32';

/** Whether there is something to differentiate, and by something. */
const hasSlope = (given: Case): boolean => given.operands.some(isFloat) && resultsOf(given).some(isFloat);

/** ⟨w, y⟩ for the results that are float32. */
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
    return Object.fromEntries([
      ...results,
      ...slopes.map(([path, slope]) => [`gradient by ${path}`, slope] as const),
    ]);
  };

const largest = (all: ArrayLike<number>): number =>
  Array.from(all).reduce((most, x) => Math.max(most, Math.abs(x)), 1);

/** Whether a backend computes what the graphs of the results and of the gradients mean. */
export const agreement = async (backend: Backend, given: Case, tolerance: number): Promise<Violation> => {
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

/** Whether the gradient is what differences of values give; where there is said to be none, whether it is 0. */
export const gradientAgreement = async (given: Case): Promise<Violation> => {
  if (!hasSlope(given)) return given.differentiable ? 'there is nothing to differentiate' : null;
  if (given.differentiable) return agrees(inputsOf(given), scalarOf(given), 1);
  const slopes = Object.values(gradient(scalarOf(given), nodesOf(given)));
  const { outputs } = evaluate(slopes, dataOf(given), keysOf(given));
  return firstOf(...outputs.map((slope) => approx('gradient', slope, new Float64Array(slope.length), 0)));
};
