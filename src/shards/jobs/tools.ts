/** The models that a worker keeps open from job to job: it loads a checkpoint once, and compiles a sampling once. */
import { digitClassifier, type FeatureNetwork } from '../../evaluation/index.js';
import type { Parameterization } from '../../diffusion/index.js';
import { type Backend, release } from '../../dsl/index.js';
import type { Effect } from '../../dsl/run/effect.js';
import { encodeSafetensors } from '../../formats/safetensors/safetensors.js';
import { failure, type NoisefoldError, raise } from '../../internal/errors.js';
import { TE } from '../../internal/fp.js';
import { type Block, type Fallible, gen, take } from '../../internal/gen.js';
import { listOf, show } from '../../internal/decode.js';
import { type GivenTrained, type ImageShape, loadTrained, type PreparedSampling, prepareSampling, readTensors } from '../../training/index.js'; // oxfmt-ignore
import type { Checkpoints } from './checkpoints.js';
import { sha256 } from './job.js';
import type { AnyModel, CheckpointOf, OpenNetwork, Tools } from './work.js';

/** A model that files do not describe, in the form that `loadTrained` takes. */
export interface WorkerModel extends Omit<GivenTrained<never, ImageShape>, 'model' | 'name'> {
  /**
   * The name under which the model was saved; by default the name that jobs give. A file that was saved without a name
   * fits any name.
   */
  readonly name?: string;
  /** A model of images of any shape. */
  readonly model?: {
    readonly predicts: Parameterization;
    readonly params: unknown;
    readonly apply: (...args: never[]) => unknown;
  };
}

/** A feature network, which the worker opens on its backend. */
export type WorkerNetwork = Effect<{
  readonly model: {
    readonly image: readonly number[];
    readonly params: unknown;
    readonly apply: (...args: never[]) => unknown;
  };
  readonly params: unknown;
  /** The version of the function of the network. A network without parameters needs a version. */
  readonly version?: string;
}>;

/** The models and networks of a worker by the names that jobs give. */
export interface Named {
  readonly models: { readonly [name: string]: WorkerModel };
  readonly networks: { readonly [name: string]: WorkerNetwork };
}

/** The network that every worker has. */
const DIGITS: Named['networks'] = { digits: digitClassifier() };

const named = <A>(what: string, from: { readonly [name: string]: A }, name: string): A =>
  Object.hasOwn(from, name)
    ? from[name]!
    : raise('ConfigError', {
        where: `worker: ${what}s`,
        expected: listOf(what, Object.keys(from)),
        actual: show(name),
        hint: `give runWorker a ${what} of this name`,
      });

/** An error about bytes, with the path of their file. */
const namedAs =
  (loader: string, path: string) =>
  (error: NoisefoldError): NoisefoldError =>
    failure(error._tag, { ...error, where: error.where.replace(loader, path) });

/** The SHA-256 of the parameters of a network on a backend, together with its version. */
function* digestOfNetwork(
  name: string,
  { params, version }: Pick<FeatureNetwork<never, ImageShape>, 'version'> & { readonly params: unknown },
  backend: Backend,
): Block<string> {
  const tensors = yield* take(readTensors(params)(backend));
  if (tensors.size === 0 && version === undefined)
    raise('ConfigError', {
      where: `worker: networks.${name}`,
      expected: 'a version, because it has no parameters',
      actual: 'none',
      hint: "give { ...network, version: '1' }, and another version when its function changes",
    });
  return sha256(yield* take(encodeSafetensors({ tensors, metadata: version === undefined ? {} : { version } })));
}

/** Caches the last value that was opened, until a caller asks for another one. */
const lastOpened = <A>(close: (a: A) => Fallible<unknown>) => {
  let last: { readonly name: string; readonly value: A } | null = null; // mutable
  function* clear(): Block<void> {
    const before = last;
    last = null;
    if (before !== null) yield* take(close(before.value));
  }
  function* get(name: string, open: () => Block<A>): Block<A> {
    if (last?.name === name) return last.value;
    yield* clear();
    const value = yield* open();
    last = { name, value };
    return value;
  }
  return { get, clear };
};

export interface OpenTools extends Pick<Tools, 'backend' | 'trained' | 'prepared' | 'network'> {
  readonly close: Fallible<void>;
}

/** The tools of a worker with a backend. */
export const toolsOf = (backend: Backend, checkpoints: Checkpoints, { models, networks }: Named): OpenTools => {
  const freed = (params: unknown): Fallible<unknown> => release(params)(backend);
  const preparations = lastOpened((prepared: PreparedSampling) => prepared.release);
  const trainings = lastOpened(({ params }: AnyModel) =>
    gen(function* () {
      yield* preparations.clear(); // the programs of a preparation use the parameters
      yield* take(freed(params));
    }),
  );
  const features = lastOpened(({ network }: OpenNetwork) => freed(network.params));

  const trained = ({ checkpoint, model }: CheckpointOf): Block<AnyModel> =>
    trainings.get(`${checkpoint} ${model ?? ''}`, function* () {
      const settings = model === undefined ? {} : { name: model, ...named('model', models, model) };
      const { path, bytes } = yield* checkpoints.find(checkpoint);
      const load = loadTrained<never, ImageShape>(bytes, settings as GivenTrained<never, ImageShape>);
      return yield* take(TE.mapLeft(namedAs('loadTrained', path))(load(backend)));
    });
  return {
    backend,
    trained,
    prepared: (from, text, preparation) =>
      preparations.get(`${from.checkpoint} ${from.model ?? ''} ${text}`, function* () {
        const prepared = prepareSampling(yield* trained(from), preparation);
        return (yield* take(prepared(backend))) as PreparedSampling;
      }),
    network: (name) =>
      features.get(name, function* () {
        const open = named('network', { ...DIGITS, ...networks }, name);
        const network = yield* take(open(backend));
        return {
          network: network as FeatureNetwork<never, ImageShape>, // of any shape, which is checked when it runs
          digest: yield* digestOfNetwork(name, network, backend),
        };
      }),
    close: gen(function* () {
      yield* trainings.clear();
      yield* preparations.clear();
      yield* features.clear();
    }),
  };
};
