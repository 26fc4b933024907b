/** Compares the output and all gradients of whole U-Nets on a backend with the float64 values of their graphs. */
import type { Backend, HostArray } from '../../src/dsl/plan/backend.js';
import {
  constantOf,
  fillSpec,
  mul,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
} from '../../src/dsl/index.js';
import { nodeOf, tensor } from '../../src/dsl/graph/tensor.js';
import { sizeOf } from '../../src/internal/numbers.js';
import { unet, type UNetConfig } from '../../src/nn/index.js';
import { numbers } from '../arbitraries/choices.js';
import { type Input, inputNodes } from '../arbitraries/operationCase.js';
import { firstOf, type Violation } from '../laws/law.js';
import { evaluate } from '../oracles/evaluate.js';
import { valueOf } from '../oracles/plans.js';
import { type Nodes, programOf, running } from '../oracles/running.js';

/** The output, and the gradients of the parameters and of the images, by their paths. */
export type UNetNumbers = Readonly<Record<string, HostArray>>;

export interface UNetCase {
  readonly name: string;
  readonly numbersOn: (backend: Backend) => Promise<UNetNumbers>;
  /** The error in such numbers: each tensor must be accurate to a fraction of its greatest number. */
  readonly violationOf: (numbers: UNetNumbers, tolerance: number) => Violation;
  /** The error on a backend, beyond 10⁻⁴, or 10⁻¹² on the reference, which computes in float64. */
  readonly check: (backend: Backend) => Promise<Violation>;
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
      conditions: { label: 3 },
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

/** Parameters near 1 if they are scales, small if they are biases, and else of a size that keeps the variance of activations. */
const parameter = (path: string, shape: readonly number[], seed: number): Float64Array => {
  const inputs = sizeOf(shape.slice(0, -1));
  const size = shape.length === 1 ? 0.1 : 1 / Math.sqrt(inputs);
  const mean = path.endsWith('.gamma') ? 1 : 0;
  return numbers('any', seed, sizeOf(shape)).map((x) => Math.fround(mean + size * x));
};

/** The name of a parameter in a flat record, whose names have no dots. */
const flat = (path: string): string => path.replaceAll('.', '/');

const IMAGES = [2, 8, 8, 3] as const;

const caseOf = (name: string, config: UNetConfig<[8, 8, 3]>): UNetCase => {
  const model = valueOf(unet(config));
  const leaves = model.params.leaves.map(({ path, shape }) => [path, shape as readonly number[]] as const); // of a model: numbers
  const t = constantOf(Int32Array.of(3, 700), 2);
  const conditions = config.conditions === undefined ? {} : { label: constantOf(Int32Array.of(0, 2), 2) };
  const inputs: readonly Input[] = [
    ...leaves.map(([path, shape], i) => [flat(path), shape, parameter(path, shape, i)] as const),
    ...['x', 'weights'].map((path, i) => [path, IMAGES, numbers('any', leaves.length + i, sizeOf(IMAGES))] as const),
  ].map(([path, shape, data]) => ({ path, shape, dtype: 'float32', data }));
  const data = Object.fromEntries(inputs.map((input) => [input.path, input.data]));

  /** The output, and the gradients of ⟨weights, output⟩. */
  const everything = (nodes: Nodes): Nodes => {
    const of = <S extends Shape>(path: string): Tensor<S> => tensor(nodes[path]!);
    const x = of<[2, 8, 8, 3]>('x');
    const params = fillSpec(model.params, ({ path }) => of(flat(path)));
    const apply = (point: { readonly params: typeof params; readonly x: typeof x }): Tensor<[2, 8, 8, 3]> =>
      model.apply(point.params, point.x, { t, conditions });
    const { grad } = valueAndGrad((point: { readonly params: typeof params; readonly x: typeof x }) =>
      sum(mul(apply(point), of<[2, 8, 8, 3]>('weights'))),
    )({ params, x });
    const results = tensorsOf({ output: apply({ params, x }), grad });
    return Object.fromEntries(results.map(({ path, leaf }) => [flat(path), nodeOf(leaf)]));
  };
  const expected = once(() => {
    const roots = everything(Object.fromEntries(inputs.map((input) => [input.path, inputNodes([input])[0]!])));
    const { outputs } = evaluate(Object.values(roots), data, {});
    return new Map(Object.keys(roots).map((path, i) => [path, outputs[i]!]));
  });

  const numbersOn = async (backend: Backend): Promise<UNetNumbers> => {
    const { run, release } = await running(backend, programOf(inputs, everything));
    const outputs = await run(data);
    release();
    return outputs as UNetNumbers; // none is a key
  };
  const violationOf = (actual: UNetNumbers, tolerance: number): Violation =>
    firstOf(
      ...Array.from(expected(), ([path, numbersOf]): Violation => {
        const received = actual[path];
        if (received?.length !== numbersOf.length)
          return `${path}: ${received?.length} numbers instead of ${numbersOf.length}`;
        const greatest = largest(numbersOf);
        const off = largest(numbersOf.map((x, i) => x - received[i]!));
        return off <= tolerance * greatest ? null : `${path}: ${off} off, where the greatest number is ${greatest}`; // NaN is an error
      }),
    );
  const check = async (backend: Backend): Promise<Violation> =>
    violationOf(await numbersOn(backend), backend.name === 'reference' ? 1e-12 : 1e-4);
  return { name, numbersOn, violationOf, check };
};

export const unetCases: readonly UNetCase[] = configs.map(([name, config]) => caseOf(name, config));
