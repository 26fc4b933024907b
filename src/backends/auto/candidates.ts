/** The backends that are chosen from, none of which is loaded before it is tried. */
import type { Backend } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { type either, F, TE, type taskEither } from '../../internal/fp.js';
import type { WasmOptions } from '../wasm/options.js';
import type { AdapterOptions } from '../webgpu/adapterOptions.js';

/** The fastest first, as far as one can know beforehand. */
export const ORDER = ['node-gpu', 'webgpu', 'wasm', 'node', 'cpu'] as const;

export type BackendName = (typeof ORDER)[number];

/** What is given to those that have options. */
export interface BackendOptions {
  /** It refuses an adapter that computes in software, if nothing else is said. */
  readonly webgpu?: AdapterOptions;
  /** In a browser `paths`, without which it is passed by. */
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

/** Loads and acquires a backend; what it throws is a reason, too. */
export const acquire = (name: BackendName, options: BackendOptions): Acquire =>
  TE.flatMapEither(F.identity<either.Either<NoisefoldError, Backend>>)(
    TE.tryCatch(
      () => LOADERS[name](options),
      (thrown) =>
        failure('BackendUnavailable', {
          where: `the ${name} backend`,
          expected: 'it to load',
          actual: thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown),
          hint: 'install noisefold with its dependencies',
        }),
    ),
  );
