/** Models in files: a U-Net as its configuration, any other as its name and its fields. */
import type { Model } from '../../diffusion/index.js';
import { fail, failure, type NoisefoldError } from '../../dsl/index.js';
import { E, type either } from '../../internal/fp.js';
import { unet, type UNetParams } from '../../nn/index.js';
import type { ImageShape } from '../data/dataset.js';
import { difference } from './checkpoint.js';

/** A model that is trained. */
type Sampled<P, I extends ImageShape> = Omit<Model<P, I>, 'init'>;

/** The name of a model that was saved without one. */
export const CUSTOM = 'custom';

/** The description of a model in a file: the configuration of a built-in one, the fields of another. */
export interface AboutModel {
  readonly name: string;
  readonly config?: unknown;
}

const fieldsOf = <P, I extends ImageShape>(model: Sampled<P, I>) => {
  const { predicts, classes, timesteps, condition, learned } = model;
  return { predicts, classes, timesteps, condition, learnedVariance: learned?.as };
};

/** Tests if a function is one that `unet` made of a configuration, unchanged. */
const isMadeOf = (f: object | undefined, config: unknown): boolean =>
  f === undefined || ('config' in f && f.config === config);

/** The configuration of a model that `unet` made and nobody changed; undefined for any other. */
const configOf = <P, I extends ImageShape>(model: Sampled<P, I>): unknown => {
  const { config } = model as { readonly config?: unknown };
  if (config === undefined || !isMadeOf(model.apply, config) || !isMadeOf(model.learned?.apply, config))
    return undefined;
  const made = unet(config as Parameters<typeof unet>[0]); // it decodes what it gets
  const isSame =
    E.isRight(made) &&
    Object.keys(model).every((field) => field in made.right) &&
    difference('', fieldsOf(made.right as Sampled<UNetParams, ImageShape>), fieldsOf(model)) === undefined;
  return isSame ? config : undefined;
};

/** Says of a model what a file keeps of it. */
export const aboutModel = <P, I extends ImageShape>(model: Sampled<P, I>, name: string): AboutModel => {
  const config = configOf(model);
  return config === undefined ? { name, ...fieldsOf(model) } : { name: 'unet', config };
};

/**
 * The model of a file: the one that is given, which must say the same of itself, or the U-Net of the stored
 * configuration. `CheckpointMismatch` at the first difference; `ConfigError` for a model that is not built in and not
 * given.
 */
export const modelFrom = <P, I extends ImageShape>(
  path: string,
  stored: AboutModel,
  given: Sampled<P, I> | undefined,
  name: string,
): either.Either<NoisefoldError, Sampled<P, I>> => {
  if (given !== undefined) {
    const differing = difference('model', aboutModel(given, name), stored);
    if (differing === undefined) return E.right(given);
    const { path: field, expected, actual } = differing;
    const hint = 'give the model that was saved, and its name if it was saved with one';
    return fail('CheckpointMismatch', { where: `${path}: ${field}`, expected, actual, hint });
  }
  if (stored.config === undefined)
    return fail('ConfigError', {
      where: `${path}: model`,
      expected: `the model ${JSON.stringify(stored.name)}, of which the file has the parameters alone`,
      actual: 'none',
      hint: 'give it: loadTrained(path, { model })',
    });
  const made = unet(stored.config as Parameters<typeof unet>[0]); // it decodes what it gets
  return E.bimap(
    (error: NoisefoldError) => failure('DecodeError', { ...error, where: `${path}: model.config, ${error.where}` }),
    (model) => model as unknown as Sampled<P, I>, // P and I are those of a U-Net where no model is given
  )(made);
};
