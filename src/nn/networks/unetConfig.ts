import type { NoisefoldError } from '../../dsl/index.js';
import { hinted, oneOf, positive } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type Filled, optional, type OptionsOf, record, schema } from '../../internal/schema.js';
import { noClass } from '../layers/fields.js';
import { heads } from '../layers/heads.js';
import { encoderFits, groupsFit, headsFit } from './encoderChecks.js';
import { type EncoderConfig, encoderFields, type ImageDimensions, joinedChannelsOf, present } from './encoderConfig.js';

const condition = record({
  /** The number of their channels. Their size is free: they are resized to that of the samples. */
  channels: hinted(positive, 'leave the condition out for a model without'),
  /** Takes the noise level of the condition as an input (Cascaded Diffusion, Ho et al. 2022); default false. */
  noiseLevel: optional(t.boolean),
});

/** The images that a U-Net is conditioned on. */
export interface UNetConditionConfig extends OptionsOf<typeof condition> {}

const optionsOfUNet = {
  /**
   * The blocks of the decoder with attention, at the resolutions of `attention`: `every` one (the default), or the
   * `last`.
   */
  upAttention: optional(oneOf('every', 'last'), 'every'),
  /** The attention heads in the decoder; default: `heads`. */
  upHeads: optional(heads),
  /** The number of classes of a class-conditional model. */
  classes: optional(hinted(positive, 'leave it out for a model without labels')),
  /**
   * The embedding of the label `classes`, which stands for no class: a `row` of the table (the default), `zero`, or
   * `never` for a model that requires a class.
   */
  noClass: optional(noClass, 'row'),
  /**
   * Adds the class embedding to the `output` of the time embedding (the default), or to its `input`, scaled and with a
   * bias, as in the DDPM++ network of EDM.
   */
  labelsAt: optional(oneOf('output', 'input'), 'output'),
  /** The length of the augmentation labels of EDM (Karras et al. 2022, appendix F.2), a further input; default: none. */
  augment: optional(hinted(positive, 'leave it out for a model without augmentation labels')),
  /** A conditioning image for each sample, appended to x_t as channels (SR3, Saharia et al. 2021); default: none. */
  condition: optional<UNetConditionConfig>(condition),
  /** The prediction of the network: the noise ε, the data x₀, v, the score, or the velocity of a flow; default `epsilon`. */
  predicts: optional(oneOf('epsilon', 'x0', 'v', 'score', 'velocity'), 'epsilon'),
  /**
   * Learns the variance of the reverse steps too, by doubling the output channels (Nichol & Dhariwal 2021): 'range'
   * interpolates between log β̃_t at −1 and log β_t at 1, 'logVariance' is log σ² itself; default: not learned.
   */
  learnedVariance: optional(oneOf('range', 'logVariance')),
};

/** The configuration of a U-Net. */
export interface UNetConfig<I extends ImageDimensions = ImageDimensions>
  extends EncoderConfig<I>, OptionsOf<typeof optionsOfUNet> {}

const options = /* @__PURE__ */ schema('unet', { ...encoderFields, ...optionsOfUNet })
  .rule(encoderFits)
  .rule((c) => {
    const channels = joinedChannelsOf(c).flat();
    return groupsFit(c.groups, `joined in the decoder ${channels.join(', ')}`, channels);
  })
  .rule((c) => (c.upHeads === undefined ? null : headsFit('upHeads', c.upHeads, c)));

/** A valid configuration with its defaults: plain JSON, for checkpoints. */
export type UNetArchitecture = Filled<typeof options.fields, UNetConfig>;

/**
 * Decodes a configuration from a checkpoint or a program, and adds the defaults. Returns a `ConfigError` that says what
 * to change for an invalid value, an unknown field, or a network that cannot be built.
 * @example
 * const architecture = unetArchitecture({ image: [28, 28, 1], base: 32, multipliers: [1, 2, 4, 4] })
 * isLeft(architecture) && architecture.left.hint // → 'use at most 3 multipliers, or pad the image to 32×32'
 */
export const unetArchitecture = (config: unknown): either.Either<NoisefoldError, UNetArchitecture> =>
  F.pipe(
    options.decode<UNetConfig>(config),
    E.map((c) => present(options.fields, c)),
  );
