/** Laws of agreement: every backend computes the results of the reference. */
import fc from 'fast-check';
import type { Backend, HostArray, KeyWords } from 'noisefold/backend';
import { vjp } from '../../src/dsl/transforms/gradient.js';
import type { Grads } from '../../src/dsl/transforms/grads.js';
import { randint } from '../../src/dsl/random/keys.js';
import { type Distribution, type Node, reachable } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import { nodeOf, type Scalar, type Tensor, tensor } from '../../src/dsl/graph/tensor.js';
import { randomInto } from '../../src/internal/numerics/threefry.js';
import { numbers } from '../arbitraries/choices.js';
import { continuousGraphCase, type GraphCase } from '../arbitraries/graph.js';
import {
  type Input,
  inputNodes,
  largeShape,
  type OperationCase,
  operationCase,
  anyShape,
} from '../arbitraries/operationCase.js';
import { type Operation, operations } from '../arbitraries/operations.js';
import { evaluate } from '../oracles/evaluate.js';
import { mapValues } from '../oracles/records.js';
import { rounded } from '../oracles/rounding.js';
import { type Nodes, programOf, running, type Tensors } from '../oracles/running.js';
import { approx, firstOf, type Law } from './law.js';

const largest = (all: readonly ArrayLike<number>[]): number => {
  let most = 0;
  for (const numbers of all) for (let i = 0; i < numbers.length; i++) most = Math.max(most, Math.abs(numbers[i]!));
  return most;
};

const dataOf = (inputs: readonly Input[]): Readonly<Record<string, Float64Array>> =>
  Object.fromEntries(inputs.map(({ path, data }) => [path, data]));

/**
 * The result of an operation and, if it has a derivative, the cotangents of its operands for a cotangent of the result.
 */
const withPullback =
  (build: OperationCase['build']) =>
  ({ c, ...x }: Nodes): Nodes => {
    const y = build(Object.values(x));
    if (c === undefined) return { y };
    const { pullback } = vjp((xs: Tensors): Tensor<[]> => tensor(build(Object.values(mapValues(xs, nodeOf)))))(
      mapValues(x, (n): Tensors[string] => tensor(n)),
    );
    // of a record of tensors of any dtype: null for those that are not float32
    const grads = pullback(tensor(c)) as Grads<Record<string, Scalar | null>>;
    const cotangents = Object.entries(grads).flatMap(([path, g]) =>
      g === null ? [] : [[`cotangent of ${path}`, nodeOf(g)] as const],
    );
    return Object.fromEntries([['y', y] as const, ...cotangents]);
  };

/** The operands of an operation, and a cotangent of its result. */
const withCotangent = ({ inputs, build, seed }: OperationCase, differentiable: boolean): readonly Input[] => {
  if (!differentiable) return inputs;
  const { shape } = build(inputNodes(inputs));
  const data = numbers('any', seed + 9, sizeOf(shape));
  return [...inputs, { path: 'c', shape, dtype: 'float32', data }];
};

/** True if a node depends on a sum, in which large terms may cancel. */
const sums = (root: Node): boolean =>
  reachable([root]).some((n) => {
    if (n.op === 'composite') return sums(p.decomposition(n));
    return SUMMING.has(n.op) || (n.op === 'reduce' && n.attributes.fn === 'sum');
  });
const SUMMING: ReadonlySet<Node['op']> = new Set(['dot', 'conv2d', 'cumsum', 'scatterAdd']);

const ofOperation =
  (backend: Backend) =>
  (operation: Operation): Law<OperationCase> => ({
    name: 'operations agree with the reference',
    subject: operation.name,
    formula:
      '|y − y_ref| ≤ 10⁻⁵·max|y_ref|, for results and cotangents; where terms are summed, 10⁻⁵·max(|x|, |y_ref|, |y_ref(|x|)|); equality for int32 and bool',
    source: 'IEEE 754 binary32: n·2⁻²⁴·Σ|terms| for sums of n terms',
    arbitrary: operationCase(operation, fc.oneof(anyShape, largeShape)),
    runs: 5,
    violation: async (sample) => {
      const inputs = withCotangent(sample, operation.differentiable);
      const f = withPullback(sample.build);
      const nodes = inputNodes(inputs);
      const graph = f(Object.fromEntries(inputs.map(({ path }, i) => [path, nodes[i]!])));
      const evaluated = (data: Readonly<Record<string, Float64Array>>): readonly Float64Array[] =>
        evaluate(Object.values(graph), data, {}).outputs;
      const expected = evaluated(dataOf(inputs));
      // the sums without cancellation
      const absolute = Object.values(graph).some(sums)
        ? evaluated(mapValues(dataOf(inputs), (data) => data.map(Math.abs)))
        : expected;
      const executable = await running(backend, programOf(inputs, f));
      const actual = await executable.run(dataOf(inputs));
      executable.release();
      const scale = largest(inputs.map(({ data }) => data));
      return firstOf(
        ...Object.entries(graph).map(([path, node], i) => {
          const result = largest([expected[i]!]);
          const size = sums(node) ? Math.max(result, largest([absolute[i]!]), scale) : result;
          const tolerance = node.dtype === 'float32' ? 1e-5 * size : 0;
          return approx(path, actual[path] as HostArray, expected[i]!, tolerance); // not a key
        }),
      );
    },
  });

const ofPrograms = (backend: Backend): Law<GraphCase> => ({
  name: 'programs agree with the reference',
  formula:
    '|y − y_ref| ≤ 20·(the spread of y_ref under errors of 4 ulp wherever float32 rounds), or 10⁻⁶ or n·2⁻²⁵ of max|y_ref| if that is more, for sums of n terms in all',
  source: 'stochastic arithmetic, Vignes 1993',
  arbitrary: continuousGraphCase,
  runs: 70,
  violation: async (sample) => {
    const graph = sample.graph();
    const keys = { key: sample.key };
    const expected = rounded(Object.values(graph), dataOf(sample.inputs), keys, sample.key[0]);
    if (expected === null) return null;
    const executable = await running(backend, programOf(sample.declared, sample.build));
    const actual = await executable.run({ ...dataOf(sample.inputs), ...keys });
    executable.release();
    return firstOf(
      ...Object.entries(graph).map(([path, { dtype }], i) => {
        const { exact, tolerance } = expected[i]!;
        return approx(path, actual[path] as HostArray, exact, dtype === 'float32' ? tolerance : 0); // not a key
      }),
    );
  },
});

/** The distance between neighbours among float32 numbers of the size of x. */
const ulp = (x: number): number => 2 ** Math.max(-149, Math.floor(Math.log2(Math.abs(x))) - 23);

const ofRandomness = (backend: Backend): Law<readonly [KeyWords, Distribution, number]> => ({
  name: 'equal keys give equal numbers',
  formula: 'draw(k) = draw_ref(k) to the bit; normals within 4 ulp',
  source: 'Threefry-2x32-20, Salmon et al. 2011',
  arbitrary: fc.tuple(
    fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
    fc.constantFrom<Distribution>('bits', 'uniform', 'normal', 'permutation'),
    fc.nat(3000),
  ),
  runs: 30,
  violation: async ([key, distribution, n]) => {
    const executable = await running(
      backend,
      programOf([{ path: 'key', shape: [], dtype: 'key' }], (inputs) => ({
        y: p.random(distribution, inputs['key']!, [n]),
      })),
    );
    const actual = (await executable.run({ key }))['y'] as HostArray; // not a key
    executable.release();
    const expected = new Float64Array(n);
    randomInto(distribution, key, expected);
    if (distribution !== 'normal') return approx(distribution, actual, expected, 0);
    const off = expected.findIndex((x, i) => Math.abs(x - actual[i]!) > 4 * ulp(x));
    return off < 0 ? null : `normal[${off}]: expected ${expected[off]!}, got ${actual[off]!}`;
  },
});

const int32 = fc.maxSafeInteger().map((n) => n | 0);

const ofIntegers = (backend: Backend): Law<readonly [KeyWords, number, number, number]> => ({
  name: 'whole numbers are drawn from the bits of a key',
  formula: 'randint(k, a, b) = a + bits(k) mod (b − a), to the bit, for any a < b of int32 less than 2³¹ apart',
  source: 'definition of randint',
  arbitrary: fc
    .tuple(
      fc.tuple(fc.nat(2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
      fc.tuple(int32, fc.oneof(int32, fc.integer({ min: -10, max: 10 }))).map(([a, b]) => (a < b ? [a, b] : [b, a])),
      fc.nat(300),
    )
    .map(([key, [low, high], n]): readonly [KeyWords, number, number, number] => [
      key, low!, Math.min(Math.max(high!, low! + 1), low! + 2 ** 31 - 1), n,
    ]), // oxfmt-ignore
  runs: 30,
  violation: async ([key, low, high, n]) => {
    const executable = await running(
      backend,
      programOf([{ path: 'key', shape: [], dtype: 'key' }], (inputs) => ({
        y: nodeOf(randint(tensor<[], 'key'>(inputs['key']!), low, high, n)),
      })),
    );
    const actual = (await executable.run({ key }))['y'] as HostArray; // not a key
    executable.release();
    const bits = new Int32Array(n);
    randomInto('bits', key, bits);
    const count = BigInt(high - low);
    const expected = Float64Array.from(bits, (word) => low + Number(((BigInt(word) % count) + count) % count));
    return approx('randint', actual, expected, 0);
  },
});

export const agreementLaws = (backend: Backend): readonly Law[] => [
  ofPrograms(backend),
  ofRandomness(backend),
  ofIntegers(backend),
  ...operations.map(ofOperation(backend)),
];
