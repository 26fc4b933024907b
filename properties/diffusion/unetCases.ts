/** Compares the output and all gradients of whole U-Nets on a backend with the float64 values of their graphs. */
import type { Backend, HostArray, KeyWords } from '../../src/dsl/compile/backend.js';
import {
  add,
  concatAll,
  constantOf,
  fillSpec,
  foldIn,
  fork,
  type Key,
  mul,
  normal,
  reshape,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
} from '../../src/dsl/index.js';
import { node } from '../../src/dsl/graph/node.js';
import { nodeOf, tensor } from '../../src/dsl/graph/tensor.js';
import { unet, type UNetConfig, type UNetParams } from '../../src/nn/index.js';
import { firstOf, type Violation } from '../laws/law.js';
import { evaluate } from '../oracles/evaluate.js';
import { valueOf } from '../oracles/plans.js';
import { programOf, running } from '../oracles/running.js';

export interface UNetCase {
  readonly name: string;
  /** The output, then the gradient of each parameter and of the images, one after another. */
  readonly numbersOn: (backend: Backend) => Promise<HostArray>;
  /** The error in such numbers: each part must be accurate to a fraction of its greatest number. */
  readonly violationOf: (numbers: HostArray, tolerance: number) => Violation;
}

const configs: readonly (readonly [string, UNetConfig<[8, 8, 3]>])[] = [
  ['a plain one', { image: [8, 8, 3], base: 8, multipliers: [1, 2], attention: [4], groups: 4 }],
  [
    'with classes, adaptive group norm and odd channels',
    {
      image: [8, 8, 3],
      base: 10,
      multipliers: [1, 3, 2],
      blocks: 1,
      attention: [8, 2],
      heads: 5,
      groups: 5,
      classes: 3,
      adaptiveGroupNorm: true,
      sinusoid: 'guided-diffusion',
    },
  ],
];

const largest = (numbers: Float64Array): number =>
  numbers.reduce((most, x) => (Math.abs(x) <= most ? most : Math.abs(x)), 0); // NaN for NaN

/** Computes a value at its first use, and keeps it. */
const once = <A extends object>(make: () => A): (() => A) => {
  let value: A | undefined;
  return () => (value ??= make());
};

const KEY: KeyWords = [7, 0];
const DECLARED = [{ path: 'key', shape: [], dtype: 'key' }] as const;

const caseOf = (name: string, config: UNetConfig<[8, 8, 3]>): UNetCase => {
  const model = valueOf(unet(config));
  /** Nonzero parameters: scales near 1, the others of a size that keeps the variance of activations. */
  const paramsFrom = (key: Key): UNetParams =>
    fillSpec(model.params, ({ path, shape }) => {
      const extents = shape as readonly number[]; // the extents of a model are numbers
      const noise = normal(
        foldIn(
          key,
          model.params.leaves.findIndex((leaf) => leaf.path === path),
        ),
        ...extents,
      );
      if (path.endsWith('.gamma')) return add(mul(noise, 0.1), 1);
      const inputs = extents.slice(0, -1).reduce((a, b) => a * b, 1);
      return mul(noise, extents.length === 1 ? 0.1 : 1 / Math.sqrt(inputs));
    });
  const t = constantOf(Int32Array.of(3, 700), 2);
  const label = constantOf(Int32Array.of(0, 2), 2);

  const everything = (key: Key): Tensor<Shape> => {
    const keys = fork(key, 'params', 'x', 'weights');
    const weights = normal(keys.weights, 2, 8, 8, 3);
    const point = { params: paramsFrom(keys.params), x: normal(keys.x, 2, 8, 8, 3) };
    const apply = ({ params, x }: typeof point): Tensor<[2, 8, 8, 3]> =>
      model.apply(params, x, { t, ...(config.classes !== undefined && { label }) });
    const { grad } = valueAndGrad((p: typeof point) => sum(mul(apply(p), weights)))(point);
    const all = tensorsOf([apply(point), grad]).map(({ leaf }) => reshape(leaf as Tensor<Shape>, -1)); // all float32
    return concatAll(all as [Tensor<[number]>, ...Tensor<[number]>[]], 0); // there is at least one
  };
  const parts = [
    ['output', 384] as const,
    ...model.params.leaves.map(({ path, shape }) => [path, shape.reduce<number>((n, d) => n * Number(d), 1)] as const),
    ['x', 384] as const,
  ];
  const cases = programOf(DECLARED, ({ key }) => ({ y: nodeOf(everything(tensor(key!))) }));
  const expectedOnce = once((): Float64Array => {
    const y = nodeOf(everything(tensor(node('input', [], { path: 'key' }, [], 'key'))));
    return evaluate([y], {}, { key: KEY }).outputs[0]!;
  });

  return {
    name,
    numbersOn: async (backend) => {
      const { run, release } = await running(backend, cases);
      const { y } = await run({ key: KEY });
      release();
      return y as HostArray; // not a key
    },
    violationOf: (numbers, tolerance) => {
      const expected = expectedOnce();
      if (numbers.length !== expected.length) return `${numbers.length} numbers instead of ${expected.length}`;
      let from = 0;
      const violations = parts.map(([path, length]): Violation => {
        const begin = from;
        from += length;
        const greatest = largest(expected.subarray(begin, from));
        const off = largest(expected.subarray(begin, from).map((x, i) => x - numbers[begin + i]!));
        return off <= tolerance * greatest ? null : `${path}: ${off} off, where the greatest number is ${greatest}`; // NaN is an error
      });
      return from === expected.length ? firstOf(...violations) : `${from} numbers in parts, of ${expected.length}`;
    },
  };
};

export const unetCases: readonly UNetCase[] = configs.map(([name, config]) => caseOf(name, config));
