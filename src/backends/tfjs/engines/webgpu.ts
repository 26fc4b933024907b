/** tfjs's WebGPU engine, on its own device, in browsers and in Node with Dawn. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Backend } from '../../../dsl/plan/backend.js';
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { F, TE, type taskEither } from '../../../internal/fp.js';
import { importPeer, reasonOf } from '../../../internal/peer.js';
import { type Acquired, acquireDevice } from '../../webgpu/device/adapter.js';
import type { AdapterOptions } from '../../webgpu/device/adapterOptions.js';
import { type Gpu, gpuOf } from '../../webgpu/device/gpu.js';
import { tensorBackend } from '../eager/backend.js';
import { type Engine, engineOf, type Tensor, type TypedArray } from '../eager/engine.js';
import { corrected } from './webgpuCorrected.js';
import { webgpuPrograms } from './webgpuPrograms.js';
import { loadEngine, type Packages } from '../eager/packages.js';

const where = 'the tfjs-webgpu backend';

/** Returns the error with the name of this backend as its place. */
const renamed = (error: NoisefoldError): NoisefoldError => failure(error._tag, { ...error, where });

/**
 * Makes the classes and constants of WebGPU global, as in a browser, because tfjs needs them. Existing globals are not
 * replaced.
 */
const offerGlobals = async (): Promise<void> => {
  if ('GPUBufferUsage' in globalThis) return;
  const { globals } = (await importPeer('webgpu')) as typeof import('webgpu'); // the device comes from this package
  for (const [name, value] of Object.entries(globals))
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
};

/**
 * Runs `work` with a `navigator.gpu`, which tfjs looks for when a backend is made. Node has none, and it is removed
 * afterwards, because programs use it to detect a browser.
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
  WEBGPU_CPU_FORWARD: false, // otherwise small operands would be computed on the host, by other kernels
  WEBGPU_MATMUL_PROGRAM_TYPE: 3, // products without atomic additions, whose order varies
} as const;

/**
 * Float32 functions whose kernels have errors of more than a few units in the last place, or are wrong for infinities.
 */
const INEXACT: ReadonlySet<string> = new Set([
  'exp', 'expm1', 'log', 'log1p', 'sin', 'cos', 'tan', 'tanh', 'atan', 'erf', 'pow', 'mod',
]); // oxfmt-ignore

/** Reads the numbers of a tensor. Throws the error of the device. */
const readerOf =
  (gpu: Gpu, backend: WebGPUBackend): Engine['read'] =>
  async ({ dataId }) => {
    const reading: Promise<unknown>[] = [];
    const requested = gpu.guarded('read', () => void reading.push(backend.read(dataId)));
    reading[0]?.catch(() => undefined); // closing may reject it before it is awaited below
    const error = await requested;
    const numbers = (await reading[0]) as TypedArray; // our dtypes are all numbers
    if (error !== null) throw new Error(error.actual);
    // tfjs would keep a copy on the host
    const entry = backend.tensorMap.has(dataId) ? backend.tensorMap.get(dataId) : null;
    if (entry?.resource) entry.values = null as never; // null means that the device has them
    return numbers;
  };

/** Measures the milliseconds that the device takes for `work`. */
const timedOn = (backend: WebGPUBackend, work: () => void): Promise<number> => {
  // tfjs would turn an exception of `work` into a rejection
  const thrown: unknown[] = [];
  const timing = backend.time(() => {
    try {
      work();
    } catch (error) {
      thrown.push(error);
    }
  });
  if (thrown.length > 0) throw thrown[0];
  // it rejects if the backend is closed in the meantime, which the run reports
  return timing.then(
    ({ kernelMs }) => (typeof kernelMs === 'number' ? kernelMs : 0),
    () => 0,
  );
};

const engineOn = ({ core, engine: webgpu }: Packages<'webgpu'>, gpu: Gpu): Engine => {
  for (const [name, value] of Object.entries(FLAGS)) core.env().set(name, value);
  const backend: WebGPUBackend = withNavigatorGpu(() => new webgpu.WebGPUBackend(gpu.device, gpu.info));
  const lost = (): NoisefoldError | null => {
    const loss = gpu.lost();
    return loss === null ? null : renamed(loss);
  };
  const programs = webgpuPrograms(webgpu, backend);
  const tensorOf = (info: TensorInfo): Tensor => core.engine().makeTensorFromTensorInfo(info, backend);
  const engine = engineOf(core, 'webgpu', backend, {
    readNow: null,
    read: readerOf(gpu, backend),
    scattersInAnyOrder: true,
    device: {
      guarded: (work) =>
        gpu
          .guarded('run', () => {
            work();
            // tfjs submits several runs at once; errors must be those of this one
            if (Reflect.get(backend, 'commandEncoder') === null) return; // the types declare the field private
            backend.endComputePassEncoder();
            backend.submitQueue();
          })
          .then((error) => lost() ?? error),
      timed: (work) => timedOn(backend, work),
      lost,
      destroy: () => {
        backend.dispose();
        gpu.destroy();
      },
    },
    exact: {
      covers: (fn, dtype) => dtype === 'int32' || INEXACT.has(fn),
      compute: ({ fn, result }, operands) =>
        tensorOf(
          programs.elementwise(
            // the graph pairs one operand with unary functions, and two with binary ones
            operands.length === 1
              ? { op: 'unary', fn: fn as UnaryFn, dtype: result, a: 0 }
              : { op: 'binary', fn: fn as BinaryFn, dtype: result, a: 0, b: 1 },
            operands,
          ),
        ),
    },
  });
  return corrected(engine, programs, tensorOf);
};

const start = (packages: Packages<'webgpu'>, acquired: Acquired): taskEither.TaskEither<NoisefoldError, Backend> =>
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
        TE.flatMap((acquired) => start(packages, acquired)),
      ),
    ),
  );
