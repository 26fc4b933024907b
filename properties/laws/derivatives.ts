/** Compares derivatives with finite differences, in float64. */
import fc from 'fast-check';
import { constantOf, grad, mul, onesLike, type Shape, sum, type Tensor } from 'noisefold/dsl';
import { reference } from '../../src/backends/reference/index.js';
import { valueAndGrad } from '../../src/dsl/transforms/gradient.js';
import type { Grads } from '../../src/dsl/transforms/grads.js';
import type { Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import { nodeOf, type Scalar, tensor } from '../../src/dsl/graph/tensor.js';
import { numbers } from '../arbitraries/choices.js';
import { type Input, inputNodes, type OperationCase, operationCase, smallShape } from '../arbitraries/operationCase.js';
import { type Operation, operations } from '../arbitraries/operations.js';
import { valueOf } from '../oracles/plans.js';
import { mapValues } from '../oracles/records.js';
import { computed, type Nodes, programOf, running, type Tensors } from '../oracles/running.js';
import { approx, type Law, type Violation } from './law.js';

type ScalarFunction = (inputs: Nodes) => Node;

export const total = (x: Node): Node =>
  p.reduce(
    'sum',
    x,
    x.shape.map((_, axis) => axis),
  );

/** ⟨x, numbers from a seed⟩ */
export const weighted = (x: Node, seed: number): Node =>
  total(p.mul(x, p.constant(numbers('any', seed, sizeOf(x.shape)), x.shape, 'float32')));

/** The gradient by the float32 inputs. */
export const gradient = (f: ScalarFunction, inputs: Nodes): Nodes => {
  const { grad } = valueAndGrad((x: Tensors): Scalar => tensor(f(mapValues(x, nodeOf))))(
    mapValues(inputs, (n): Tensors[string] => tensor(n)),
  );
  // Grads of a record of tensors of any dtype: null for those that are not float32
  const present = Object.entries(grad as Grads<Record<string, Scalar | null>>).flatMap(([path, g]) =>
    g === null ? [] : [[path, nodeOf(g)] as const],
  );
  return Object.fromEntries(present);
};

/**
 * The step of the differences. Their error is h⁴/30·f⁽⁵⁾ + 1.5·ε·|f|/h for the arithmetic: with terms of
 * size up to 100·(1 + |f|) and f⁽⁵⁾ up to 10¹⁰ (1/x at 0.1) both stay below 10⁻⁸·(1 + |f|).
 */
const STEP = 2e-5;
const TOLERANCE = 1e-7;

/** The derivative of a function along a direction, which has a node for each float32 input. */
type Slope = (f: ScalarFunction, inputs: Nodes, direction: Nodes) => Node;

const byGradient: Slope = (f, inputs, direction) =>
  Object.entries(gradient(f, inputs))
    .map(([path, g]) => total(p.mul(g, direction[path]!)))
    .reduce(p.add);

/** ⟨∇f(x), v⟩ = d/ds f(x + s·v) for one direction v. */
export const agrees = async (
  inputs: readonly Input[],
  f: ScalarFunction,
  seed: number,
  slope: Slope = byGradient,
): Promise<Violation> => {
  const directions = new Map(
    inputs.map(({ path, shape }, i) => [path, numbers('small', seed + i, sizeOf(shape))] as const),
  );
  const backend = valueOf(await reference()());
  const { run } = await running(
    backend,
    programOf(inputs, (x) => {
      const floats = Object.entries(x).filter(([, { dtype }]) => dtype === 'float32');
      const direction = floats.map(([path, n]) => [path, p.constant(directions.get(path)!, n.shape, 'float32')] as const); // oxfmt-ignore
      return { value: f(x), slope: slope(f, x, Object.fromEntries(direction)) };
    }),
  );
  const at = async (step: number): Promise<readonly [value: number, slope: number]> => {
    const { value, slope } = await run(
      Object.fromEntries(
        inputs.map(({ path, dtype, data }) => {
          const v = directions.get(path)!;
          return [path, dtype === 'float32' ? data.map((x, i) => x + step * v[i]!) : data];
        }),
      ),
    );
    return [value![0]!, slope![0]!];
  };
  const change = async (step: number): Promise<number> => (await at(step))[0] - (await at(-step))[0];
  const [value, actual] = await at(0);
  const difference = (8 * (await change(STEP)) - (await change(2 * STEP))) / (12 * STEP);
  await backend.close();
  return Math.abs(actual - difference) <= TOLERANCE * (1 + Math.abs(value) + Math.abs(actual))
    ? null
    : `the derivative along a direction is ${actual}, by finite differences ${difference}`;
};

const lawsOf = (operation: Operation): readonly Law[] => {
  const derivative: Law<OperationCase> = {
    name: 'first derivatives',
    subject: operation.name,
    formula: '⟨∇f(x), v⟩ = d/ds f(x + s·v) at s = 0, for f(x) = ⟨w, op(x)⟩',
    source: 'definition of the derivative',
    arbitrary: operationCase(operation, smallShape),
    runs: 12,
    violation: ({ inputs, build, seed }) => agrees(inputs, (x) => weighted(build(Object.values(x)), seed), seed + 100),
  };
  const second: Law<OperationCase> = {
    ...derivative,
    name: 'second derivatives',
    formula: '⟨∇g(x, c), v⟩ = d/ds g((x, c) + s·v) at s = 0, for g(x, c) = ⟨w, ∇⟨c, op(x)⟩⟩',
    violation: ({ inputs, build, seed }) => {
      const { shape } = build(inputNodes(inputs));
      const cotangent: Input = {
        path: 'c',
        shape,
        dtype: 'float32',
        data: numbers('any', seed + 50, sizeOf(shape)),
      };
      const g: ScalarFunction = ({ c, ...x }) =>
        Object.values(gradient((xs) => total(p.mul(build(Object.values(xs)), c!)), x))
          .map((by, i) => weighted(by, seed + i))
          .reduce(p.add);
      return agrees([...inputs, cotangent], g, seed + 100);
    },
  };
  return [derivative, second];
};

const power = <S extends Shape>(x: Tensor<S>, n: number): Tensor<S> =>
  n === 0 ? onesLike(x) : mul(power(x, n - 1), x);

const exponent = fc.nat(3);

const nesting: Law<readonly [number, number, number, readonly number[]]> = {
  name: 'derivatives nest',
  formula: '∇ₓ xᵏ·(∇_y xᵐ·yⁿ)(x) = n·(k + m + n − 1)·xᵏ⁺ᵐ⁺ⁿ⁻²: what a function captures is constant in it',
  source: 'perturbation confusion, Siskind & Pearlmutter 2005',
  arbitrary: fc.tuple(
    exponent,
    exponent,
    exponent,
    fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 3, maxLength: 3 }),
  ),
  runs: 50,
  violation: async ([k, m, n, x]) => {
    const slope = grad((a: Tensor<[3]>) => {
      const inner = grad((y: Tensor<[3]>) => sum(mul(power(y, n), power(a, m))));
      return sum(mul(inner(a), power(a, k)));
    });
    const actual = await computed(() => slope(constantOf(x, 3)));
    const expected = x.map((a) => n * (k + m + n - 1) * a ** (k + m + n - 2));
    // at most 20 products, each a rounding of 2⁻⁵³
    return approx('∇', actual, expected, 40 * 2 ** -53 * Math.max(1, ...expected));
  },
};

/**
 * Laws of derivatives: first and second derivatives of each operation agree with finite differences, and derivatives
 * nest.
 * @example
 * const [ofExp] = derivativeLaws.filter(({ subject }) => subject === 'exp')
 * await checkLaw(ofExp!)
 */
export const derivativeLaws: readonly Law[] = [
  nesting,
  ...operations.filter(({ differentiable }) => differentiable).flatMap(lawsOf),
];
