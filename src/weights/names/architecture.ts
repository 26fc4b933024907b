/** The part of a configuration that determines the names of parameters. */
import { natural, oneOf } from '../../internal/decode.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { type either, t } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import type { NamedModel } from './table.js';

const heads = t.union([t.number, t.type({ channels: t.number })]);

const pool = oneOf('adaptive', 'attention', 'spatial', 'normalizedSpatial');

const parts = [
  t.type({ image: t.array(natural), multipliers: t.array(t.number), blocks: natural, heads }),
  t.partial({
    upHeads: heads,
    pool,
    adaptiveGroupNorm: t.boolean,
    filter: oneOf('box', 'binomial'),
  }),
] as const;
const codec = t.intersection([...parts], 'the configuration of a U-Net or a classifier');

/** The fields of a U-Net or classifier that its names depend on. */
export type NamedArchitecture = t.TypeOf<typeof codec>;

/** Reads the architecture of a model. `ConfigError` for a model without one. */
export const architectureOf = (
  where: string,
  { config }: NamedModel,
): either.Either<NoisefoldError, NamedArchitecture> =>
  argument(
    `${where}: config`,
    codec,
    'give a model that unet or encoderClassifier made, or a table of your own as `names`',
  ).decode(config);

/** The levels, from full resolution to the bottleneck, by index. */
export const levelIndices = (multipliers: readonly number[]): readonly number[] => multipliers.map((_, level) => level);
