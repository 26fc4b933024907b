/** Translates configurations of guided-diffusion and improved-diffusion into ours. */
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { unetArchitecture, type UNetArchitecture } from '../../nn/networks/unetConfig.js';
import { guidedDiffusion } from '../names/guidedDiffusion.js';
import { described, type Described, type NetworkArguments } from './guidedDiffusionFlags.js';
import { checkedOutputs } from '../names/outputs.js';
import type { Translated } from '../names/translated.js';

const configOptions = schema('guidedDiffusionConfig', {
  /**
   * True for a `SuperResModel`, which takes an image of low resolution; default: true if there is a flag `large_size`.
   */
  superResolution: optional(t.boolean),
});

/** Options of {@link guidedDiffusionConfig}. */
export interface GuidedDiffusionOptions extends OptionsOf<typeof configOptions> {}

/** The heights at which a network has attention. A factor that no level has is ignored, as in the original. */
const heightsOf = ({ image_size: size, attention_resolutions: factors, channel_mult: all }: NetworkArguments) =>
  all
    .map((_, level) => 2 ** level)
    .filter((factor) => factors.includes(factor))
    .map((factor) => size / factor);

/** The fields that a U-Net and a classifier share. */
export const sharedFields = (network: NetworkArguments) => {
  const { image_size: size, num_head_channels: ofHead, resblock_updown: isResidual, conv_resample: hasConv } = network;
  return {
    image: [size, size, network.in_channels],
    base: network.model_channels,
    multipliers: network.channel_mult,
    blocks: network.num_res_blocks,
    attention: heightsOf(network),
    heads: ofHead === -1 ? network.num_heads : { channels: ofHead },
    groups: 32,
    adaptiveGroupNorm: network.use_scale_shift_norm,
    resample: isResidual ? 'residual' : hasConv ? 'convolution' : 'pool',
    dropout: network.dropout,
    recompute: network.use_checkpoint,
    sinusoid: 'guided-diffusion',
  };
};

/**
 * The timesteps. If their number is not 1000, they may be rescaled to 1000 before they are embedded. The flag
 * `rescale_timesteps` is then required, because its default is true in improved-diffusion and false in
 * guided-diffusion.
 */
export const timeFields = (
  where: string,
  { diffusion_steps: timesteps, rescale_timesteps: isRescaled }: NetworkArguments,
): either.Either<NoisefoldError, object> => {
  if (timesteps === 1000) return E.right({ timesteps });
  if (isRescaled === undefined)
    return fail('ConfigError', {
      where: `${where}.rescale_timesteps`,
      expected: `true or false, for diffusion_steps: ${timesteps}`,
      actual: 'nothing',
      hint: 'give it, because its default is true in improved-diffusion and false in guided-diffusion',
    });
  return E.right({
    timesteps,
    ...(isRescaled && { sinusoid: { first: 'cosine', shift: 0, scale: 1000 / timesteps } }),
  });
};

const fieldsOf = ({ network, isUpsampler }: Described) => {
  const { num_classes: classes, num_heads_upsample: upHeads, num_head_channels: ofHead } = network;
  return {
    ...sharedFields(network),
    predicts: network.predict_xstart ? 'x0' : 'epsilon',
    ...(ofHead === -1 && upHeads !== -1 && { upHeads }),
    conditions: {
      ...(classes !== null && { label: { classes, required: true } }),
      ...(isUpsampler && { lowRes: { image: network.in_channels, required: true } }),
    },
  };
};

/**
 * Translates a configuration of guided-diffusion or improved-diffusion: the flags of their scripts (`image_size`,
 * `num_channels`, `attention_resolutions: '32,16,8'`, …), or the arguments of `UNetModel` (`model_channels`,
 * `attention_resolutions: [2, 4]`, factors of downsampling). Returns the configuration of `unet` and the names of the
 * weights. A class-conditional model has no label for "no class". If `diffusion_steps` is not 1000, `rescale_timesteps`
 * is required. Returns a `ConfigError` for an unknown field or value, and for a network that cannot be built.
 * @example
 * const result = unwrap(guidedDiffusionConfig({ image_size: 64, num_channels: 192, num_res_blocks: 3, class_cond: true }))
 * result.config.multipliers // → [1, 2, 3, 4]
 * const unknown = guidedDiffusionConfig({ image_size: 28 })
 * isLeft(unknown) && unknown.left.where // → 'guidedDiffusionConfig.channel_mult'
 */
export const guidedDiffusionConfig = <G = unknown>(
  flags: unknown,
  options?: Exact<G, keyof GuidedDiffusionOptions> & GuidedDiffusionOptions,
): either.Either<NoisefoldError, Translated<UNetArchitecture>> =>
  F.pipe(
    E.Do,
    E.bind('options', () => configOptions.decode(options)),
    E.bind('source', () => described(flags)),
    E.bind('variance', ({ source: { network } }) =>
      checkedOutputs('guidedDiffusionConfig', network.in_channels, network.out_channels),
    ),
    E.bind('times', ({ source: { network } }) => timeFields('guidedDiffusionConfig', network)),
    E.bind('config', ({ source, variance, times, options: { superResolution: isUpsampler = source.isUpsampler } }) =>
      unetArchitecture({ ...fieldsOf({ ...source, isUpsampler }), ...times, ...variance }),
    ),
    E.map(({ source, config }) => ({
      config,
      names: guidedDiffusion({ newAttentionOrder: source.network.use_new_attention_order }),
    })),
  );
