/** A trained model as a file, for sampling: its averaged parameters, its process, its configuration. */
import { effect, type Effect } from '../../dsl/run/effect.js';
import type { Model, Process } from '../../diffusion/index.js';
import { fail, type NoisefoldError, type Resident, treeSpec } from '../../dsl/index.js';
import { halvesOf } from '../../formats/float16.js';
import type { StoredTensor, TensorFile } from '../../formats/safetensors.js';
import { decode, exactly, exactTuple, type Mismatch, positive } from '../../internal/decode.js';
import { E, type either, F, t, TE } from '../../internal/fp.js';
import { jsonText, parseJson } from '../../internal/json.js';
import type { UNetParams } from '../../nn/index.js';
import { checked, part } from '../checked.js';
import type { ImageExtents, ImageShape } from '../data/dataset.js';
import { total } from '../total.js';
import type { Trained } from '../trained.js';
import { errorAt, within } from './checkpoint.js';
import { matching, readTensors, uploadEach } from './snapshot.js';
import { type AboutModel, aboutModel, CUSTOM, modelFrom } from './storedModel.js';
import { isOfItsTables, processFrom, processSpec, processTensors } from './storedProcess.js';
import { withTensors, writeTensors } from './tensorStream.js';

/** Options of {@link saveTrained}. */
export interface TrainedFileOptions {
  /** The dtype of the parameters in the file: 'float16' halves its size; by default 'float32'. */
  readonly dtype?: 'float32' | 'float16';
  /** The name of a model that is not built in; by default 'custom'. */
  readonly name?: string;
}

/** What {@link loadTrained} is given: what the file does not have. */
export interface GivenTrained<P, I extends ImageShape> {
  /** The model, if it is not a U-Net as `unet` makes it. */
  readonly model?: Omit<Model<P, I>, 'init'>;
  /** The name that it was saved with; by default 'custom'. */
  readonly name?: string;
  /** The process, if it was made by hand. */
  readonly process?: Process;
}

/** The name of the format; it changes when the meaning of a file does. */
const FORMAT = 'noisefold-trained-1';

const saveCodec = exactly(
  {},
  { dtype: t.keyof({ float32: null, float16: null }, "'float32' or 'float16'"), name: t.string },
);
const loadCodec = exactly(
  {},
  {
    model: part('a model', 'predicts', 'apply', 'params'),
    name: t.string,
    process: part('a process', 'schedule', 'timesteps', 'marginals', 'posteriors'),
  },
);
const trainedCodec = part('a trained model, as fit gives it', 'model', 'process', 'image', 'params');

const kinds = t.keyof({ tables: null, custom: null });
const Metadata = exactly({ format: t.literal(FORMAT), model: t.string, image: t.string, process: kinds });
const About = t.intersection([t.type({ name: t.string }), t.UnknownRecord]);
const Extents = exactTuple([positive, positive, positive], '[height, width, channels]');

/** Parameters in the dtype of the file. `ConfigError` for a number beyond it. */
const stored =
  (dtype: 'float32' | 'float16') =>
  ([name, tensor]: readonly [string, StoredTensor]): either.Either<NoisefoldError, readonly [string, StoredTensor]> => {
    if (tensor.dtype !== 'F32' && tensor.dtype !== 'F64') return E.right([name, tensor]);
    const { shape } = tensor;
    const data = Float32Array.from(tensor.data); // the reference has float64
    if (dtype === 'float32') return E.right([name, { dtype: 'F32', shape, data }]);
    const beyond = data.find((number) => Math.abs(number) >= 65520);
    return beyond === undefined
      ? E.right([name, { dtype: 'F16', shape, data: halvesOf(data) }])
      : fail('ConfigError', {
          where: `saveTrained: ${name}`,
          expected: 'numbers of float16, at most 65504',
          actual: `${beyond}`,
          hint: "save it as dtype: 'float32'",
        });
  };

/**
 * Writes a trained model as a safetensors file, for {@link loadTrained}: the averaged parameters by path, rounded to
 * float32 or float16, the tables of the process, and in the header the configuration of a U-Net, or the name of
 * another model, and the extents of an image. The older file stays if it fails: `ConfigError` for a number that is not finite
 * or too large for float16, `CheckpointMismatch` for parameters that are not those of the model, `FileError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-trained.safetensors`
 * const model = unet({ image: [8, 8, 1], base: 8, multipliers: [1], predicts: 'v' })
 * const trained = pipe(
 *   RTE.Do,
 *   RTE.bind('model', () => RTE.fromEither(model)),
 *   RTE.bind('process', () => RTE.fromEither(ddpm(cosine(1000)))),
 *   RTE.bind('begin', ({ model: { init } }) => compile(program('key', init), {})),
 *   RTE.bind('params', ({ begin: { run } }) => RTE.fromTaskEither(run(key(7)))),
 *   RTE.map(({ model, process, params }) => ({ model, process, params, image: [8, 8, 1] as const })),
 * )
 * const saved = pipe(trained, RTE.flatMap((made) => saveTrained(path, made, { dtype: 'float16' })))
 * const drawn = pipe(
 *   loadTrained(path),
 *   RTE.flatMap(sample({ solver: ddim(), grid: 2, count: 2, key: key(8) })),
 *   RTE.map(({ shape }) => shape),
 * )
 * await pipe(saved, RTE.flatMap(() => drawn), using(wasm()))() // → E.right([2, 8, 8, 1])
 */
export const saveTrained = <P, I extends ImageShape>(
  path: string,
  trained: Trained<P, I>,
  options: TrainedFileOptions = {},
): Effect<void> =>
  effect((backend) =>
    total('saveTrained', () =>
      F.pipe(
        E.Do,
        E.bind('options', () => checked('saveTrained', saveCodec)(options)),
        E.bind('trained', () => checked('saveTrained', trainedCodec)(trained)),
        E.bind('metadata', ({ trained: { model, process, image }, options: { name = CUSTOM } }) =>
          F.pipe(
            E.Do,
            E.bind('extents', () => E.mapLeft(within('image'))(decode(Extents)(image))),
            E.bind('about', () => E.mapLeft(within('model'))(jsonText(aboutModel(model, name)))),
            E.map(({ extents, about }): TensorFile['metadata'] => ({
              format: FORMAT,
              model: about,
              image: JSON.stringify(extents),
              process: isOfItsTables(process) ? 'tables' : 'custom',
            })),
            E.mapLeft(errorAt('ConfigError', 'saveTrained', 'give what fit or loadTrained gave')),
          ),
        ),
        TE.fromEither,
        TE.bind('read', () => readTensors({ params: trained.params })(backend)),
        TE.tap(({ read }) => TE.fromEither(matching('saveTrained', treeSpec({ params: trained.model.params }), read))),
        TE.bind('params', ({ read, options: { dtype = 'float32' } }) =>
          TE.fromEither(E.traverseArray(stored(dtype))([...read])),
        ),
        TE.flatMap(({ params, metadata }) =>
          writeTensors(
            path,
            { tensors: new Map([...params, ...processTensors(trained.process)]), metadata },
            { finite: true },
          ),
        ),
      ),
    ),
  );

interface About {
  readonly model: AboutModel;
  readonly image: readonly [number, number, number];
  readonly process: 'tables' | 'custom';
}

/** What the header of a file says. `DecodeError`. */
const aboutOf = (path: string, metadata: TensorFile['metadata']): either.Either<NoisefoldError, About> =>
  F.pipe(
    E.Do,
    E.bind('words', (): either.Either<Mismatch, t.TypeOf<typeof Metadata>> =>
      E.mapLeft(within('__metadata__'))(decode(Metadata)(metadata)),
    ),
    E.bind('model', ({ words }) => E.mapLeft(within('model'))(E.flatMap(decode(About))(parseJson(words.model)))),
    E.bind('image', ({ words }) => E.mapLeft(within('image'))(E.flatMap(decode(Extents))(parseJson(words.image)))),
    E.map(({ words: { process }, model, image }) => ({ model, image, process })),
    E.mapLeft(errorAt('DecodeError', path, 'give a file that saveTrained wrote; loadCheckpoint reads checkpoints')),
  );

/**
 * Reads a file of {@link saveTrained} and uploads its parameters, as float32: the result is what `sample` takes. A model that is
 * not a U-Net of `unet` is given as `model`. `CheckpointMismatch` at the first tensor that is missing, is unknown or has another
 * shape, and for another model, name or process; `ConfigError` for a model that is not given; `FileError`, `DecodeError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const path = `${tmpdir()}/${process.pid}-grey.safetensors`
 * const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allOnes), predicts: 'x0', apply: (w, x) => add(zerosLike(x), w) }
 * const saved = pipe(
 *   RTE.Do,
 *   RTE.bind('process', () => RTE.fromEither(ddpm(cosine(1000)))),
 *   RTE.bind('params', () => upload(Float32Array.of(0.5), [])),
 *   RTE.flatMap((parts) => saveTrained(path, { ...parts, model, image: [1, 1, 1] }, { name: 'grey' })),
 * )
 * const drawn = pipe(
 *   loadTrained(path, { model, name: 'grey' }),
 *   RTE.flatMap(sample({ solver: ddim(), grid: 2, count: 1, key: key(8) })),
 *   RTE.map(({ data }) => data),
 * )
 * await pipe(saved, RTE.flatMap(() => drawn), using(reference()))() // → E.right([0.5])
 * const other = await using(reference())(loadTrained(path, { model }))()
 * pipe(other, E.mapLeft(({ expected, actual }) => [expected, actual])) // → E.left(['"custom"', '"grey"'])
 */
export const loadTrained = <P = UNetParams, I extends ImageShape = ImageShape>(
  path: string,
  given: GivenTrained<P, I> = {},
): Effect<Trained<P, I>> =>
  effect((backend) =>
    total('loadTrained', () =>
      F.pipe(
        TE.fromEither(checked('loadTrained', loadCodec)(given)),
        TE.flatMap(() =>
          withTensors(path, { finite: true }, ({ entries, metadata, tensor }) =>
            F.pipe(
              TE.fromEither(aboutOf(path, metadata)),
              TE.bindTo('about'),
              TE.bind('model', ({ about }) =>
                TE.fromEither(modelFrom(path, about.model, given.model, given.name ?? CUSTOM)),
              ),
              TE.tap(({ model }) => {
                const tables = processSpec(entries.get('process.betas')?.shape[0] ?? 0);
                const all = treeSpec({ params: model.params, process: tables });
                return TE.fromEither(matching(path, all, entries));
              }),
              TE.bind('process', ({ about }) =>
                F.pipe(
                  Object.keys(processSpec(0)),
                  // `matching` found them, with numbers
                  TE.traverseSeqArray((name) =>
                    TE.map(({ data }: StoredTensor) => [name, data as Float64Array] as const)(
                      tensor(entries.get(`process.${name}`)!),
                    ),
                  ),
                  TE.flatMapEither((tables) =>
                    processFrom(path, Object.fromEntries(tables) as never, about.process, given.process),
                  ),
                ),
              ),
              TE.bind('tree', ({ model }) =>
                uploadEach(treeSpec<{ readonly params: P }>({ params: model.params }), (name) =>
                  tensor(entries.get(name)!),
                )(backend),
              ),
              TE.map(({ about, model, process, tree }) => ({
                model,
                process,
                image: about.image as unknown as ImageExtents<I>, // those of the images that the model was trained on
                params: tree.params as Resident<P>, // which does not reduce while P is open
              })),
            ),
          ),
        ),
      ),
    ),
  );
