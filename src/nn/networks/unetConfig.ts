import type { NoisefoldError } from '../../dsl/index.js';
import {
  type ConditionConfig,
  type Conditions,
  type ConditionsConfig,
  conditionsType,
} from '../../conditions/conditions.js';
import { oneOf } from '../../internal/decode.js';
import { E, type either, F } from '../../internal/fp.js';
import { isObject } from '../../internal/parts.js';
import { type Filled, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { heads } from '../layers/heads.js';
import { encoderFits, groupsFit, headsFit } from './encoderChecks.js';
import { type EncoderConfig, encoderFields, type ImageDimensions, joinedChannelsOf, present } from './encoderConfig.js';

const optionsOfUNet = {
  /**
   * The blocks of the decoder with attention, at the resolutions of `attention`: `every` one (the default), or the
   * `last`.
   */
  upAttention: optional(oneOf('every', 'last'), 'every'),
  /** The attention heads in the decoder; default: `heads`. */
  upHeads: optional(heads),
  /**
   * The conditions of the network, by name, such as `{ label: 10 }`; default: none. The embeddings of classes and vectors are
   * added to the embedding of the time. Blocks with attention attend to tokens (Rombach et al. 2022). Images are appended to
   * x_t as channels (SR3, Saharia et al. 2021).
   */
  conditions: optional<ConditionsConfig>(conditionsType),
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
  .rule((c) => (c.upHeads === undefined ? null : headsFit('upHeads', c.upHeads, c)))
  .rule(({ conditions = {}, attention, middle }) => {
    const names = Object.keys(conditions).filter((name) => Object(conditions[name]).tokens !== undefined);
    const attends = attention.length > 0 || middle !== 'residual';
    return names.length < 2 && (names.length === 0 || attends)
      ? null
      : {
          field: 'conditions',
          expected: attends ? 'at most one condition of tokens' : 'a network with attention, for tokens',
          actual: attends ? names.join(', ') : 'a network of residual blocks',
          hint: attends
            ? 'join the tokens of both'
            : "give `attention`, the resolutions that attend to tokens, or middle: 'attention'",
        };
  })
  .rule(({ conditions = {} }) => {
    const levels = Object.entries(conditions).flatMap(([name, spec]) => (hasLevel(spec) ? [`${name}Time`] : []));
    const parts = [...PARTS, ...levels];
    const taken = parts.find((name) => Object.hasOwn(conditions, name));
    return taken === undefined
      ? null
      : {
          field: 'conditions',
          expected: `a name other than ${parts.join(', ')}, which are parts of the network`,
          actual: taken,
          hint: 'rename the condition',
        };
  });

/** True for an image with a noise level, whose embedding is a part of its own. */
const hasLevel = (spec: ConditionConfig): boolean => isObject(spec) && 'noiseLevel' in spec && spec.noiseLevel === true;

/** The parts of a U-Net beside those of its conditions. */
const PARTS = ['time', 'input', 'levels', 'middle', 'norm', 'output'];

/** A valid configuration with its defaults: plain JSON, for checkpoints. */
export type UNetArchitecture = Omit<Filled<typeof options.fields, UNetConfig>, 'conditions'> & {
  /** The conditions of the network, by name; absent if it has none. */
  readonly conditions?: Conditions;
};

/**
 * Decodes a configuration from a checkpoint or a program, and adds the defaults. Returns a `ConfigError` that says what
 * to change for an invalid value, an unknown field, or a network that cannot be built.
 * @example
 * const architecture = unetArchitecture({ image: [28, 28, 1], base: 32, multipliers: [1, 2, 4, 4] })
 * isLeft(architecture) && architecture.left.hint // → 'use at most 3 multipliers, or pad the image to 32×32'
 */
export const unetArchitecture = (config: unknown): either.Either<NoisefoldError, UNetArchitecture> =>
  F.pipe(
    options.decode<UNetConfig>(withConditions(config)),
    E.map(({ conditions = {}, ...c }) => {
      const all = Object.keys(conditions).length > 0 ? { ...c, conditions } : c; // no conditions are the default
      return present(options.fields, all) as UNetArchitecture; // decoded conditions are specifications
    }),
  );

/** The fields that stood for conditions before these had names, in the files of that time. */
const FORMER = ['classes', 'noClass', 'labelsAt', 'augment', 'condition'];

/** A configuration in which such fields are conditions. One that has `conditions` remains as it is. */
const withConditions = (config: unknown): unknown => {
  if (!isObject(config) || 'conditions' in config || !FORMER.some((name) => name in config)) return config;
  const { classes, noClass, labelsAt, augment, condition, ...rest } = config as Readonly<Record<string, unknown>>;
  const label = {
    classes,
    ...(noClass === 'zero' && { nothing: noClass }),
    ...(noClass === 'never' && { required: true }),
    ...(labelsAt === 'input' && { at: labelsAt }),
  };
  const { channels: image, ...about } = (isObject(condition) ? condition : {}) as Readonly<Record<string, unknown>>;
  const conditions = {
    ...(classes !== undefined && { label }),
    ...(augment !== undefined && { augment: { vector: augment, at: 'input' } }),
    ...(condition !== undefined && { condition: { image, ...about, required: true } }),
  };
  return { ...rest, ...(Object.keys(conditions).length > 0 && { conditions }) };
};
