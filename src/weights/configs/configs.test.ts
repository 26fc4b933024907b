import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import type { ConditionsConfig } from '../../conditions/conditions.js';
import type { NoisefoldError } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import { encoderClassifier } from '../../nn/networks/encoderClassifier.js';
import { classifierPresets, unetPresets } from '../../nn/networks/presets.js';
import { unet, type UNetArchitecture, unetArchitecture, type UNetConfig } from '../../nn/index.js';
import { diffusersConfig } from './diffusersConfig.js';
import { diffusersConfigOf } from './diffusersConfigOf.js';
import { edmConfig } from './edmConfig.js';
import { guidedDiffusionClassifierConfig } from './guidedDiffusionClassifierConfig.js';
import { guidedDiffusionConfig } from './guidedDiffusionConfig.js';
import type { Translated } from '../names/translated.js';

type Preset = keyof typeof unetPresets;

/** The parameters of a network, by path and shape. */
const parametersOf = (config: unknown) =>
  right(unet(config as UNetConfig)).params.leaves.map(({ path, shape }) => `${path} ${shape.join('×')}`);

/**
 * Expects the parameters of a preset and its other fields, except the dropout rate, which differs between trainings.
 */
const expectPreset = (value: either.Either<NoisefoldError, Translated<UNetArchitecture>>, preset: Preset) => {
  const { config } = right(value);
  const expected = right(unetArchitecture(unetPresets[preset]));
  expect(parametersOf(config)).toEqual(parametersOf(expected));
  const others = { dropout: 0, recompute: false };
  expect({ ...JSON.parse(JSON.stringify(config)), ...others }).toMatchObject({
    ...withoutDefaults(expected),
    ...others,
  });
};

/** Fields with two equivalent forms: the number of heads, and fields that follow from others. */
const withoutDefaults = ({ timeChannels: _1, embedding: _2, inputChannels: _3, ...fields }: UNetArchitecture) => fields;

const refusal = (result: either.Either<NoisefoldError, unknown>): string =>
  result._tag === 'Left' ? result.left.where : 'none';

describe('the flags of the published models of guided-diffusion give their presets', () => {
  const adm = {
    attention_resolutions: '32,16,8',
    class_cond: true,
    diffusion_steps: 1000,
    learn_sigma: true,
    noise_schedule: 'linear',
    num_res_blocks: 2,
    resblock_updown: true,
    use_fp16: true,
    use_scale_shift_norm: true,
  };
  test.each<[Preset, object]>([
    ['adm-64', { ...adm, image_size: 64, num_channels: 192, num_head_channels: 64, num_res_blocks: 3, dropout: 0.1, use_new_attention_order: true }],
    ['adm-128', { ...adm, image_size: 128, num_channels: 256, num_heads: 4 }],
    ['adm-256', { ...adm, image_size: 256, num_channels: 256, num_head_channels: 64 }],
    ['adm-256-uncond', { ...adm, image_size: 256, num_channels: 256, num_head_channels: 64, class_cond: false }],
    ['adm-512', { ...adm, image_size: 512, num_channels: 256, num_head_channels: 64 }],
    ['adm-64-256', { ...adm, large_size: 256, small_size: 64, num_channels: 192, num_heads: 4 }],
    ['adm-128-512', { ...adm, large_size: 512, small_size: 128, num_channels: 192, num_head_channels: 64, attention_resolutions: '32,16' }],
  ])('%s', (preset, flags) => expectPreset(guidedDiffusionConfig(flags), preset)); // oxfmt-ignore

  test.each<[keyof typeof classifierPresets, object]>([
    ['adm-classifier-64', { image_size: 64, classifier_depth: 4 }],
    ['adm-classifier-128', { image_size: 128 }],
    ['adm-classifier-256', { image_size: 256 }],
    ['adm-classifier-512', { image_size: 512 }],
  ])('%s', (preset, flags) => {
    const { config } = right(guidedDiffusionClassifierConfig(flags));
    const shapes = (given: Parameters<typeof encoderClassifier>[0]) =>
      right(encoderClassifier(given)).params.leaves.map(({ path, shape }) => `${path} ${shape.join('×')}`);
    expect(shapes(config)).toEqual(shapes(classifierPresets[preset]));
  });
});

describe('the flags of improved-diffusion give its presets', () => {
  test('the unconditional model of 64', () => {
    const flags = { image_size: 64, num_channels: 128, num_res_blocks: 3, learn_sigma: true, diffusion_steps: 4000, noise_schedule: 'cosine', rescale_timesteps: true }; // oxfmt-ignore
    const { config } = right(guidedDiffusionConfig(flags));
    expect(parametersOf(config)).toEqual(parametersOf(unetPresets['iddpm-imagenet64']));
    expect(config).toMatchObject({ timesteps: 4000, sinusoid: { first: 'cosine', shift: 0, scale: 0.25 } });
  });
});

describe('a process with a number of steps other than 1000', () => {
  const flags = { image_size: 64, num_res_blocks: 3, learn_sigma: true, diffusion_steps: 4000 };

  test('without rescale_timesteps is refused, because its default depends on the project', () => {
    expect(refusal(guidedDiffusionConfig(flags))).toBe('guidedDiffusionConfig.rescale_timesteps');
    const classifier = guidedDiffusionClassifierConfig({ image_size: 64, diffusion_steps: 4000 });
    expect(refusal(classifier)).toBe('guidedDiffusionClassifierConfig.rescale_timesteps');
  });

  test('scales times according to rescale_timesteps', () => {
    const sinusoid = (given: object) => right(guidedDiffusionConfig({ ...flags, ...given })).config.sinusoid;
    expect(sinusoid({ rescale_timesteps: false })).toBe('guided-diffusion');
    expect(sinusoid({ rescale_timesteps: true })).toEqual({ first: 'cosine', shift: 0, scale: 0.25 });
    expect(sinusoid({ diffusion_steps: 1000 })).toBe('guided-diffusion');
  });
});

describe('the arguments of the networks of EDM give their presets', () => {
  const song = { model_type: 'SongUNet', img_channels: 3, model_channels: 128 };
  const ncsnpp = {
    embedding_type: 'fourier',
    channel_mult_noise: 2,
    encoder_type: 'residual',
    resample_filter: [1, 3, 3, 1],
  };
  test.each<[Preset, object]>([
    ['edm-cifar10', { ...song, img_resolution: 32, channel_mult: [2, 2, 2], augment_dim: 9 }],
    ['edm-cifar10-cond', { ...song, img_resolution: 32, channel_mult: [2, 2, 2], augment_dim: 9, label_dim: 10 }],
    ['edm-cifar10-ncsnpp', { ...song, ...ncsnpp, img_resolution: 32, channel_mult: [2, 2, 2], augment_dim: 9 }],
    ['edm-ffhq64', { ...song, img_resolution: 64, channel_mult: [1, 2, 2, 2], augment_dim: 9 }],
    ['edm-imagenet64', { model_type: 'DhariwalUNet', img_resolution: 64, label_dim: 1000 }],
  ])('%s', (preset, given) => expectPreset(edmConfig(given), preset)); // oxfmt-ignore
});

const cifar10 = {
  _class_name: 'UNet2DModel',
  _diffusers_version: '0.0.4',
  act_fn: 'silu',
  attention_head_dim: null,
  block_out_channels: [128, 256, 256, 256],
  center_input_sample: false,
  down_block_types: ['DownBlock2D', 'AttnDownBlock2D', 'DownBlock2D', 'DownBlock2D'],
  downsample_padding: 0,
  flip_sin_to_cos: false,
  freq_shift: 1,
  in_channels: 3,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-6,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 32,
  time_embedding_type: 'positional',
  up_block_types: ['UpBlock2D', 'UpBlock2D', 'AttnUpBlock2D', 'UpBlock2D'],
};

test('the default noise levels of EDMPrecond, up to Infinity, are accepted', () => {
  const wrapped = {
    img_resolution: 64,
    model_type: 'DhariwalUNet',
    sigma_min: 0,
    sigma_max: Infinity,
    sigma_data: 0.5,
  };
  const { sigma_min: _, sigma_max: __, sigma_data: ___, ...bare } = wrapped;
  expect(right(edmConfig(wrapped)).config).toEqual(right(edmConfig(bare)).config);
  expect(edmConfig({ ...bare, sigma_max: NaN })).toMatchObject({ left: { where: 'edmConfig.sigma_max' } });
});

describe('a DhariwalUNet whose levels are not multiples of 64', () => {
  const dhariwal = { model_type: 'DhariwalUNet', img_resolution: 32, model_channels: 96, channel_mult: [1, 2], attn_resolutions: [16] }; // oxfmt-ignore

  test('has the heads of its levels with attention', () => {
    expect(right(edmConfig({ ...dhariwal, channel_mult: [1, 1] })).config.heads).toBe(1);
    expect(right(edmConfig(dhariwal)).config.heads).toEqual({ channels: 64 });
  });

  test('is refused if they have other numbers of heads', () => {
    expect(edmConfig({ ...dhariwal, attn_resolutions: [32, 16] })).toMatchObject({
      left: {
        _tag: 'ConfigError',
        where: 'edmConfig.channel_mult',
        actual: 'levels of 96, 192 channels, with 1, 3 heads',
      },
    });
  });
});

describe('a config.json of diffusers', () => {
  test('of DDPM for CIFAR-10 gives its preset', () => {
    expectPreset(diffusersConfig(cifar10), 'ddpm-cifar10');
  });

  test('names each field for which unet has no network', () => {
    const wrong: Readonly<Record<string, unknown>> = {
      mid_block_scale_factor: 2,
      mid_block_type: null,
      center_input_sample: true,
      act_fn: 'gelu',
      time_embedding_type: 'fourier',
      class_embed_type: 'timestep',
      norm_num_groups: null,
      attn_norm_num_groups: 16,
      downsample_padding: 2,
      sample_size: null,
      out_channels: 5,
      'down_block_types.1': ['DownBlock2D', 'SkipDownBlock2D', 'DownBlock2D', 'DownBlock2D'],
      up_block_types: ['UpBlock2D', 'AttnUpBlock2D', 'UpBlock2D', 'UpBlock2D'],
      down_block_types: ['ResnetDownsampleBlock2D', 'AttnDownBlock2D', 'DownBlock2D', 'DownBlock2D'],
      block_out_channels: [],
      attention_legacy_order: true,
    };
    for (const [field, value] of Object.entries(wrong)) {
      const settings = { ...cifar10, [field.split('.')[0]!]: value };
      expect([field, refusal(diffusersConfig(settings))]).toEqual([field, `diffusersConfig.${field}`]);
    }
  });

  test('explains why a network cannot be built', () => {
    expect(refusal(diffusersConfig({ ...cifar10, norm_num_groups: 24 }))).toBe('unet.groups');
    expect(refusal(diffusersConfig({ ...cifar10, sample_size: 30 }))).toBe('unet.image');
    expect(refusal(diffusersConfig('a text'))).toMatch(/^diffusersConfig\./);
  });

  test('may have any numbers of channels, although their quotients are rounded', () => {
    for (const channels of [
      [224, 928],
      [352, 480],
      [800, 448],
    ]) {
      const blocks = { down_block_types: ['DownBlock2D', 'DownBlock2D'], up_block_types: ['UpBlock2D', 'UpBlock2D'] };
      const settings = { ...cifar10, ...blocks, block_out_channels: channels };
      const { config } = right(diffusersConfig(settings));
      expect(right(diffusersConfigOf(config))).toMatchObject({ block_out_channels: channels });
      const wide = right(unet(config as UNetConfig)).params.leaves.find(({ path }) => path.endsWith('levels.1.down.0.residual.norm2.gamma')); // oxfmt-ignore
      expect(wide?.shape).toEqual([channels[1]]);
    }
  });

  test('without a size takes the size from the options', () => {
    const { config } = right(diffusersConfig({ ...cifar10, sample_size: null }, { size: [16, 32], predicts: 'v' }));
    expect(config).toMatchObject({ image: [16, 32, 3], predicts: 'v' });
  });

  test('is recovered from our configuration', () => {
    const { config } = right(diffusersConfig(cifar10));
    const written = right(diffusersConfigOf(config));
    const { _diffusers_version: _1, center_input_sample: _2, mid_block_scale_factor: _3, ...fields } = cifar10; // defaults
    expect(written).toMatchObject(fields);
    expect(right(diffusersConfig(written)).config).toEqual(config);
  });

  test('cannot describe every network of ours', () => {
    const wrong: Readonly<Record<string, Partial<UNetConfig>>> = {
      upAttention: { upAttention: 'last' },
      upHeads: { upHeads: 2 },
      heads: { heads: 4, attention: [32] },
      groups: { groups: { channels: 4, most: 32 } },
      middle: { middle: 'unnormalized' },
      'conditions.label.nothing': { conditions: { label: { classes: 3, nothing: 'zero' } } },
      'conditions.label.at': { conditions: { label: { classes: 3, at: 'input' } } },
      'conditions.hair': { conditions: { label: 3, hair: 2 } },
      'conditions.augment': { conditions: { augment: { vector: 9 } } },
      'conditions.words': { conditions: { words: { tokens: 8, length: 2 } } },
      'conditions.lowRes.noiseLevel': { conditions: { lowRes: { image: 3, noiseLevel: true } } },
      'conditions.other': { conditions: { lowRes: { image: 3 }, other: { image: 3 } } },
      resample: { resample: 'projected' },
      filter: { resample: 'residual', filter: 'binomial' },
      encoder: { encoder: 'residual' },
      rescale: { rescale: Math.SQRT1_2 },
      sinusoid: { sinusoid: 'fourier' },
      inputChannels: { inputChannels: 64 },
      timeChannels: { timeChannels: 64 },
    };
    const base = { image: [32, 32, 3], base: 32, multipliers: [1, 2], attention: [16], heads: 1 } as const;
    for (const [field, change] of Object.entries(wrong)) {
      const config = right(unetArchitecture({ ...base, ...change }));
      expect([field, refusal(diffusersConfigOf(config))]).toEqual([field, `diffusersConfigOf.${field}`]);
    }
  });

  test('describes classes, with or without a row for none, and an image', () => {
    const written = (conditions: ConditionsConfig) =>
      right(diffusersConfigOf(right(unetArchitecture({ image: [8, 8, 3], base: 32, multipliers: [1], conditions }))));
    expect(written({ label: 3 })).toMatchObject({ num_class_embeds: 4, in_channels: 3 });
    expect(written({ label: { classes: 3, nothing: 'zero', required: true } })).toMatchObject({ num_class_embeds: 3 });
    expect(written({ small: { image: 2 } })).toMatchObject({ num_class_embeds: null, in_channels: 5 });
    const conditions = { label: { classes: 3, required: true }, lowRes: { image: 2, required: true } };
    expect(right(diffusersConfig(written(conditions))).config.conditions).toEqual(conditions);
  });
});

describe('a wrong flag is refused by its name', () => {
  test.each([
    [{ image_size: 28 }, 'channel_mult'],
    [{ image_size: 64, channel_mult: '1;2' }, 'channel_mult'],
    [{ image_size: 64, attention: '16' }, 'attention'],
    [{ image_size: 64, attention_resolutions: [2] }, 'attention_resolutions'],
    [{ model_channels: 64 }, 'image_size'],
    [{ image_size: 64, model_channels: 64, dims: 3 }, 'dims'],
    [{ image_size: 64, model_channels: 64, num_heads: 0 }, 'num_heads'],
    [{ image_size: 64, model_channels: 64, out_channels: 4 }, 'out_channels'],
  ])('%j', (flags, field) => {
    expect(refusal(guidedDiffusionConfig(flags))).toBe(`guidedDiffusionConfig.${field}`);
  });

  test('the error of a network that cannot be built names our field', () => {
    expect(refusal(guidedDiffusionConfig({ image_size: 64, num_channels: 100 }))).toBe('unet.groups');
  });

  test.each([
    [{ img_resolution: 32 }, 'model_type'],
    [{ img_resolution: 32, model_type: 'SongUNet', out_channels: 1 }, 'out_channels'],
    [{ img_resolution: 32, model_type: 'SongUNet', encoder_type: 'skip' }, 'encoder_type'],
    [{ img_resolution: 32, model_type: 'SongUNet', resample_filter: [1, 2, 1] }, 'resample_filter'],
  ])('%j', (given, field) => {
    expect(refusal(edmConfig(given))).toBe(`edmConfig.${field}`);
  });

  test.each([
    [{ image_size: 48 }, 'image_size'],
    [{ classifier_pool: 'mean' }, 'classifier_pool'],
    [{ image_size: 16, model_channels: 32 }, 'out_channels'],
  ])('%j', (given, field) => {
    expect(refusal(guidedDiffusionClassifierConfig(given))).toBe(`guidedDiffusionClassifierConfig.${field}`);
  });
});
