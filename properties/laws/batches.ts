/** The laws of `vmap`: its result is the function applied to each example. */
import fc from 'fast-check';
import { checkpoint, customVjp, vmap } from 'noisefold/dsl';
import { vjp } from '../../src/dsl/transforms/gradient.js';
import * as p from '../../src/dsl/primitives/index.js';
import { nodeOf } from '../../src/dsl/graph/tensor.js';
import { graphCase } from '../arbitraries/graph.js';
import { type Input, type OperationCase, operationCase, smallShape } from '../arbitraries/operationCase.js';
import { operations } from '../arbitraries/operations.js';
import { lifted, lowered, type NodeFunction, type TensorFunction, tensors } from '../oracles/lifting.js';
import { mapValues } from '../oracles/records.js';
import { type Nodes, runOnReference, runsOnReference, type Tensors } from '../oracles/running.js';
import { equal } from './compilation.js';
import { gradient, total, weighted } from './derivatives.js';
import { approx, firstOf, type Law, type Violation } from './law.js';
import {
  type Grid,
  extent,
  gridOf,
  convolution,
  range,
  join,
  type Function,
  atOnce,
  oneByOne,
} from '../oracles/exampleGrids.js';

/** A record of tensors of unknown names and shapes, for which `vmap` has no types. */
const batched = (f: Function, xs: Tensors): Tensors => vmap(f)(xs as never);

const WRAPPINGS = {
  nothing: (f: TensorFunction): TensorFunction => f,
  checkpoint: (f: TensorFunction): TensorFunction => checkpoint(f),
  customVjp: (f: TensorFunction): TensorFunction => customVjp(f, (x) => vjp(f)(x).pullback),
};

/**
 * The gradient of the square of Σ of the outputs, so that the wrapped function has a different cotangent in each
 * example.
 */
const slopes =
  (f: Function, wrap = WRAPPINGS.nothing): Function =>
  (x) => {
    const sum: NodeFunction = (at) =>
      Object.values(f(tensors(at)))
        .map((y) => total(p.cast(nodeOf(y), 'float32')))
        .reduce(p.add);
    const wrapped = lowered(wrap(lifted(sum)));
    const squared: NodeFunction = (at) => {
      const y = wrapped(at);
      return p.mul(y, y);
    };
    return tensors(gradient(squared, mapValues(x, nodeOf)));
  };

/** An operation with several sets of operands. */
interface Batch {
  readonly sample: OperationCase;
  readonly extent: number;
  /** True if the operands after the first are the same in all. */
  readonly shared: boolean;
  readonly wrapping: keyof typeof WRAPPINGS;
}

const batch: fc.Arbitrary<Batch> = fc.record({
  sample: fc.oneof(
    ...operations
      .filter(({ differentiable }) => differentiable)
      .map((operation) => operationCase(operation, smallShape)),
  ),
  extent,
  shared: fc.boolean(),
  wrapping: fc.constantFrom(...(Object.keys(WRAPPINGS) as (keyof typeof WRAPPINGS)[])),
});

/** The same numbers, which lie in the domain of differentiability, in another order. */
const rotated = (data: Float64Array, by: number): Float64Array => data.map((_, i) => data[(i + by) % data.length]!);

const throughVmap = async ({ sample, extent: count, shared, wrapping }: Batch): Promise<Violation> => {
  const { inputs, build, seed } = sample;
  const isShared = (path: string): boolean => shared && path !== inputs[0]?.path;
  const f = (x: Tensors): ReturnType<TensorFunction> => {
    // customVjp gets everything that it needs as its argument
    const wrap = WRAPPINGS[wrapping];
    return wrap(lifted((at) => weighted(build(inputs.map(({ path }) => at[path]!)), seed)))(x);
  };
  const run =
    (of: NodeFunction) =>
    (x: Nodes): Nodes => ({ value: of(x), ...gradient(of, x) });
  const examples = range(count).map((i) =>
    Object.fromEntries(inputs.map(({ path, data }) => [path, isShared(path) ? data : rotated(data, i)])),
  );
  const each = await runsOnReference(inputs, examples, run(lowered(f)));
  const all = inputs.map((input): Input => {
    const { path, shape } = input;
    const data = join(examples.map((x) => x[path]!));
    return isShared(path) ? input : { ...input, shape: [count, ...shape], data };
  });
  const sum: NodeFunction = (nodes) => {
    const x = tensors(nodes);
    const mapped = Object.fromEntries(Object.entries(x).filter(([path]) => !isShared(path)));
    const { y } = batched((one) => ({ y: f({ ...x, ...one }) }), mapped) as { readonly y: Tensors[string] };
    return total(nodeOf(y));
  };
  const actual = await runOnReference(all, Object.fromEntries(all.map((x) => [x.path, x.data])), run(sum));
  return firstOf(
    ...Object.entries(actual).map(([path, x]) => {
      const parts = each.map((one) => one[path] as Float64Array); // not a key
      const expected =
        path === 'value' || isShared(path)
          ? parts[0]!.map((_, j) => parts.reduce((sum, part) => sum + part[j]!, 0))
          : join(parts);
      const largest = Math.max(1, ...join(parts).map(Math.abs));
      return approx(path, x as Float64Array, expected, 1e-11 * largest);
    }),
  );
};

/** The laws of `vmap`, of all operations. */
export const batchLaws: readonly Law[] = [
  {
    name: 'vmap is the function at each example',
    formula: 'vmap(f)(xs)[i] = f(xs[i]), to the bit in float64; what f captures, and draws, is the same in all',
    source: 'definition of vmap',
    arbitrary: gridOf(graphCase, fc.constant(1), ['rows', 'neither']),
    runs: 300,
    violation: (grid: Grid) =>
      equal(
        atOnce(grid, (f, at) => batched(f, at('rows'))),
        oneByOne(grid, (f, at) => f(at('rows'))),
      ),
  },
  {
    name: 'vmap nests',
    formula: 'vmap(x ↦ vmap(y ↦ f(x, y))(ys))(xs)[i][j] = f(xs[i], ys[j]), to the bit in float64',
    source: 'definition of vmap',
    arbitrary: gridOf(graphCase, extent, ['both', 'rows', 'columns', 'neither']),
    runs: 200,
    violation: (grid: Grid) =>
      equal(
        atOnce(grid, (f, at) =>
          batched(
            (row) => {
              const both = Object.keys(at('both')).map((path) => [path, row[path]!] as const);
              return batched((x) => f({ ...row, ...x }), { ...at('columns'), ...Object.fromEntries(both) });
            },
            at('rows', 'both'),
          ),
        ),
        oneByOne(grid, (f, at) => f(at('rows', 'columns', 'both'))),
      ),
  },
  {
    name: 'vmap of a gradient is the gradient at each example',
    formula: 'vmap(∇f)(xs)[i] = (∇f)(xs[i]), to the bit in float64; in checkpoint too',
    source: 'definition of vmap',
    arbitrary: gridOf(graphCase, fc.constant(1), ['rows', 'neither']),
    runs: 200,
    violation: (grid: Grid) => {
      const wrap = grid.seed % 2 === 0 ? WRAPPINGS.nothing : WRAPPINGS.checkpoint;
      return equal(
        atOnce(grid, (f, at) => batched(slopes(f, wrap), at('rows'))),
        oneByOne(grid, (f, at) => slopes(f, wrap)(at('rows'))),
      );
    },
  },
  {
    name: 'vmap of a convolution is the convolution of each image, each kernel, or each pair',
    formula: 'vmap(f)(xs)[i] = f(xs[i]), for f(x) = (conv2d(x), ∇(Σ conv2d(x))²) and groups of both kinds',
    source: 'definition of vmap',
    arbitrary: gridOf(convolution, fc.constant(1), ['rows', 'neither']),
    runs: 200,
    violation: (grid: Grid) => {
      const both =
        (f: Function): Function =>
        (x) => ({ ...f(x), ...slopes(f)(x) });
      return equal(
        atOnce(grid, (f, at) => batched(both(f), at('rows'))),
        oneByOne(grid, (f, at) => both(f)(at('rows'))),
      );
    },
  },
  {
    name: 'the gradient through vmap is the gradient of each example',
    formula: '∇ₓₛ Σᵢ vmap(f)(xs)[i] at i is (∇f)(xs[i]), and by what f captures Σᵢ of them; in checkpoint and customVjp too', // oxfmt-ignore
    source: 'linearity of the derivative',
    arbitrary: batch,
    runs: 250,
    violation: throughVmap,
  },
];
