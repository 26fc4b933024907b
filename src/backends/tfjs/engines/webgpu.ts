/** tfjs's engine on WebGPU, on a device of its own: in browsers, and in Node with Dawn. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { Backend } from '../../../dsl/compile/backend.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { F, TE, type taskEither } from '../../../internal/fp.js';
import { importPeer, reasonOf } from '../../shared/peer.js';
import { type Acquired, acquireDevice } from '../../webgpu/adapter.js';
import type { AdapterOptions } from '../../webgpu/adapterOptions.js';
import { type Gpu, gpuOf } from '../../webgpu/gpu.js';
import { tensorBackend } from '../eager/backend.js';
import { type Engine, engineOf } from '../eager/engine.js';
import { loadEngine, type Packages } from './packages.js';

const where = 'the tfjs-webgpu backend';

/** The same error, of this backend. */
const renamed = (error: NoisefoldError): NoisefoldError => failure(error._tag, { ...error, where });

/** Makes the classes and constants of WebGPU global, as in a browser; tfjs needs them. Nothing that exists is replaced. */
const offerGlobals = async (): Promise<void> => {
  if ('GPUBufferUsage' in globalThis) return;
  const { globals } = (await importPeer('webgpu')) as typeof import('webgpu'); // the device comes from this package
  for (const [name, value] of Object.entries(globals))
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
};

/**
 * Runs `work` with a `navigator.gpu`, which tfjs looks for when a backend is made. Node has none, and keeps none: programs
 * tell by it that they run in a browser.
 */
const withNavigatorGpu = <A>(work: () => A): A => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  if ((globalThis as { readonly navigator?: { readonly gpu?: unknown } }).navigator?.gpu !== undefined) return work();
  Object.defineProperty(globalThis, 'navigator', { value: { gpu: {}, userAgent: 'node' }, configurable: true });
  try {
    return work();
  } finally {
    if (before === undefined) delete (globalThis as { navigator?: unknown }).navigator;
    else Object.defineProperty(globalThis, 'navigator', before);
  }
};

/** Flags of tfjs for kernels that all run on the device and give the same bits in every run. */
const FLAGS = {
  WEBGPU_CPU_FORWARD: false, // small operands would be computed on the host, by other kernels
  WEBGPU_MATMUL_PROGRAM_TYPE: 3, // products without atomic additions, whose order varies
} as const;

const engineOn = ({ core, engine: { WebGPUBackend } }: Packages<'webgpu'>, gpu: Gpu): Engine => {
  for (const [name, value] of Object.entries(FLAGS)) core.env().set(name, value);
  const backend: WebGPUBackend = withNavigatorGpu(() => new WebGPUBackend(gpu.device, gpu.info));
  return engineOf(core, 'webgpu', backend, {
    readNow: null,
    read: async ({ dataId }) => {
      const numbers = (await backend.read(dataId)) as Float32Array; // the cast is safe: our dtypes are all numbers
      // tfjs would keep a copy on the host
      const held = backend.tensorMap.has(dataId) ? backend.tensorMap.get(dataId) : null;
      if (held?.resource) held.values = null as never; // null means that the device has them
      return numbers;
    },
    scattersInAnyOrder: true,
    device: {
      guarded: (work) => gpu.guarded('run', work),
      timed: (work) => {
        // tfjs would turn what `work` throws into a rejection
        const thrown: unknown[] = [];
        const timing = backend.time(() => {
          try {
            work();
          } catch (error) {
            thrown.push(error);
          }
        });
        if (thrown.length > 0) throw thrown[0];
        return timing.then(({ kernelMs }) => (typeof kernelMs === 'number' ? kernelMs : 0));
      },
      lost: () => {
        const loss = gpu.lost();
        return loss === null ? null : renamed(loss);
      },
      destroy: () => {
        backend.dispose();
        gpu.destroy();
      },
    },
  });
};

const started = (packages: Packages<'webgpu'>, acquired: Acquired): taskEither.TaskEither<NoisefoldError, Backend> =>
  TE.tryCatch(
    async () => {
      await offerGlobals();
      return tensorBackend('tfjs-webgpu', engineOn(packages, gpuOf(acquired)));
    },
    (thrown) =>
      failure('BackendUnavailable', {
        where,
        expected: "tfjs's WebGPU backend to start",
        actual: reasonOf(thrown),
        hint: 'use webgpu(), which does not need tfjs',
      }),
  );

export const tfjsWebgpu = (options: AdapterOptions): taskEither.TaskEither<NoisefoldError, Backend> =>
  F.pipe(
    loadEngine('webgpu', where),
    TE.flatMap((packages) =>
      F.pipe(
        acquireDevice(options),
        TE.mapLeft(renamed),
        TE.flatMap((acquired) => started(packages, acquired)),
      ),
    ),
  );
