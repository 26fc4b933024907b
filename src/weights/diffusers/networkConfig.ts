/**
 * Networks in `unet/config.json`: as diffusers describes them, and in files written by noisefold also as noisefold
 * does.
 */
import { conditionDropout, type ConditionDropout } from '../../conditions/dropout.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { errorAt } from '../../formats/safetensors/words.js';
import { decode, rate } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { unetArchitecture, type UNetArchitecture } from '../../nn/index.js';
import { diffusersConfig, type DiffusersOptions } from '../configs/diffusersConfig.js';
import { diffusersConfigOf } from '../configs/diffusersConfigOf.js';
import { publicFields } from '../names/publicFields.js';
import { difference } from '../../checkpoints/checkpoint.js';
import type { JsonRecord } from '../pythonJson.js';

/** A network of a folder. */
export interface AboutNetwork {
  readonly architecture: UNetArchitecture;
  readonly conditionDropout?: ConditionDropout;
}

/** A private field, which diffusers ignores. It holds the fields that a `UNet2DModel` lacks. */
const OWN = '_noisefold';

/** `labelDropout` is the dropout in files from before conditions had names. */
const own = t.intersection([t.type({ config: t.unknown }), t.partial({ conditionDropout, labelDropout: rate })]);

/**
 * The `config.json` of a network. Returns a `ConfigError` for a network that cannot be expressed as a `UNet2DModel`.
 */
export const networkConfig = ({ architecture, ...others }: AboutNetwork): either.Either<NoisefoldError, JsonRecord> =>
  E.map((fields: JsonRecord) => ({ ...fields, [OWN]: { config: architecture, ...others } }))(
    diffusersConfigOf(architecture),
  );

/** The network that noisefold described, unless the fields of diffusers were changed since. */
const ownDescription = (config: JsonRecord, options: DiffusersOptions): AboutNetwork | undefined => {
  const described = F.pipe(
    E.Do,
    E.bind('about', () =>
      E.mapLeft(errorAt('DecodeError', OWN, 'load it as diffusers does'))(decode(own)(config[OWN])),
    ),
    E.bind('architecture', ({ about }) => unetArchitecture(about.config)),
    E.bind('fields', ({ architecture }) => diffusersConfigOf(architecture)),
  );
  if (E.isLeft(described)) return undefined;
  const { about, architecture, fields } = described.right;
  const dropout = about.conditionDropout ?? about.labelDropout;
  const isSame =
    difference('', publicFields(fields), publicFields(config)) === undefined &&
    architecture.predicts === options.predicts &&
    architecture.timesteps === options.timesteps;
  return isSame ? { architecture, ...(dropout !== undefined && { conditionDropout: dropout }) } : undefined;
};

/** Reads the network of a `config.json`. Returns a `ConfigError` for one that noisefold lacks. */
export const architectureIn = (
  config: JsonRecord,
  options: DiffusersOptions,
): either.Either<NoisefoldError, AboutNetwork> => {
  const described = ownDescription(config, options);
  if (described !== undefined) return E.right(described);
  return E.map(({ config: architecture }: { readonly config: UNetArchitecture }) => ({ architecture }))(
    diffusersConfig(config, options),
  );
};
