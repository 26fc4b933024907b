/**
 * Networks in files. A file stores the configuration of a built-in network, with its preconditioning if there is one, or
 * the name and the fields of any other network.
 */
import { type ClassifierModel, type Model, preconditioned, type PreconditioningOptions } from '../diffusion/index.js';
import type { NoisefoldError } from '../dsl/index.js';
import { fail, failure } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import { encoderClassifier, unet } from '../nn/index.js';
import { type AnyTrained, conditionsOf, isClassifier, predictionOf } from './trained.js';
import type { ImageShape } from '../data/dataset.js';
import { difference } from './checkpoint.js';
import { aboutNoising } from './storedNoising.js';

/** A denoiser or a classifier that was trained. */
export type Network<P, I extends ImageShape> = AnyTrained<P, I>['model'];

/** The functions that decode a configuration and build its network, by their names in files. */
const builders: Readonly<Record<string, (config: never) => either.Either<NoisefoldError, object>>> = {
  unet,
  encoderClassifier,
};

/** Describes, for files, what sampling depends on: the prediction, the conditions and the noising process. */
export const sampledConfig = <P, I extends ImageShape>({
  model,
  noising,
}: Pick<AnyTrained<P, I>, 'model' | 'noising'>) => ({
  predicts: predictionOf(model),
  conditions: conditionsOf(model),
  noising: aboutNoising(noising),
});

/** Builds the network that a file describes. */
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

/** The stored name of a model that was saved without a name. A loader accepts such a file with any name. */
export const CUSTOM = 'custom';

/** The description of a model in a file: the configuration of a built-in model, the fields of any other. */
export interface AboutModel {
  readonly name: string;
  readonly config?: unknown;
  /** The options of `preconditioned(network, …)`, which checks them. */
  readonly preconditioning?: PreconditioningOptions;
}

/** The fields that a network may have. */
type Optional<P, I extends ImageShape> = Partial<
  Pick<Model<P, I>, 'conditions' | 'timesteps' | 'learned'> & Pick<ClassifierModel<P, I>, 'classes'>
>;

const fieldsOf = <P, I extends ImageShape>(model: Network<P, I>) => {
  const { conditions, classes, timesteps, learned }: Optional<P, I> = model;
  return { predicts: predictionOf(model), conditions, classes, timesteps, learnedVariance: learned?.as };
};

/** The configuration of a built-in network. */
type Parts = Pick<AboutModel, 'config' | 'preconditioning'>;

/** Tests if a function is the one that a builder made: it carries the same parts. */
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

/** The description in a file, in today's form: files from before conditions had names have other fields. */
const today = <P, I extends ImageShape>(about: AboutModel, model: Network<P, I>): AboutModel => {
  if (about.config !== undefined) {
    const network = built(about);
    return E.isRight(network) ? { ...about, config: (network.right as unknown as Parts).config } : about;
  }
  const { classes, ...rest } = about as AboutModel & { readonly classes?: number };
  const { conditions }: Optional<P, I> = model;
  const label = conditions?.['label'];
  const isSame = label !== undefined && 'classes' in label && label.classes === classes;
  return isSame && !('conditions' in about) ? ({ ...rest, conditions } as AboutModel) : about;
};

/** The options of a loader for a network that is not built in. */
const withName = ({ name }: AboutModel): string =>
  name === CUSTOM ? '{ model }' : `{ model, name: ${JSON.stringify(name)} }`;

/**
 * The network of a file. If the caller gives a network, its description must equal the stored description; otherwise
 * builds the network from the stored configuration. Returns a `CheckpointMismatch` at the first difference, and a
 * `ConfigError` if the network is not built in and the caller gives none.
 */
export const modelFrom = <P, I extends ImageShape>(
  path: string,
  about: AboutModel,
  network: Network<P, I> | undefined,
  name: string,
): either.Either<NoisefoldError, Network<P, I>> => {
  if (network !== undefined) {
    const expectedName = about.name === CUSTOM ? CUSTOM : name;
    const differing = difference('model', aboutModel(network, expectedName), today(about, network));
    if (differing === undefined) return E.right(network);
    const { path: field, expected, actual } = differing;
    const hint =
      field === 'model.name' && about.config === undefined && builtIn(network) === undefined
        ? `give the name in the file: ${withName(about)}`
        : 'give the model that was saved';
    return fail('CheckpointMismatch', { where: `${path}: ${field}`, expected, actual, hint });
  }
  if (about.config === undefined)
    return fail('ConfigError', {
      where: `${path}: model`,
      expected: `the model ${JSON.stringify(about.name)}, of which the file has only the parameters`,
      actual: 'none',
      hint: `give the model: ${withName(about)}`,
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
