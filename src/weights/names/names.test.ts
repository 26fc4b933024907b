import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { showShape } from '../../internal/errors.js';
import { type ClassifierConfig, encoderClassifier } from '../../nn/networks/encoderClassifier.js';
import { classifierPresets, unetPresets } from '../../nn/networks/presets.js';
import { unet, type UNetConfig } from '../../nn/index.js';
import { diffusers } from './diffusers.js';
import { diffusersConfig } from '../configs/diffusersConfig.js';
import { edmNames } from './edm.js';
import { edmConfig } from '../configs/edmConfig.js';
import { guidedDiffusion } from './guidedDiffusion.js';
import { guidedDiffusionClassifierConfig } from '../configs/guidedDiffusionClassifierConfig.js';
import { guidedDiffusionConfig } from '../configs/guidedDiffusionConfig.js';
import type { NamedModel, WeightTable } from './table.js';
// the names and shapes of state dicts, derived from the constructors of the published code; three were checked in
// PyTorch
import published from './names.test.json' with { type: 'json' };

/** The network of a published configuration, and the names of its weights. */
const made = ({ kind, config }: (typeof published)[number]): WeightTable => {
  if (kind === 'classifier') {
    const { config: ours, names } = right(guidedDiffusionClassifierConfig(config));
    return right(names(right(encoderClassifier(ours))));
  }
  const { config: ours, names } = right(
    kind === 'diffusers'
      ? diffusersConfig(config)
      : kind === 'edm'
        ? edmConfig(config)
        : guidedDiffusionConfig(config, { superResolution: kind === 'superResolution' }),
  );
  return right(names(right(unet(ours as UNetConfig))));
};

/** The shapes of all weights of a table, by their names in the other project. */
const shapesOf = ({ entries, constants }: WeightTable): readonly (readonly [string, string])[] =>
  [
    ...entries.flatMap(({ theirs, theirShape }) => theirs.map((name) => [name, theirShape] as const)),
    ...[...constants].map(([name, { shape }]) => [name, shape] as const),
  ].map(([name, shape]) => [name, showShape(shape)]);

/** The shapes of a fixture: `a.weight:3x4 a.bias:4`. */
const shapesIn = (text: string): readonly (readonly [string, string])[] =>
  text.split(' ').map((each) => {
    const [name, shape] = each.split(':') as [string, string];
    return [name, `[${shape.replaceAll('x', ', ')}]`];
  });

describe('a network has the weights of the published code, by name and shape', () => {
  test.each(published.map((each) => [each.name, each] as const))('%s', (_, network) => {
    expect([...shapesOf(made(network))].sort()).toEqual([...shapesIn(network.shapes)].sort());
  });
});

describe('every preset can be named as in its project', () => {
  const familyOf = (name: string) =>
    name.startsWith('edm') ? edmNames : name.startsWith('ddpm') ? diffusers : guidedDiffusion();

  test.each<[string, UNetConfig]>(Object.entries(unetPresets))('%s', (name, config) => {
    const model = right(unet(config));
    expect(right(familyOf(name)(model)).entries).toHaveLength(model.params.leaves.length);
  });

  test.each<[string, ClassifierConfig]>(Object.entries(classifierPresets))('%s', (_, config) => {
    const model = right(encoderClassifier(config));
    expect(right(guidedDiffusion()(model)).entries).toHaveLength(model.params.leaves.length);
  });
});

test('the attention of 64x64_diffusion.pt is in the new order, that of the other published models in the old one', () => {
  const flags = { image_size: 64, num_channels: 192, num_res_blocks: 3, num_head_channels: 64, class_cond: true };
  const tableFor = (config: object) => {
    const { config: ours, names } = right(guidedDiffusionConfig(config));
    return right(names(right(unet(ours as UNetConfig))));
  };
  const adm64 = right(unet(unetPresets['adm-64']));
  const published64 = { ...flags, use_new_attention_order: true, resblock_updown: true, learn_sigma: true, attention_resolutions: '32,16,8' }; // oxfmt-ignore
  expect(right(guidedDiffusion({ newAttentionOrder: true })(adm64))).toEqual(tableFor(published64));
  expect(right(guidedDiffusion()(adm64))).not.toEqual(tableFor(published64));
});

test('a table names each weight once', () => {
  for (const network of published) {
    const names = shapesOf(made(network)).map(([name]) => name);
    expect(new Set(names).size).toBe(names.length);
  }
});

describe('a network that the other project lacks is refused, naming the parameter', () => {
  const base = { image: [16, 16, 3], base: 32, multipliers: [1, 2], blocks: 1, groups: 8 } as const;
  const refusal = (naming: (model: NamedModel) => ReturnType<typeof diffusers>, config: UNetConfig) => {
    const table = naming(right(unet({ ...base, ...config })));
    return table._tag === 'Left' ? table.left.actual : undefined;
  };

  test('EDM has no convolutions that change the resolution', () => {
    expect(refusal(edmNames, base)).toMatch(/levels\.0\.downsample\.kernel/);
  });

  test('guided-diffusion has no augmentation labels', () => {
    expect(refusal(guidedDiffusion(), { ...base, conditions: { augment: { vector: 9, at: 'input' } } })).toMatch(
      /augment\.w/,
    );
  });

  test('diffusers has no noise level of an image, and one class of the name label', () => {
    expect(refusal(diffusers, { ...base, conditions: { small: { image: 3, noiseLevel: true } } })).toMatch(/smallTime/);
    expect(refusal(diffusers, { ...base, conditions: { label: 3, hair: 2 } })).toMatch(/hair\.table/);
  });

  test('a model without a configuration has no names', () => {
    const table = diffusers({ params: { leaves: [] } });
    expect(table).toMatchObject({ _tag: 'Left', left: { _tag: 'ConfigError', where: 'diffusers: config' } });
  });

  test('an unknown option of the names is refused', () => {
    const names = guidedDiffusion({ newOrder: true } as never);
    expect(names(right(unet(base)))).toMatchObject({ left: { where: 'guidedDiffusion.newOrder' } });
  });
});
