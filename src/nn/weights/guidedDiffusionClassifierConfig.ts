/** Translates configurations of guided-diffusion's classifiers into ours. */
import { exactly, positive, oneOf } from '../../internal/decode.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optionsOf } from '../../internal/options.js';
import { classifierArchitecture, type ClassifierArchitecture } from '../networks/encoderClassifier.js';
import { guidedDiffusion } from './guidedDiffusion.js';
import { sharedFields, timeFields } from './guidedDiffusionConfig.js';
import {
  CLASSES,
  DEFAULTS,
  factorsOf,
  hasArguments,
  heights,
  multipliersFor,
  type NetworkArguments,
  optionalArguments,
  processFields,
  type ProcessFlags,
  requiredArguments,
} from './guidedDiffusionFlags.js';
import type { Translated } from './translated.js';

const WHERE = 'guidedDiffusionClassifierConfig';

const POOLS = {
  adaptive: 'adaptive',
  attention: 'attention',
  spatial: 'spatial',
  spatial_v2: 'normalizedSpatial',
} as const;

const pool = oneOf('adaptive', 'attention', 'spatial', 'spatial_v2');

const argumentCodec = exactly(
  { ...requiredArguments, out_channels: positive },
  { ...optionalArguments, ...processFields, pool },
);

const flagCodec = exactly(
  {},
  {
    ...processFields,
    image_size: positive,
    classifier_use_fp16: t.boolean,
    classifier_width: positive,
    classifier_depth: positive,
    classifier_attention_resolutions: heights,
    classifier_use_scale_shift_norm: t.boolean,
    classifier_resblock_updown: t.boolean,
    classifier_pool: pool,
  },
);

interface Described {
  readonly network: NetworkArguments;
  readonly process: ProcessFlags;
  readonly pool: keyof typeof POOLS;
}

const fromFlags = (flags: t.TypeOf<typeof flagCodec>): either.Either<NoisefoldError, Described> => {
  const { image_size: size = 64, classifier_pool: ofFlags = 'attention' } = flags;
  return E.map((multipliers: readonly number[]) => ({
    network: {
      ...DEFAULTS,
      image_size: size,
      model_channels: flags.classifier_width ?? 128,
      out_channels: CLASSES,
      num_res_blocks: flags.classifier_depth ?? 2,
      attention_resolutions: factorsOf(flags.classifier_attention_resolutions ?? '32,16,8', size),
      channel_mult: multipliers,
      num_head_channels: 64,
      use_scale_shift_norm: flags.classifier_use_scale_shift_norm ?? true,
      resblock_updown: flags.classifier_resblock_updown ?? true,
    },
    process: flags,
    pool: ofFlags,
  }))(multipliersFor(`${WHERE}.image_size`, size));
};

const fromArguments = ({ pool: given = 'adaptive', ...known }: t.TypeOf<typeof argumentCodec>): Described => ({
  network: { ...DEFAULTS, ...known },
  process: known,
  pool: given,
});

const hint = 'give the flags of a script of guided-diffusion, or the arguments of its EncoderUNetModel';

const described = (given: unknown): either.Either<NoisefoldError, Described> =>
  hasArguments(given)
    ? F.pipe(given, optionsOf({ where: WHERE, options: argumentCodec, hint }), E.map(fromArguments))
    : F.pipe(given, optionsOf({ where: WHERE, options: flagCodec, hint }), E.flatMap(fromFlags));

/**
 * Translates the configuration of a noisy classifier of guided-diffusion: the flags of its scripts (`classifier_width`,
 * …), or the arguments of `EncoderUNetModel` (`model_channels`, …). Returns the configuration of `encoderClassifier`
 * and the names of the weights, or a `ConfigError` for an unknown field or value and for a network that cannot be
 * built.
 * @example
 * const made = unwrap(guidedDiffusionClassifierConfig({ image_size: 64, classifier_depth: 4 }))
 * made.config.classes // → 1000
 * made.config.pool // → 'attention'
 */
export const guidedDiffusionClassifierConfig = (
  flags: unknown,
): either.Either<NoisefoldError, Translated<ClassifierArchitecture>> =>
  F.pipe(
    E.Do,
    E.bind('found', () => described(flags)),
    E.bind('times', ({ found: { process } }) => timeFields(WHERE, process)),
    E.bind('config', ({ times, found: { network, pool: given } }) =>
      classifierArchitecture({
        ...sharedFields(network),
        ...times,
        classes: network.out_channels,
        pool: POOLS[given],
      }),
    ),
    E.map(({ found, config }) => ({
      config,
      names: guidedDiffusion({ newAttentionOrder: found.network.use_new_attention_order }),
    })),
  );
