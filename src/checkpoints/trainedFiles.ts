/** Trained networks as files, for sampling: the averaged parameters, the process and the configuration. */
import { classNames } from '../conditions/conditions.js';
import { conditionDropout } from '../conditions/dropout.js';
import type { Effect, Task } from '../dsl/run/effect.js';
import type { ClassifierModel, Model, Noising } from '../diffusion/index.js';
import { followsFromTables, type NoisingTables } from '../diffusion/paths/noisingTables.js';
import { floatStorage } from '../dsl/types/storage.js';
import { type Backend, type FloatStorage, release, type Resident, treeSpec } from '../dsl/index.js';
import { fail, type NoisefoldError, raise } from '../internal/errors.js';
import type { StoredTensor } from '../formats/safetensors/safetensors.js';
import type { Exact } from '../internal/exact.js';
import type { Itself } from '../internal/itself.js';
import { decode, exactTuple, oneOf, positive, rate } from '../internal/decode.js';
import { E, type either, t } from '../internal/fp.js';
import { gen, keep, take } from '../internal/gen.js';
import type { ClassifierParams, UNetParams } from '../nn/index.js';
import { part } from '../internal/parts.js';
import { argument, optional, type OptionsOf, record, schema } from '../internal/schema.js';
import { type AnyTrained, checkedNetwork, noisingPart, type Trained, type TrainedClassifier } from './trained.js';
import { extentsFor, type ImageShape, namesPart } from '../data/dataset.js';
import { genEffect } from '../dsl/run/genEffect.js';
import { aboutModel, CUSTOM, modelFrom, type Network, ofKind, sampledConfig } from './storedModel.js';
import { CHECKPOINT, difference, words as checkpointWords } from './checkpoint.js';
import { quantized, restoring } from './quantized.js';
import { rounded } from './rounded.js';
import { matching, readTensors } from './snapshot.js';
import { uploadStored } from './uploadStored.js';
import { errorAt, wordsOf } from '../formats/safetensors/words.js';
import {
  type AboutPath,
  aboutPath,
  noisingFrom,
  noisingSpec,
  noisingTensors,
  pathFrom,
  storedTables,
} from './storedNoising.js';
import { isDiscrete } from '../diffusion/paths/noising.js';
import { type OpenTensors, tensorsIn, withTensors, writeTensors } from '../node/tensorStream.js';

const saving = schema('saveTrained', {
  /**
   * The dtype of the parameters in the file; by default 'float32'. 'float16' halves the file. 'int8' makes the file 3.2 to
   * 3.9 times smaller (larger networks gain more): matrices and kernels have 8 bits, and a scale for each output channel.
   * The error of a weight is at most 1/254 of the largest weight of its channel.
   */
  dtype: optional(oneOf('float32', 'float16', 'int8'), 'float32'),
  /** The name of a model that is not built in; by default 'custom'. Loaders accept a file named 'custom' with any name. */
  name: optional(t.string, CUSTOM),
});

/** Options of {@link saveTrained}. */
export interface TrainedFileOptions extends OptionsOf<typeof saving> {}

/** The parts of a trained network that a file may lack. */
interface GivenNetwork<N> {
  /** The network; required if it is not built in, and for a checkpoint. */
  readonly model?: N;
  /** The name in the file; by default 'custom'. A file that was saved without a name is accepted with any name. */
  readonly name?: string;
  /** The process; required if it was made by hand, and for a checkpoint. */
  readonly noising?: Noising;
  /** The storage of the parameters on the backend: 'float16' and 'bfloat16' halve their memory. Default: 'float32'. */
  readonly storage?: FloatStorage;
}

/** The parts of a trained model that the file of {@link loadTrained} does not have. */
export interface GivenTrained<P, I extends ImageShape> extends GivenNetwork<Omit<Model<P, I>, 'init'>> {}

/** The parts of a trained classifier that the file of {@link loadClassifier} does not have. */
export interface GivenClassifier<Q, I extends ImageShape> extends GivenNetwork<Omit<ClassifierModel<Q, I>, 'init'>> {}

const sourceCodec = t.union([t.string, part('bytes', 'subarray')], 'the path of a file, or its bytes as a Uint8Array');
const extents = exactTuple([positive, positive, positive], '[height, width, channels]');

const kinds = t.keyof({ tables: null, custom: null, path: null });

/** Fields of files from before conditions had names. */
const BEFORE_CONDITIONS = { labelDropout: optional(rate), classes: optional(classNames) };

/** A trained model without its tensors, in a file. */
const words = wordsOf({
  format: 'noisefold-trained-1', // raise the number when the meaning of a field changes
  fields: {
    model: t.intersection([t.type({ name: t.string }), t.UnknownRecord]),
    image: extents,
    noising: kinds,
    path: optional(record({ name: t.string, options: t.record(t.string, t.number), levels: t.number })),
    conditionDropout: optional(conditionDropout),
    estimatesEnd: optional(t.boolean),
    names: optional(namesPart),
    ...BEFORE_CONDITIONS,
  },
  texts: { noising: kinds },
  hints: {
    write: 'give the result of fit or loadTrained',
    read: 'give a file that saveTrained wrote, or a checkpoint',
  },
});

/**
 * Writes a trained model as a safetensors file, for {@link loadTrained}, or a trained classifier, for
 * {@link loadClassifier}. The file holds the averaged parameters by path, as float32, float16 or int8, and the tables of
 * the process. The header holds the configuration of a built-in network or the name of any other, the extents of an image,
 * and the names of the classes if there are any. Fails with `ConfigError` for a number that is not finite or too large for
 * float16, with `CheckpointMismatch` for parameters that do not match the model, and with `FileError`. After an error the
 * older file stays.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-trained.safetensors`
 * const model = unwrap(unet({ image: [8, 8, 1], base: 8, multipliers: [1], predicts: 'v' }))
 * const nf = await open(wasm())
 * const { run } = await nf.run(compile(program('key', model.init), {}))
 * const parts = { model, noising: unwrap(ddpm(cosine(1000))), image: [8, 8, 1] } as const
 * await nf.run(saveTrained(path, { ...parts, params: await nf.run(run(key(7))) }, { dtype: 'float16' }))
 * const trained = await nf.run(loadTrained(path))
 * const { shape } = await nf.run(sample(trained, { solver: ddim(), grid: 2, count: 2, key: key(8) }))
 * shape // → [2, 8, 8, 1]
 * await nf.close()
 */
export const saveTrained = <P, I extends ImageShape, G = unknown>(
  path: string,
  trained: Itself<AnyTrained<P, I>>,
  options?: Exact<G, keyof TrainedFileOptions> & TrainedFileOptions,
): Effect<void> =>
  genEffect('saveTrained', function* (backend) {
    const { dtype, name } = yield* take(saving.decode(options));
    const { model, noising, params, image, names, conditionDropout, estimatesEnd } = yield* take(
      checkedNetwork('saveTrained')(trained),
    );
    const aboutProcess = isDiscrete(noising)
      ? { noising: followsFromTables(noising) ? 'tables' : 'custom' }
      : { noising: 'path', path: aboutPath(noising) };
    const about = { model: aboutModel(model, name), image, ...aboutProcess, names, conditionDropout, estimatesEnd };
    const metadata = yield* take(words.write('saveTrained', about));
    const read = yield* take(readTensors({ params })(backend));
    yield* take(matching('saveTrained', treeSpec({ params: model.params }), read));
    const parameters = [...read].flatMap(([entry, tensor]): readonly (readonly [string, StoredTensor])[] =>
      dtype === 'int8'
        ? quantized('saveTrained', entry, tensor)
        : [[entry, rounded('saveTrained', dtype, entry, tensor)]],
    );
    const tensors = new Map([...parameters, ...noisingTensors(noising)]);
    yield* take(writeTensors(path, { tensors, metadata }, { finite: true }));
  });

/** The parts that the caller gives, with the default name. */
type Known<P, I extends ImageShape> = GivenNetwork<Network<P, I>> &
  Required<Pick<GivenNetwork<never>, 'name' | 'storage'>>;

/** A file that is read. */
interface Reading {
  readonly path: string;
  readonly loader: 'loadTrained' | 'loadClassifier';
}

/** A file that is loaded. */
interface Loading extends Reading {
  readonly backend: Backend;
}

/** The description of the path in a file. Raises `DecodeError` if a damaged file lacks it. */
const described = (path: string, about: AboutPath | undefined): either.Either<NoisefoldError, AboutPath> =>
  about === undefined
    ? fail('DecodeError', {
        where: `${path}: __metadata__.path`,
        expected: 'the name, the options and the levels of a path',
        actual: 'none',
        hint: 'give a file that saveTrained wrote, or a checkpoint',
      })
    : E.right(about);

/** Checks the header, and reads a trained network without its parameters. `read` in the result reads a parameter. */
const outlined = <P, I extends ImageShape>(
  { path, loader }: Reading,
  file: OpenTensors,
  { model: givenModel, name, noising: givenNoising }: Omit<Known<P, I>, 'storage'>,
) =>
  gen(function* () {
    const { entries, metadata, tensor } = restoring(file);
    const { noising: kind, image, ...about } = yield* take(words.read(path, metadata));
    const anyModel = yield* take(modelFrom(path, about.model, givenModel, name));
    const model = yield* take(ofKind(path, loader)(anyModel));
    const spec = treeSpec<{ readonly params: P }>({ params: model.params });
    const T = entries.get('noising.betas')?.shape[0] ?? 0;
    const names = kind === 'path' ? [] : storedTables(entries);
    yield* take(matching(path, treeSpec({ params: model.params, noising: noisingSpec(names, T) }), entries));
    const read = (entry: string) => tensor(entries.get(entry)!); // `matching` checked that it exists
    const tables: { -readonly [N in keyof NoisingTables]?: readonly number[] } = {};
    for (const table of names) tables[table] = Array.from((yield* take(read(`noising.${table}`))).data, Number);
    const noising =
      kind === 'path'
        ? yield* take(pathFrom(path, yield* take(described(path, about.path)), givenNoising))
        : yield* take(noisingFrom(path, tables as NoisingTables, kind, givenNoising)); // it has all names
    const { names: known = about.classes && { label: about.classes }, conditionDropout: dropout = about.labelDropout } =
      about;
    const outline = {
      model,
      noising,
      trainingNoising: noising,
      image: extentsFor<I>(image), // of the images that the model was trained on
      ...(known !== undefined && { names: known }),
      ...(dropout !== undefined && { conditionDropout: dropout }),
      ...(about.estimatesEnd !== undefined && { estimatesEnd: about.estimatesEnd }),
    };
    return { outline, spec, read };
  });

/** Builds a trained network from a file. Checks the header before it reads tensors. */
const loaded = <P, I extends ImageShape>(at: Loading, file: OpenTensors, { storage, ...known }: Known<P, I>) =>
  gen(function* () {
    const { outline, spec, read } = yield* take(outlined<P, I>(at, file, known));
    const uploaded = uploadStored(at.path, spec, read, storage)(at.backend);
    const { params } = yield* keep(uploaded, (tree) => release(tree)(at.backend));
    return { ...outline, params: params as Resident<P> }; // a conditional type, which does not reduce while P is generic
  });

/** Reads a trained model without its parameters from a file. Fails with the errors of {@link loadTrained}. */
export const outlineOfTrained = (path: string): Task<Omit<Trained<UNetParams, ImageShape>, 'params'>> =>
  withTensors(path, { finite: true }, (file) =>
    gen(function* () {
      const { outline } = yield* take(outlined<UNetParams, ImageShape>({ path, loader: 'loadTrained' }, file, { name: CUSTOM })); // oxfmt-ignore
      return outline as unknown as Omit<Trained<UNetParams, ImageShape>, 'params'>; // `ofKind` refused classifiers
    }),
  );

/** The part of a checkpoint that describes the images. */
const Settings = t.type({ settings: t.type({ data: t.type({ image: extents }) }) });
/** The part that describes the training, unless the training has a custom `config`. */
const Config = t.intersection([
  t.type({ predicts: t.string, noising: t.UnknownRecord }),
  t.partial({ conditionDropout, labelDropout: rate }),
]);

/** Builds a trained network from the averaged parameters of a checkpoint. */
const averaged = <P, I extends ImageShape>(
  { path, loader, backend }: Loading,
  { entries, metadata, tensor }: OpenTensors,
  { model, noising, storage }: Known<P, I>,
) =>
  gen(function* () {
    const about = yield* take(checkpointWords.read(path, metadata));
    if (model === undefined || noising === undefined)
      return raise('ConfigError', {
        where: path,
        expected: 'the model and the process of the training',
        actual: model === undefined ? 'no model' : 'no process',
        hint: `a checkpoint holds no model: give ${loader}(path, { model, noising })`,
      });
    const hint = 'give the model and the process that were trained';
    const { settings } = yield* take(E.mapLeft(errorAt('DecodeError', path, hint))(decode(Settings)(about)));
    const known = decode(Config)(about.config);
    const { conditions, ...sampled } = sampledConfig({ model, noising });
    // a run from before conditions had names has none
    const own = E.isRight(known) && 'conditions' in known.right ? { ...sampled, conditions } : sampled;
    const differing = E.isRight(known) && difference('config', { ...known.right, ...own }, known.right);
    const dropout = E.isRight(known) ? (known.right.conditionDropout ?? known.right.labelDropout) : undefined;
    if (differing) raise('CheckpointMismatch', { ...differing, where: `${path}: ${differing.path}`, hint });
    const spec = treeSpec<{ readonly average: P }>({ average: model.params });
    const averages = new Map([...entries].filter(([name]) => /^average(\.|$)/.test(name)));
    yield* take(matching(path, spec, averages));
    const uploaded = uploadStored(path, spec, (name) => tensor(averages.get(name)!), storage)(backend); // `matching` found it
    const { average } = yield* keep(uploaded, (tree) => release(tree)(backend));
    return {
      model,
      noising,
      trainingNoising: noising,
      image: extentsFor<I>(settings.data.image), // as in `loaded`
      ...(dropout !== undefined && { conditionDropout: dropout }),
      params: average as Resident<P>, // a conditional type, which does not reduce while P is generic
    };
  });

/** Reads a network of one kind from a file or its bytes; `network` is decoded first. */
const loading = (loader: Loading['loader'], model: t.Type<unknown>) => {
  const fields = {
    model: optional(model),
    name: optional(t.string, CUSTOM),
    noising: optional(noisingPart),
    storage: optional(floatStorage, 'float32'),
  };
  const parts = schema(loader, fields);
  const sources = argument(loader, sourceCodec, 'give the path of a file, or its bytes');
  return <P, I extends ImageShape>(source: string | Uint8Array, network: GivenNetwork<Network<P, I>> | undefined) =>
    genEffect(loader, function* (backend) {
      const known = yield* take(parts.decode<GivenNetwork<Network<P, I>>>(network));
      yield* take(sources.decode(source));
      const from = (path: string) => (file: OpenTensors) =>
        (file.metadata['format'] === CHECKPOINT ? averaged : loaded)<P, I>({ path, loader, backend }, file, known);
      if (typeof source === 'string') return yield* take(withTensors(source, { finite: true }, from(source)));
      return yield* take(from(loader)(yield* take(tensorsIn(loader, source, { finite: true }))));
    });
};

const denoiserFrom = loading('loadTrained', part('a model', 'predicts', 'apply', 'params'));
const classifierFrom = loading('loadClassifier', part('a classifier', 'classes', 'apply', 'params'));

/**
 * Reads a file of {@link saveTrained}, by its path or from its bytes, and uploads its parameters as float32, or in
 * another `storage`, ready for `sample`. Give `model`, unless `unet` made the network, perhaps with `preconditioned`. Also
 * reads the averaged parameters of a training checkpoint; then give `model` and `noising`, because a checkpoint holds
 * neither these nor the names of the classes. Fails with `CheckpointMismatch` at the first tensor that is missing, unknown
 * or of another shape, and for another model, name or process; with `ConfigError` if `model` or `noising` is required and
 * missing; and with `FileError` or `DecodeError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-grey.safetensors`
 * const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allOnes), predicts: 'x0', apply: (w, x) => add(zerosLike(x), w) }
 * await using nf = await open(reference())
 * const params = await nf.run(upload(Float32Array.of(0.5), []))
 * const trained = { model, params, noising: unwrap(ddpm(cosine(1000))), image: [1, 1, 1] } as const
 * await nf.run(saveTrained(path, trained, { name: 'grey' }))
 * const grey = await nf.run(loadTrained(path, { model, name: 'grey' }))
 * await nf.run(read(grey.params)) // → [0.5]
 * const refusal = await nf.run(loadTrained(path, { model })).then(() => null, errorIn)
 * refusal?.expected // → '"custom"'
 * refusal?.actual // → '"grey"'
 */
export const loadTrained = <P = UNetParams, I extends ImageShape = ImageShape, G = unknown>(
  source: string | Uint8Array,
  options?: Exact<G, keyof GivenTrained<never, ImageShape>> & GivenTrained<P, I>,
): Effect<Trained<P, I>> => denoiserFrom<P, I>(source, options) as Effect<Trained<P, I>>; // `loaded` refuses classifiers

/**
 * Reads a classifier that {@link saveTrained} wrote, by its path or from its bytes, and uploads its parameters as
 * float32. `sample` takes the result as `guide`. Give `model` if the classifier is not built in. Also reads a training
 * checkpoint; then give `model` and `noising`. Fails with the errors of {@link loadTrained}.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-classifier.safetensors`
 * const apply: ClassifierModel<Tensor<[1, 2]>, [1, 1, 1]>['apply'] = (w, x) => matmul(expandDims(sumPerSample(x), 1), w)
 * const model = { ...parameter(allOnes, 1, 2), classes: 2, apply } // the logits are brightness times w
 * const nf = await open(reference())
 * const params = await nf.run(upload(Float32Array.of(0, 2), [1, 2]))
 * const judge = { model, params, noising: unwrap(ddpm(cosine(1000))), image: [1, 1, 1] } as const
 * await nf.run(saveTrained(path, judge, { name: 'brighter' }))
 * const loaded = await nf.run(loadClassifier(path, { model, name: 'brighter' }))
 * await nf.run(read(loaded.params)) // → [0, 2]
 * await nf.close()
 */
export const loadClassifier = <Q = ClassifierParams, I extends ImageShape = ImageShape, G = unknown>(
  source: string | Uint8Array,
  options?: Exact<G, keyof GivenClassifier<never, ImageShape>> & GivenClassifier<Q, I>,
): Effect<TrainedClassifier<Q, I>> =>
  classifierFrom<Q, I>(source, options) as Effect<unknown> as Effect<TrainedClassifier<Q, I>>; // as above
