import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type AcquireBackend, numbersOf, relativeDistance } from '../../../properties/diffusion/run.js';
import { detNoise } from '../../../properties/golden/gaussianDiffusion.js';
import { testOnWebgpu } from '../../../properties/webgpu.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { webgpu } from '../../backends/webgpu/index.js';
import {
  add,
  concatAll,
  constantOf,
  type Dim,
  fillSpec,
  grad,
  mul,
  reshape,
  type Shape,
  sum,
  type Tensor,
  tensorsOf,
  valueAndGrad,
  zerosLike,
} from '../../dsl/index.js';
import { sizeOf } from '../../internal/numbers.js';
import { transformerBlock, type TransformerBlockConfig, type TransformerBlockParams } from './transformerBlock.js';

interface Golden {
  readonly config: TransformerBlockConfig<4, 3, 2, 2>;
  readonly x: readonly [2, 2, 3, 4];
  readonly tokens: readonly [2, 5, 3];
  readonly mask: readonly number[];
  readonly output: readonly number[];
  readonly loss: number;
  readonly gradientOfX: readonly number[];
  readonly gradientOfTokens: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}
const golden = JSON.parse(readFileSync(new URL('transformerBlock.test.json', import.meta.url), 'utf8')) as Golden; // written by us

const det = <S extends readonly number[]>(shape: S, k: number): Tensor<S> =>
  constantOf(detNoise(sizeOf(shape), k), ...(shape as readonly number[])) as Tensor<Shape> as Tensor<S>; // of this shape

const block = transformerBlock(golden.config);
const paths = Object.keys(golden.gradients);
/** The parameters of the golden block, by the closed form that the file states. */
const params: TransformerBlockParams<4, 3> = fillSpec(block.params, ({ path, shape }) => {
  const extents = shape as readonly number[]; // the extents of a layer are numbers
  const wave: Tensor<Shape> = det(extents, paths.indexOf(path));
  if (path.endsWith('.gamma')) return add(mul(wave, 0.1), 1);
  return mul(wave, extents.length === 1 ? 0.1 : 1 / Math.sqrt(extents[0]!));
});
const [x, tokens] = [det(golden.x, 50), det(golden.tokens, 51)];
const maskOf = (...bits: readonly number[]) => constantOf(Uint8Array.from(bits), 2, 5);
const flat = (tensors: readonly Tensor<Shape>[]) => concatAll(tensors.map((y) => reshape(y, -1)) as [Tensor<[Dim]>], 0);

/** Compares the output and all gradients with those of PyTorch. */
const expectGolden = async (backend: AcquireBackend, tolerance: number): Promise<void> => {
  const mask = maskOf(...golden.mask);
  const numbers = await numbersOf(() => {
    const loss = (p: { readonly params: typeof params; readonly x: typeof x; readonly tokens: typeof tokens }) =>
      sum(mul(block.apply(p.params)(p.x, { tokens: p.tokens, mask }), det(golden.x, 7)));
    const { value, grad } = valueAndGrad(loss)({ params, x, tokens });
    const gradients = tensorsOf(grad.params).map(({ leaf }) => leaf as Tensor<Shape>); // parameters are float32
    return flat([block.apply(params)(x, { tokens, mask }), value, grad.x, grad.tokens, ...gradients]);
  }, backend);
  let next = 0;
  const expectNext = (what: string, expected: readonly number[]): void => {
    const actual = numbers.slice(next, (next += expected.length));
    expect(relativeDistance(actual, expected), what).toBeLessThan(tolerance);
  };
  expectNext('the output', golden.output);
  expectNext('the loss', [golden.loss]);
  expectNext('the gradient of x', golden.gradientOfX);
  expectNext('the gradient of the tokens', golden.gradientOfTokens);
  expect(block.params.leaves.map(({ path }) => path).sort()).toEqual(paths.toSorted());
  for (const { path } of block.params.leaves) expectNext(path, golden.gradients[path]!);
  expect(next).toBe(numbers.length);
};

describe('the output and all gradients are those of Transformer2DModel of diffusers, computed by PyTorch', () => {
  test('reference', () => expectGolden(reference(), 1e-11)); // both are float64; the file has 13 digits
  test('wasm', () => expectGolden(wasm(), 2e-5));
  testOnWebgpu(() => expectGolden(webgpu(), 2e-5));
});

const none = [0, 0, 0, 0, 0] as const;

/** Compares samples without tokens with the block whose cross-attention adds zeros. */
const expectNothingAdded = async (backend: AcquireBackend): Promise<void> => {
  const { output, ...crossAttention } = params.crossAttention;
  const zeroed = { ...crossAttention, output: { w: zerosLike(output.w), b: zerosLike(output.b) } };
  const without = await numbersOf(() => block.apply({ ...params, crossAttention: zeroed })(x, { tokens }), backend);
  const outputOf = (...bits: readonly number[]) =>
    numbersOf(() => block.apply(params)(x, { tokens, mask: maskOf(...bits) }), backend);
  expect(await outputOf(...none, ...none)).toEqual(without);
  const half = without.length / 2;
  const [second, both] = [await outputOf(...none, 0, 1, 0, 1, 1), await outputOf(1, 0, 1, 0, 1, 0, 1, 0, 1, 1)];
  expect(second).toEqual([...without.slice(0, half), ...both.slice(half)]);
  expect(both.slice(0, half)).not.toEqual(without.slice(0, half));
  const gradients = await numbersOf(() => {
    const loss = (p: typeof params) => sum(mul(block.apply(p)(x, { tokens, mask: maskOf(...none, ...none) }), x));
    return flat(tensorsOf(grad(loss)(params).crossAttention).map(({ leaf }) => leaf as Tensor<Shape>)); // float32
  }, backend);
  expect(gradients.map(Math.abs)).toEqual(gradients.map(() => 0));
};

describe('cross-attention adds nothing to a sample without tokens, to the bit, and has no gradients there', () => {
  test('reference', () => expectNothingAdded(reference()));
  test('wasm', () => expectNothingAdded(wasm()));
  testOnWebgpu(() => expectNothingAdded(webgpu()));
});
