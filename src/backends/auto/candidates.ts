/** The backends that `auto` chooses from. Each module is loaded when its backend is tried. */
import type { Backend } from '../../dsl/compile/backend.js';
import { failure, type NoisefoldError } from '../../internal/errors.js';
import { type either, F, TE, type taskEither } from '../../internal/fp.js';
import type { WasmOptions } from '../wasm/options.js';
import type { AdapterOptions } from '../webgpu/adapterOptions.js';

/** Default order: fastest first, as far as that is known without measuring. */
export const ORDER = ['node-gpu', 'webgpu', 'wasm', 'node', 'cpu'] as const;

export type BackendName = (typeof ORDER)[number];

/** Options, by backend. */
export interface BackendOptions {
  /** `hardware` is true by default here: a software-emulated GPU is rejected. */
  readonly webgpu?: AdapterOptions;
  readonly wasm?: WasmOptions;
}

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

const LOADERS: Readonly<
  Record<BackendName, (options: BackendOptions) => Promise<either.Either<NoisefoldError, Backend>>>
> = {
  'node-gpu': async () => (await import('../tfjs/nodeGpu.js')).nodeGpu()(),
  webgpu: async ({ webgpu }) => (await import('../webgpu/index.js')).webgpu({ hardware: true, ...webgpu })(),
  wasm: async ({ wasm }) => (await import('../wasm/backend.js')).wasm(wasm)(),
  node: async () => (await import('../tfjs/node.js')).node()(),
  cpu: async () => (await import('../tfjs/cpu.js')).cpu()(),
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
          actual: thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown),
          hint: 'reinstall noisefold with its dependencies',
        }),
    ),
  );
