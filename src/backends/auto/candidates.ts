/** The backends that are chosen from, none of which is loaded before it is tried. */
import type { Backend } from '../../dsl/backend.js';
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import { TE, type taskEither } from '../../internal/fp.js';

/** The fastest first, as far as one can know beforehand. */
export const ORDER = ['node-gpu', 'webgpu', 'wasm', 'node', 'cpu'] as const;

export type BackendName = (typeof ORDER)[number];

type Acquire = taskEither.TaskEither<NoisefoldError, Backend>;

const LOADERS: Readonly<Record<BackendName, () => Promise<Acquire>>> = {
  'node-gpu': async () => (await import('../tfjs/nodeGpu.js')).nodeGpu(),
  webgpu: async () => (await import('../webgpu/index.js')).webgpu({ hardware: true }),
  wasm: async () => (await import('../tfjs/wasm.js')).wasm(),
  node: async () => (await import('../tfjs/node.js')).node(),
  cpu: async () => (await import('../tfjs/cpu.js')).cpu(),
};

/** Loads and acquires a backend; what it throws is a reason, too. */
export const acquire = (name: BackendName): Acquire =>
  TE.flatten(
    TE.tryCatch(LOADERS[name], (thrown) =>
      failure('BackendUnavailable', {
        where: `the ${name} backend`,
        expected: 'it to load',
        actual: thrown instanceof Error ? thrown.message.split('\n')[0]! : String(thrown),
        hint: 'install noisefold with its dependencies',
      }),
    ),
  );
