/**
 * Networks in files: a built-in network is stored as its configuration, perhaps with its preconditioning, any other as its name and
 * its fields.
 */
import { type Model, preconditioned, type PreconditioningOptions } from '../diffusion/index.js';
import type { NoisefoldError } from '../dsl/index.js';
import { fail, failure } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { encoderClassifier, unet } from '../nn/index.js';
import { type AnyTrained, isClassifier, predictionOf } from './trained.js';
import type { ImageShape } from '../data/dataset.js';
import { difference } from './checkpoint.js';
import { aboutNoising } from './storedNoising.js';

/** A denoiser or a classifier that was trained. */
export type Network<P, I extends ImageShape> = AnyTrained<P, I>['model'];

/** The functions that decode a configuration and make a network of it, by their names in files. */
const builders: Readonly<Record<string, (config: never) => either.Either<NoisefoldError, object>>> = {
  unet,
  encoderClassifier,
};

/** Describes, for files, what sampling depends on: the prediction, the number of classes and the noising process. */
export const sampledConfig = <P, I extends ImageShape>({
  model,
  noising,
}: Pick<AnyTrained<P, I>, 'model' | 'noising'>) => ({
  predicts: predictionOf(model),
  classes: model.classes ?? null,
  noising: aboutNoising(noising),
});

/** The network of a description that was read from a file. */
const built = ({
  name,
  config,
  preconditioning,
}: AboutModel): either.Either<NoisefoldError, Network<never, ImageShape>> => {
  const build = Object.hasOwn(builders, name) ? builders[name] : undefined;
  const result =
    build === undefined
      ? fail('DecodeError', {
          where: 'name',
          expected: Object.keys(builders).join(' or '),
          actual: JSON.stringify(name),
          hint: 'load it with the version of noisefold that saved it, or a later one',
        })
      : build(config as never);
  const all =
    preconditioning === undefined
      ? result
      : E.flatMap((network: object) => preconditioned(network as never, preconditioning))(result);
  return all as ReturnType<typeof built>; // a denoiser or a classifier
};

/** The name of a model that was saved without one. Its file fits any name. */
export const CUSTOM = 'custom';

/** The description of a model in a file: the configuration of a built-in one, the fields of another. */
export interface AboutModel {
  readonly name: string;
  readonly config?: unknown;
  /** That of `preconditioned(network, …)`; it checks options of a file. */
  readonly preconditioning?: PreconditioningOptions;
}

/** The fields that a network may have. */
type Optional<P, I extends ImageShape> = Partial<Pick<Model<P, I>, 'classes' | 'timesteps' | 'condition' | 'learned'>>;

const fieldsOf = <P, I extends ImageShape>(model: Network<P, I>) => {
  const { classes, timesteps, condition, learned }: Optional<P, I> = model;
  return { predicts: predictionOf(model), classes, timesteps, condition, learnedVariance: learned?.as };
};

/** The configuration of a built-in network. */
type Parts = Pick<AboutModel, 'config' | 'preconditioning'>;

/** Tests if a function is the unchanged one that a builder made: it has the same parts. */
const isMadeOf = (f: object | undefined, { config, preconditioning }: Parts): boolean => {
  const own = f as Parts | undefined;
  return own === undefined || (own.config === config && own.preconditioning === preconditioning);
};

/** The builder and the configuration of a built-in network that was not changed; undefined for any other. */
const builtIn = <P, I extends ImageShape>(model: Network<P, I>): AboutModel | undefined => {
  const { config, preconditioning } = model as Parts;
  const { learned }: Optional<P, I> = model;
  const parts = { config, ...(preconditioning && { preconditioning }) };
  if (config === undefined || !isMadeOf(model.apply, parts) || !isMadeOf(learned?.apply, parts)) return undefined;
  const name = Object.keys(builders).find((builder) => {
    const result = built({ name: builder, ...parts });
    return (
      E.isRight(result) &&
      Object.keys(model).every((field) => field in result.right) &&
      difference('', fieldsOf(result.right), fieldsOf(model)) === undefined
    );
  });
  return name === undefined ? undefined : { name, ...parts };
};

/** Describes a network as a file stores it. */
export const aboutModel = <P, I extends ImageShape>(model: Network<P, I>, name: string): AboutModel =>
  builtIn(model) ?? { name, ...fieldsOf(model) };

/** The options of a loader for a network that is not built in. */
const withName = ({ name }: AboutModel): string =>
  name === CUSTOM ? '{ model }' : `{ model, name: ${JSON.stringify(name)} }`;

/**
 * The network of a file: the given one, whose description must equal the stored one, or the one of the stored
 * configuration. Returns a `CheckpointMismatch` at the first difference, and a `ConfigError` for a network that is
 * neither built in nor given.
 */
export const modelFrom = <P, I extends ImageShape>(
  path: string,
  about: AboutModel,
  network: Network<P, I> | undefined,
  name: string,
): either.Either<NoisefoldError, Network<P, I>> => {
  if (network !== undefined) {
    const expectedName = about.name === CUSTOM ? CUSTOM : name;
    const differing = difference('model', aboutModel(network, expectedName), about);
    if (differing === undefined) return E.right(network);
    const { path: field, expected, actual } = differing;
    const hint =
      field === 'model.name' && about.config === undefined && builtIn(network) === undefined
        ? `give the name that it was saved with: ${withName(about)}`
        : 'give the model that was saved';
    return fail('CheckpointMismatch', { where: `${path}: ${field}`, expected, actual, hint });
  }
  if (about.config === undefined)
    return fail('ConfigError', {
      where: `${path}: model`,
      expected: `the model ${JSON.stringify(about.name)}, of which the file has only the parameters`,
      actual: 'none',
      hint: `give it: ${withName(about)}`,
    });
  return E.bimap(
    (error: NoisefoldError) => failure('DecodeError', { ...error, where: `${path}: model.config, ${error.where}` }),
    (model) => model as unknown as Network<P, I>, // if no network is given, P and I are those of the builder
  )(built(about));
};

/**
 * Returns the network of a file if it is of the expected kind. Otherwise a `ConfigError` names the function that reads
 * the other kind.
 */
export const ofKind =
  (path: string, loader: 'loadTrained' | 'loadClassifier') =>
  <N extends object>(model: N): either.Either<NoisefoldError, N> => {
    const right = isClassifier(model) ? 'loadClassifier' : 'loadTrained';
    return right === loader
      ? E.right(model)
      : fail('ConfigError', {
          where: `${path}: model`,
          expected: loader === 'loadClassifier' ? 'a classifier' : 'a denoiser',
          actual: loader === 'loadClassifier' ? 'a denoiser' : 'a classifier',
          hint: `read it by ${right}`,
        });
  };
