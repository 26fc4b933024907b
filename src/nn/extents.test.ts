import { expect, test } from 'vitest';
import { attempt, leafSpec } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import {
  classEmbedding,
  convLayer,
  downsampleLayer,
  groupNormLayer,
  linearLayer,
  timeEmbedding,
  upsampleLayer,
} from './index.js';

const sinusoid = { timesteps: 10, sinusoid: 'ddpm' } as const;

test.each<[string, (d: number) => unknown]>([
  ['inputs of linearLayer', (d) => linearLayer({ inputs: d, outputs: 3 })],
  ['outputs of linearLayer', (d) => linearLayer({ inputs: 3, outputs: d })],
  ['inputs of convLayer', (d) => convLayer({ inputs: d, outputs: 3 })],
  ['channels of groupNormLayer', (d) => groupNormLayer({ channels: d, groups: 1 })],
  ['channels of downsampleLayer', (d) => downsampleLayer({ channels: d })],
  ['channels of upsampleLayer', (d) => upsampleLayer({ channels: d })],
  ['classes of classEmbedding', (d) => classEmbedding({ classes: d, outputs: 3 })],
  ['outputs of classEmbedding', (d) => classEmbedding({ classes: 3, outputs: d })],
  ['size of timeEmbedding', (d) => timeEmbedding({ ...sinusoid, size: d, outputs: 3 })],
  ['outputs of timeEmbedding', (d) => timeEmbedding({ ...sinusoid, size: 4, outputs: d })],
  ['a leaf of a spec', (d) => leafSpec(['B', d])],
])('%s: what is no extent is refused', (_, build) => {
  for (const wrong of [-1, 1.5, Number.NaN, Infinity])
    expect({ wrong, ...attempt(() => build(wrong)) }).toMatchObject({
      wrong,
      ...E.left({ _tag: expect.stringMatching(/^(Shape|Config)Error$/), hint: expect.stringMatching(/./) }),
    });
});

test('an odd size has no sines and cosines', () => {
  expect(attempt(() => timeEmbedding({ ...sinusoid, size: 5, outputs: 3 }))).toMatchObject(
    E.left({ _tag: 'ConfigError', where: 'sinusoidTable.size' }),
  );
});
