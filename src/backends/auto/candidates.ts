/** The backends that `auto` chooses from. Each module is loaded when its backend is tried. */
import type { Backend } from '../../dsl/plan/backend.js';
import { failure, messageOf, type NoisefoldError } from '../../internal/errors.js';
import { type either, F, TE, type taskEither } from '../../internal/fp.js';
import type { TfjsEngine } from '../tfjs/index.js';
import type { WasmOptions } from '../wasm/options.js';
import type { AdapterOptions } from '../webgpu/device/adapterOptions.js';

/**
 * The default order: the fastest first, as far as this is known without measuring. The reference works everywhere.
 * TensorFlow needs its packages and Node.
 */
export const ORDER = ['webgpu', 'tfjs-node-gpu', 'wasm', 'tfjs-node', 'reference'] as const;

/** All backends that `order` may name. Three engines of tfjs are not in the default order: they are for comparisons. */
export const BACKENDS = [...ORDER, 'tfjs-webgpu', 'tfjs-wasm', 'tfjs-cpu'] as const;

export type BackendName = (typeof BACKENDS)[number];

/** Options, by backend. */
export interface BackendOptions {
  /** `hardware` is true by default here: a software-emulated GPU is rejected. */
  readonly webgpu?: AdapterOptions;
  readonly wasm?: WasmOptions;
}

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

const loadTfjs = (engine: TfjsEngine) => async (): Promise<either.Either<NoisefoldError, Backend>> =>
  (await import('../tfjs/index.js')).tfjs(engine)();

const LOADERS: Readonly<
  Record<BackendName, (options: BackendOptions) => Promise<either.Either<NoisefoldError, Backend>>>
> = {
  webgpu: async ({ webgpu }) => (await import('../webgpu/index.js')).webgpu({ hardware: true, ...webgpu })(),
  wasm: async ({ wasm }) => (await import('../wasm/backend.js')).wasm(wasm)(),
  reference: async () => (await import('../reference/index.js')).reference()(),
  'tfjs-node-gpu': loadTfjs('node-gpu'),
  'tfjs-node': loadTfjs('node'),
  'tfjs-webgpu': loadTfjs('webgpu'),
  'tfjs-wasm': loadTfjs('wasm'),
  'tfjs-cpu': loadTfjs('cpu'),
};

/** Loads and acquires a backend. An error thrown while loading becomes `BackendUnavailable`. */
export const acquire = (name: BackendName, options: BackendOptions): Acquire =>
  TE.flatMapEither(F.identity<either.Either<NoisefoldError, Backend>>)(
    TE.tryCatch(
      () => LOADERS[name](options),
      (thrown) =>
        failure('BackendUnavailable', {
          where: `the ${name} backend`,
          expected: 'the backend to load',
          actual: messageOf(thrown).split('\n')[0]!,
          hint: 'reinstall noisefold with its dependencies',
        }),
    ),
  );
