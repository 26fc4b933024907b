/** Tests U-Nets whose pixels attend to tokens. */
import { describe, expect, test } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { skippedFor } from '../../../properties/skips.js';
import { noWebgpu } from '../../../properties/webgpu.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/index.js';
import { webgpu } from '../../backends/webgpu/index.js';
import { constantOf, fillSpec, type Shape, type Tensor } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { unet, type UNetParams } from './unet.js';

const config = { image: [4, 4, 1], base: 4, multipliers: [1, 2], blocks: 1, heads: 2, groups: 2 } as const;
const conditions = { words: { tokens: 3, length: 5 } } as const;
const model = right(unet({ ...config, attention: [4], conditions }));

const wave = (shape: readonly number[], k: number): Tensor<Shape> => {
  const size = shape.reduce((a, b) => a * b, 1);
  return constantOf(
    Float64Array.from({ length: size }, (_, i) => 0.4 * Math.sin(0.7 * i + 1.3 * k + 0.5)),
    ...shape,
  );
};
const params: UNetParams = fillSpec(model.params, ({ path, shape }) => wave(shape as readonly number[], path.length)); // extents are numbers
const x = wave([2, 4, 4, 1], 1) as Tensor<[2, 4, 4, 1]>;
const t = constantOf(Int32Array.of(3, 500), 2) as Tensor<[2], 'int32'>;
const wordsOf = (k: number, ...mask: readonly number[]) => ({
  tokens: wave([2, 5, 3], k) as Tensor<[2, 5, 3]>,
  mask: constantOf(Uint8Array.from(mask), 2, 5) as Tensor<[2, 5], 'bool'>,
});

describe.each([
  ['reference', reference(), ''],
  ['wasm', wasm(), ''],
  ['webgpu', webgpu(), noWebgpu],
])('a U-Net with tokens on %s', (_, backend, missing) => {
  const output = (words?: ReturnType<typeof wordsOf>) =>
    numbersOf(() => model.apply(params, x, { t, ...(words && { conditions: { words } }) }), backend);

  test('depends on the tokens of each sample alone, and not on tokens whose mask is false, to the bit', skippedFor(missing), async () => {
    const [one, two] = [await output(wordsOf(1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0)), await output(wordsOf(2, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0))];
    expect(one).not.toEqual(two);
    const words = wordsOf(1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0);
    const [first, second] = [await output(words), await output({ ...words, mask: wordsOf(1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0).mask })];
    expect(first.slice(16)).toEqual(second.slice(16));
    expect(first.slice(0, 16)).not.toEqual(second.slice(0, 16));
  }); // oxfmt-ignore

  test('has no tokens if the mask is false or the value is missing, to the bit', skippedFor(missing), async () => {
    const [none, absent] = [await output(wordsOf(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)), await output()];
    expect(none).toEqual(absent);
  });
});

test('blocks with attention are transformer blocks, and pag is not for them', () => {
  const paths = model.params.leaves.map(({ path }) => path);
  expect(paths).toContain('levels.0.down.0.transformer.crossAttention.k');
  expect(paths).toContain('middle.transformer.block.crossAttention.k');
  expect(paths.some((path) => path.includes('qkv'))).toBe(false);
  expect(model.perturbed).toBeUndefined();
});

test.each([
  [{ words: conditions.words, more: { tokens: 2, length: 1 } }, 'attention', 'expected at most one condition of tokens, got words, more'],
  [conditions, 'residual', 'expected a network with attention, for tokens, got a network of residual blocks'],
] as const)('refuses %o with middle %s', (wrong, middle, message) => {
  const result = unet({ ...config, middle, conditions: wrong });
  expect(E.isLeft(result) && result.left.message).toContain(message);
}); // oxfmt-ignore
