import { expect, test } from 'vitest';
import { attempt, leafSpec } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import {
  attentionBlock,
  attentionLayer,
  classEmbedding,
  convLayer,
  downsampleLayer,
  fanInNormal,
  fanInUniform,
  gegluLayer,
  groupNormLayer,
  layerNormLayer,
  linearLayer,
  residualBlock,
  timeEmbedding,
  transformerBlock,
  unetBlock,
  upsampleLayer,
} from './index.js';

const sinusoid = { timesteps: 10, sinusoid: 'ddpm' } as const;

test.each<[string, (d: number) => unknown]>([
  ['inputs of linearLayer', (d) => linearLayer({ inputs: d, outputs: 3 })],
  ['outputs of linearLayer', (d) => linearLayer({ inputs: 3, outputs: d })],
  ['inputs of convLayer', (d) => convLayer({ inputs: d, outputs: 3 })],
  ['channels of groupNormLayer', (d) => groupNormLayer({ channels: d, groups: 1 })],
  ['channels of layerNormLayer', (d) => layerNormLayer({ channels: d })],
  ['channels of gegluLayer', (d) => gegluLayer({ channels: d, hidden: 3 })],
  ['hidden of gegluLayer', (d) => gegluLayer({ channels: 3, hidden: d })],
  ['tokens of attentionLayer', (d) => attentionLayer({ channels: 3, tokens: d, heads: 1 })],
  ['tokens of transformerBlock', (d) => transformerBlock({ channels: 3, tokens: d, heads: 1, groups: 1 })],
  ['channels of downsampleLayer', (d) => downsampleLayer({ channels: d })],
  ['channels of upsampleLayer', (d) => upsampleLayer({ channels: d })],
  ['classes of classEmbedding', (d) => classEmbedding({ classes: d, outputs: 3 })],
  ['outputs of classEmbedding', (d) => classEmbedding({ classes: 3, outputs: d })],
  ['size of timeEmbedding', (d) => timeEmbedding({ ...sinusoid, size: d, outputs: 3 })],
  ['outputs of timeEmbedding', (d) => timeEmbedding({ ...sinusoid, size: 4, outputs: d })],
])('%s: a value that is not an extent is refused', (_, build) => {
  for (const wrong of [-1, 1.5, Number.NaN, Infinity, '2' as unknown as number])
    expect({ wrong, ...attempt(() => build(wrong)) }).toMatchObject({
      wrong,
      ...E.left({ _tag: expect.stringMatching(/^(Shape|Config)Error$/), hint: expect.stringMatching(/./) }),
    });
});

test('random frequencies have as many sines as cosines', () => {
  const odd = { timesteps: 10, sinusoid: 'fourier', size: 5, outputs: 3 } as const;
  expect(attempt(() => timeEmbedding(odd))).toMatchObject(E.left({ _tag: 'ShapeError' }));
});

test('a leaf of a spec has extents of at least 0', () => {
  for (const wrong of [-1, 1.5, Number.NaN, Infinity])
    expect(attempt(() => leafSpec(['B', wrong]))).toMatchObject(E.left({ _tag: 'ShapeError' }));
});

const time = { ...sinusoid, size: 4, outputs: 3 };
const block = { inputs: 4, outputs: 4, embedding: 8, groups: 2 };
const given = (x: unknown): never => x as never;

test.each<[() => unknown, string]>([
  [
    () => attentionBlock({ channels: 16, heads: 3 as number, groups: 4 }),
    'attentionBlock.heads: expected a number of heads that divides the 16 channels, got 3',
  ],
  [
    () => attentionBlock({ channels: 16, heads: 4, groups: 3 as number }),
    'attentionBlock.groups: expected a number of groups that divides the 16 channels, got 3',
  ],
  [
    () => attentionLayer({ channels: 16, tokens: 3, heads: 3 as number }),
    'attentionLayer.heads: expected a number of heads that divides the 16 channels, got 3',
  ],
  [
    () => transformerBlock({ channels: 16, tokens: 3, heads: 3 as number, groups: 4 }),
    'transformerBlock.heads: expected a number of heads that divides the 16 channels, got 3',
  ],
  [
    () => transformerBlock({ channels: 16, tokens: 3, heads: 4, groups: 3 as number }),
    'transformerBlock.groups: expected a number of groups that divides the 16 channels, got 3',
  ],
  [
    () => groupNormLayer({ channels: 4, groups: 3 as number }),
    'groupNormLayer.groups: expected a number of groups that divides the 4 channels, got 3',
  ],
  [
    () => groupNormLayer({ channels: 4, groups: 0 as number }),
    'groupNormLayer.groups: expected a number of groups ≥ 1, or { channels, most }, got 0',
  ],
  [
    () => residualBlock({ ...block, groups: 3 }),
    'residualBlock.groups: expected a number of groups that divides the 4 channels, got 3',
  ],
  [
    () => residualBlock({ ...block, outputs: 5 }),
    'residualBlock.groups: expected a number of groups that divides the 5 channels, got 2',
  ],
  [() => residualBlock({ ...block, dropout: 2 }), 'residualBlock.dropout: expected a rate in [0, 1), got 2'],
  [
    () => residualBlock({ ...block, dropout: given('0.1') }),
    'residualBlock.dropout: expected a rate in [0, 1), got "0.1"',
  ],
  [
    () => linearLayer({ inputs: given('2'), outputs: 3 }),
    'linearLayer.inputs: expected a number of channels, an integer ≥ 0, got "2"',
  ],
  [
    () => timeEmbedding({ ...time, timesteps: -1 }),
    "timeEmbedding.timesteps: expected a number of timesteps, an integer ≥ 0, or 'continuous', got -1",
  ],
  [
    () => timeEmbedding({ ...time, sinusoid: given(undefined) }),
    "timeEmbedding.sinusoid: expected 'ddpm', 'guided-diffusion' or 'fourier', or { first, shift, maxPeriod, scale }, got nothing",
  ],
  [
    () => unetBlock({ ...block, heads: null, groups: 3, dropout: 1 }),
    'unetBlock.dropout: expected a rate in [0, 1), got 1',
  ],
  [
    () => unetBlock({ ...block, heads: given('all') }),
    'unetBlock.heads: expected a number of heads ≥ 1, or { channels }',
  ],
  [
    () => attentionBlock({ channels: 4, heads: 2, groups: null, epsilon: -1 }),
    'attentionBlock.epsilon: expected a finite number ≥ 0, got -1; 1e-5 is usual, 1e-6 in DDPM',
  ],
  [
    () => attentionBlock({ channels: 4, heads: { channels: 3 as number }, groups: null }),
    'attentionBlock.heads: expected a number of channels a head that divides the 4 channels, got 3',
  ],
  [
    () => linearLayer({ inputs: 2, outputs: 3, initializer: given(0) }),
    'linearLayer.initializer: expected an initializer, a function of a key and extents, got 0; such as fanInNormal() or allZeros',
  ],
  [() => fanInNormal(1, given({ output: 2 })), 'fanInNormal.output: expected the field outputs'],
  [() => fanInUniform(1, { outputs: -1 }), 'fanInUniform.outputs: expected a number of axes'],
])('%#: a wrong configuration is refused when the layer is made', (make, message) => {
  expect(attempt(make)).toMatchObject(E.left({ _tag: 'ConfigError', message: expect.stringContaining(message) }));
});
