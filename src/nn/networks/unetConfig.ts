/** The configuration of a U-Net. */
import type { NoisefoldError } from '../../dsl/index.js';
import { exactly, natural, oneOf } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optionsOf } from '../../internal/options.js';
import type { NoClass } from '../layers/embedding.js';
import type { Heads } from '../layers/heads.js';
import {
  type Check,
  checkedBy,
  fieldChecks,
  groupsCheck,
  headsCheck,
  isWhole,
  levelChecks,
  sharingCheck,
  wrongIn,
} from './encoderChecks.js';
import {
  type EncoderConfig,
  encoderDefaults,
  encoderOptional,
  encoderRequired,
  headsCodec,
  type ImageDimensions,
  joinedChannelsOf,
  withDefaults,
} from './encoderConfig.js';

/** The images that a U-Net is conditioned on. */
export interface UNetConditionConfig {
  /** The number of their channels. Their size is free: they are resized to that of the samples. */
  readonly channels: number;
  /** Takes the noise level of the condition as an input (Cascaded Diffusion, Ho et al. 2022); default false. */
  readonly noiseLevel?: boolean;
}

/** The configuration of a U-Net. */
export interface UNetConfig<I extends ImageDimensions = ImageDimensions> extends EncoderConfig<I> {
  /**
   * The blocks of the decoder with attention, at the resolutions of `attention`: `every` one (the default), or the
   * `last`.
   */
  readonly upAttention?: 'every' | 'last';
  /** The attention heads in the decoder; default: `heads`. */
  readonly upHeads?: Heads;
  /** The number of classes of a class-conditional model. */
  readonly classes?: number;
  /**
   * The embedding of the label `classes`, which stands for no class: a `row` of the table (the default), `zero`, or
   * `never` for a model that requires a class.
   */
  readonly noClass?: NoClass;
  /**
   * Adds the class embedding to the `output` of the time embedding (the default), or to its `input`, scaled and with a
   * bias, as in the DDPM++ network of EDM.
   */
  readonly labelsAt?: 'output' | 'input';
  /** The length of the augmentation labels of EDM (Karras et al. 2022, appendix F.2), a further input; default: none. */
  readonly augment?: number;
  /** A conditioning image for each sample, appended to x_t as channels (SR3, Saharia et al. 2021); default: none. */
  readonly condition?: UNetConditionConfig;
  /** The prediction of the network: the noise ε, the data x₀, the velocity v or the score; default `epsilon`. */
  readonly predicts?: 'epsilon' | 'x0' | 'v' | 'score';
  /**
   * Learns the variance of the reverse steps too, by doubling the output channels (Nichol & Dhariwal 2021): 'range'
   * interpolates between log β̃_t at −1 and log β_t at 1, 'logVariance' is log σ² itself; default: not learned.
   */
  readonly learnedVariance?: 'range' | 'logVariance';
}

const defaults = {
  ...encoderDefaults,
  upAttention: 'every',
  noClass: 'row',
  labelsAt: 'output',
  predicts: 'epsilon',
} satisfies Partial<UNetConfig>;

/** A valid configuration with its defaults: plain JSON, for checkpoints. */
export type UNetArchitecture = UNetConfig & Required<Pick<UNetConfig, keyof typeof defaults>>;

const decoded = optionsOf<UNetConfig>({
  where: 'unet',
  hint: 'see UNetConfig for the fields and what they take',
  options: exactly(encoderRequired, {
    ...encoderOptional,
    upAttention: oneOf('every', 'last'),
    upHeads: headsCodec,
    classes: natural,
    noClass: oneOf('row', 'zero', 'never'),
    labelsAt: oneOf('output', 'input'),
    augment: natural,
    condition: exactly({ channels: natural }, { noiseLevel: t.boolean }),
    predicts: t.keyof({ epsilon: null, x0: null, v: null, score: null }, "'epsilon', 'x0', 'v' or 'score'"),
    learnedVariance: t.keyof({ range: null, logVariance: null }, "'range' or 'logVariance'"),
  }),
});

const wrong = wrongIn('unet');

/** Checks each field. */
const ofFields = (c: UNetArchitecture): readonly Check[] => [
  ...fieldChecks('unet', c),
  c.upHeads !== undefined && headsCheck('unet', 'upHeads', c.upHeads),
  c.condition?.channels === 0 &&
    wrong('condition.channels', 'at least one channel', 0, 'leave the condition out for a model without'),
  c.classes === 0 && wrong('classes', 'at least one class', c.classes, 'leave it out for a model without labels'),
  c.augment !== undefined &&
    !isWhole(c.augment) &&
    wrong('augment', 'at least one number', c.augment, 'leave it out for a model without augmentation labels'),
];

/** Checks that the groups divide the joined channels of the decoder. */
const joinedCheck = (c: UNetArchitecture): Check => {
  const joined = [...joinedChannelsOf(c)].reverse().flat();
  return groupsCheck('unet', c.groups, `joined in the decoder ${joined.join(', ')}`, joined);
};

/** Checks the fields together, once each is valid. */
const ofLevels = (c: UNetArchitecture): readonly Check[] => [
  ...levelChecks('unet', c),
  joinedCheck(c),
  c.upHeads !== undefined && sharingCheck('unet', 'upHeads', c.upHeads, c),
];

/**
 * Decodes a configuration from a checkpoint or a program, and adds the defaults. Returns a `ConfigError` that says what
 * to change for an invalid value, an unknown field, or a network that cannot be built.
 * @example
 * const architecture = unetArchitecture({ image: [28, 28, 1], base: 32, multipliers: [1, 2, 4, 4] })
 * isLeft(architecture) && architecture.left.hint // → 'use at most 3 multipliers, or pad the image to 32×32'
 */
export const unetArchitecture = (config: unknown): either.Either<NoisefoldError, UNetArchitecture> =>
  F.pipe(
    decoded(config),
    E.map((given) => withDefaults(defaults, given)),
    E.flatMap((c) => checkedBy<UNetArchitecture>(c, ofFields, ofLevels)),
  );
