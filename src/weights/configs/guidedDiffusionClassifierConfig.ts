/** Translates configurations of guided-diffusion's classifiers into ours. */
import { oneOf, positive } from '../../internal/decode.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type FilledOf, optional, schema } from '../../internal/schema.js';
import { classifierArchitecture, type ClassifierArchitecture } from '../../nn/networks/encoderClassifier.js';
import { guidedDiffusion } from '../names/guidedDiffusion.js';
import { sharedFields, timeFields } from './guidedDiffusionConfig.js';
import {
  argumentFields,
  CLASSES,
  factorsOf,
  hasArguments,
  heights,
  multipliersFor,
  noisingFields,
} from './guidedDiffusionFlags.js';
import type { Translated } from '../names/translated.js';

const WHERE = 'guidedDiffusionClassifierConfig';

const POOLS = {
  adaptive: 'adaptive',
  attention: 'attention',
  spatial: 'spatial',
  spatial_v2: 'normalizedSpatial',
} as const;

const pool = oneOf('adaptive', 'attention', 'spatial', 'spatial_v2');

const hint = 'give the flags of a script of guided-diffusion, or the arguments of its EncoderUNetModel';

const argumentOptions = schema(
  WHERE,
  { ...argumentFields, out_channels: positive, pool: optional(pool, 'adaptive') },
  hint,
);

const flagOptions = schema(
  WHERE,
  {
    ...noisingFields,
    image_size: optional(positive, 64),
    classifier_use_fp16: optional(t.boolean),
    classifier_width: optional(positive, 128),
    classifier_depth: optional(positive, 2),
    classifier_attention_resolutions: optional(heights, '32,16,8'),
    classifier_use_scale_shift_norm: optional(t.boolean, true),
    classifier_resblock_updown: optional(t.boolean, true),
    classifier_pool: optional(pool, 'attention'),
  },
  hint,
);

type Arguments = FilledOf<typeof argumentOptions>;

const fromFlags = (flags: FilledOf<typeof flagOptions>): either.Either<NoisefoldError, Arguments> => {
  const { image_size: size, diffusion_steps, rescale_timesteps } = flags;
  return F.pipe(
    multipliersFor(`${WHERE}.image_size`, size),
    E.flatMap((multipliers) =>
      argumentOptions.decode({
        diffusion_steps,
        rescale_timesteps,
        image_size: size,
        model_channels: flags.classifier_width,
        out_channels: CLASSES,
        num_res_blocks: flags.classifier_depth,
        attention_resolutions: factorsOf(flags.classifier_attention_resolutions, size),
        channel_mult: multipliers,
        num_head_channels: 64,
        use_scale_shift_norm: flags.classifier_use_scale_shift_norm,
        resblock_updown: flags.classifier_resblock_updown,
        pool: flags.classifier_pool,
      }),
    ),
  );
};

const described = (config: unknown): either.Either<NoisefoldError, Arguments> =>
  hasArguments(config) ? argumentOptions.decode(config) : F.pipe(flagOptions.decode(config), E.flatMap(fromFlags));

/**
 * Translates the configuration of a noisy classifier of guided-diffusion: the flags of its scripts (`classifier_width`,
 * …), or the arguments of `EncoderUNetModel` (`model_channels`, …). Returns the configuration of `encoderClassifier`
 * and the names of the weights, or a `ConfigError` for an unknown field or value and for a network that cannot be
 * built.
 * @example
 * const result = unwrap(guidedDiffusionClassifierConfig({ image_size: 64, classifier_depth: 4 }))
 * result.config.classes // → 1000
 * result.config.pool // → 'attention'
 */
export const guidedDiffusionClassifierConfig = (
  flags: unknown,
): either.Either<NoisefoldError, Translated<ClassifierArchitecture>> =>
  F.pipe(
    E.Do,
    E.bind('network', () => described(flags)),
    E.bind('times', ({ network }) => timeFields(WHERE, network)),
    E.bind('config', ({ times, network }) =>
      classifierArchitecture({
        ...sharedFields(network),
        ...times,
        classes: network.out_channels,
        pool: POOLS[network.pool],
      }),
    ),
    E.map(({ network, config }) => ({
      config,
      names: guidedDiffusion({ newAttentionOrder: network.use_new_attention_order }),
    })),
  );
