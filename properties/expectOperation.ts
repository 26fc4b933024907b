/** Checks an operation against a formula in plain JavaScript, the other backends, and finite differences. */
import { expect } from 'vitest';
import type { Input } from './arbitraries/operationCase.js';
import { agrees, weighted } from './laws/derivatives.js';
import { valueOf } from './oracles/plans.js';
import { type Nodes, programOf, running } from './oracles/running.js';
import { reference } from '../src/backends/reference/index.js';
import { tfjs } from '../src/backends/tfjs/index.js';
import { wasm } from '../src/backends/wasm/backend.js';
import type { HostArray } from '../src/dsl/plan/backend.js';
import type { Node } from '../src/dsl/graph/node.js';
import { type AnyTensor, nodeOf, type Shape, type Tensor, tensor } from '../src/dsl/graph/tensor.js';
import type { Numeric } from '../src/dsl/ops/operand.js';

/** Numbers of a shape, as an operand of an operation. */
type Operand = Omit<Input, 'path'>;

/** float32 numbers of a shape. */
export const floats = (data: readonly number[], ...shape: readonly number[]): Operand => ({
  shape: shape.length === 0 ? [data.length] : shape,
  dtype: 'float32',
  data: Float64Array.from(data, Math.fround),
});

/** int32 numbers of a shape. */
export const integers = (data: readonly number[], ...shape: readonly number[]): Operand => ({
  ...floats(data, ...shape),
  dtype: 'int32',
});

const numbersOn = async (
  acquire: ReturnType<typeof reference>,
  inputs: readonly Input[],
  build: (inputs: Nodes) => Node,
): Promise<readonly number[]> => {
  const backend = valueOf(await acquire());
  const { run } = await running(
    backend,
    programOf(inputs, (nodes) => ({ y: build(nodes) })),
  );
  const { y } = await run(Object.fromEntries(inputs.map(({ path, data }) => [path, data])));
  await backend.close();
  return Array.from(y as HostArray); // not a key
};

/** Compares numbers up to `tolerance` times the greatest expected number; non-finite numbers must be equal. */
const expectClose = (actual: readonly number[], expected: readonly number[], tolerance: number): void => {
  const size = Math.max(1, ...expected.filter(Number.isFinite).map(Math.abs));
  const close = (x: number): unknown => (Number.isFinite(x) ? expect.toSatisfy((y) => Math.abs(x - y) <= tolerance * size) : x); // oxfmt-ignore
  expect(actual).toEqual(expected.map(close));
};

/**
 * Expects the given results of an operation on the reference, on tfjs and on wasm, and, unless `differentiable` is
 * false, that its gradient agrees with finite differences on the reference.
 */
export const expectOperation = async <T extends readonly AnyTensor[]>(
  operation: (...operands: T) => Tensor<Shape, Numeric>,
  operands: readonly Operand[],
  expected: readonly number[],
  { differentiable = true }: { readonly differentiable?: boolean } = {},
): Promise<void> => {
  const inputs = operands.map((input, i): Input => ({ ...input, path: `x${i}` }));
  // the test determines the shapes of the operands
  const build = (nodes: Nodes): Node =>
    nodeOf(operation(...(Object.values(nodes).map((n) => tensor(n)) as unknown as T)));
  expectClose(await numbersOn(reference(), inputs, build), expected, 1e-12);
  for (const backend of [tfjs('cpu'), wasm()]) expectClose(await numbersOn(backend, inputs, build), expected, 1e-5);
  if (differentiable) expect(await agrees(inputs, (nodes) => weighted(build(nodes), 1), 2)).toBeNull();
};
