/** Compares the networks with their PyTorch originals: outputs, and the gradients of images and parameters. */
import { readFileSync } from 'node:fs';
import { open, unwrap } from 'noisefold';
import { reference } from 'noisefold/backends/reference';
import { wasm } from 'noisefold/backends/wasm';
import { webgpu } from 'noisefold/backends/webgpu';
import {
  constantOf,
  type Dim,
  evaluate,
  isLeafSpec,
  leaves,
  mapLeaves,
  mul,
  program,
  sum,
  type Tensor,
  type TreeSpec,
  valueAuxAndGrad,
} from 'noisefold/dsl';
import { decodeSafetensors } from 'noisefold/training';
import { describe, expect, test } from 'vitest';
import { hashedNoise, hashedWeight, measures } from '../../properties/golden/hashed.js';
import { testOnWebgpu } from '../../properties/webgpu.js';
import { lucidrainsUnet } from './lucidrains.js';
import { naiveModel, naiveUnet } from './naive.js';

type Images = Tensor<[Dim, Dim, Dim, Dim]>;
type Network = (x: Images, t: Tensor<[Dim]>) => Images;

/** A network with parameters P, and the times of the two images of its fixture. */
interface Case<P = unknown> {
  readonly name: string;
  readonly network: { readonly params: TreeSpec<P>; apply(params: P): Network };
  readonly image: readonly [number, number, number];
  readonly times: readonly [number, number];
  /** The name of the noise that is the input. */
  readonly x: string;
}

/** A network without the types of its parameters and images. */
const network = (typed: object) => typed as Case['network'];

const cases: readonly Case[] = [
  {
    name: 'naive',
    network: network(naiveUnet(1, 8)),
    image: [32, 32, 1],
    times: [0.25, 1],
    x: 'input.25', // no ReLU or max pool has an input within 3e-5 of its kink, where float32 might take the other side
  },
  {
    name: 'lucidrains',
    network: network(lucidrainsUnet({ channels: 3, base: 8, multipliers: [1, 2], heads: 2, d: 4 })),
    image: [8, 8, 3],
    times: [17, 842],
    x: 'input.0',
  },
];

type Numbers = Float32Array | Float64Array;
const isNumbers = (x: unknown): x is Numbers => ArrayBuffer.isView(x);
const product = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

/** The output of a network, and the gradients of Σ output·noise. */
const results = async ({ network, image, times, x: name }: Case, backend: Parameters<typeof open>[0]) => {
  const shape = [2, ...image];
  const words = shape.join(' ');
  const spec = { at: { params: network.params, x: words }, t: '2', noise: words } as const;
  type Inputs = {
    readonly at: { readonly params: unknown; readonly x: Images };
    readonly t: Tensor<[2]>;
    readonly noise: Images;
  };
  const both = program(spec as never, ({ at, t, noise }: Inputs) =>
    valueAuxAndGrad(({ params, x }: Inputs['at']) => {
      const output = network.apply(params)(x, t);
      return [sum(mul(output, noise)), output] as const;
    })(at),
  );
  const params = mapLeaves(network.params.tree, isLeafSpec, (leaf, path) => {
    const extents = leaf.shape as readonly number[]; // the extents of parameters are numbers
    return hashedWeight(path, extents, product(extents.slice(0, -1)), path.endsWith('.gamma'));
  });
  const [x, noise] = [hashedNoise(name, product(shape)), hashedNoise('loss', product(shape))];
  await using nf = await open(backend);
  const inputs = { at: { params, x }, t: Float32Array.from(times), noise };
  const { aux, grad } = await nf.run(evaluate(both, {})(inputs as never));
  return {
    output: aux as unknown as Numbers,
    gradients: new Map(leaves(grad, isNumbers).map(({ path, leaf }) => [path.replace('params.', ''), leaf])),
  };
};

/** The largest difference, relative to the largest number. */
const distance = (actual: ArrayLike<number>, expected: ArrayLike<number>): number => {
  expect(actual.length).toBe(expected.length);
  const largest = Math.max(...Array.from(expected, Math.abs));
  return Math.max(...Array.from(expected, (x, i) => Math.abs(actual[i]! - x))) / largest;
};

const fixtureOf = (name: string) => {
  const file = readFileSync(new URL(`../../properties/golden/networks/${name}.safetensors`, import.meta.url));
  return unwrap(decodeSafetensors(name)(file)).tensors;
};

describe.each(cases)('$name', (one) => {
  const tensors = fixtureOf(one.name);
  const all = [...tensors.keys()];
  const expected = (name: string): Numbers => tensors.get(name)!.data as Float32Array; // fixtures are F32

  const normOf = (name: string): number => expected(`grad.${name}`)[0]!;

  /**
   * Compares gradients by their norms and by their products with noise. The scale is their norm, but at least a hundredth
   * of the largest: a bias before a group norm of one channel has a gradient of 0, which float32 rounds.
   */
  const compare = async (backend: Parameters<typeof open>[0], tolerance: number): Promise<void> => {
    const { output, gradients } = await results(one, backend);
    expect(distance(output, expected('output'))).toBeLessThan(tolerance);
    expect(distance(gradients.get('x')!, expected('grad.input.x'))).toBeLessThan(tolerance);
    const names = [...gradients.keys()].filter((name) => name !== 'x');
    expect(names.map((name) => `grad.${name}`).sort()).toEqual(
      all.filter((name) => /^grad\.(?!input\.x)/.test(name)).sort(),
    );
    const least = Math.max(...names.map(normOf)) / 100;
    for (const name of names) {
      const actual = measures(name, gradients.get(name)!);
      const errors = actual.map((number, i) => Math.abs(number - expected(`grad.${name}`)[i]!));
      expect(Math.max(...errors) / Math.max(normOf(name), least), name).toBeLessThan(tolerance);
    }
  };

  test('reference', () => compare(reference(), 2e-6));
  test('wasm', () => compare(wasm(), 1e-4));
  testOnWebgpu(() => compare(webgpu(), 1e-4));
});

test('the model of 100 timesteps takes t as (t + 1)/100', async () => {
  const model = naiveModel([32, 32, 1], 8, 100);
  const t = constantOf(Int32Array.of(24, 99), 2); // the times 0.25 and 1
  const apply = (params: never) => (x: never) => model.apply(params, x, { t });
  const [of] = cases as readonly [Case];
  const { output } = await results({ ...of, network: network({ params: model.params, apply }) }, reference());
  expect(distance(output, fixtureOf('naive').get('output')!.data as Float32Array)).toBeLessThan(2e-6);
});
