import { failure } from '../../internal/errors.js';
import { TE } from '../../internal/fp.js';
import type { Backend } from '../../dsl/plan/backend.js';
import { task, type Task } from '../../dsl/run/effect.js';
import { type NoOptions, withOptions } from '../shared/options.js';
import { type AdapterOptions, adapterOptions } from '../webgpu/device/adapterOptions.js';
import { tfjsCpu } from './engines/cpu.js';
import { type TfjsWasmOptions, tfjsWasmOptions } from './engines/options.js';
import { PACKAGES, tensorflow } from './engines/tensorflow.js';
import { tfjsWasm } from './engines/wasm.js';
import { tfjsWebgpu } from './engines/webgpu.js';

export type { TfjsWasmOptions } from './engines/options.js';

/** The options of each engine of {@link tfjs}. */
export interface TfjsOptions {
  /** Plain JavaScript, anywhere. Package: `@tensorflow/tfjs-backend-cpu`. */
  readonly cpu: NoOptions;
  /** WebAssembly. Package: `@tensorflow/tfjs-backend-wasm`. */
  readonly wasm: TfjsWasmOptions;
  /** A GPU, in browsers, and in Node with the package `webgpu`. Package: `@tensorflow/tfjs-backend-webgpu`. */
  readonly webgpu: AdapterOptions;
  /** TensorFlow on the CPU, in Node 22 or older. Package: `@tensorflow/tfjs-node`. */
  readonly node: NoOptions;
  /** TensorFlow on an NVIDIA GPU, in Node 22 or older. Package: `@tensorflow/tfjs-node-gpu`. */
  readonly 'node-gpu': NoOptions;
}

/** The name of an engine of tfjs. */
export type TfjsEngine = keyof TfjsOptions;

type Acquires = { readonly [E in TfjsEngine]: (options?: TfjsOptions[E]) => Task<Backend> };

const acquires: Acquires = {
  cpu: withOptions<NoOptions>('the tfjs-cpu backend', {}, tfjsCpu),
  wasm: withOptions<TfjsWasmOptions>('the tfjs-wasm backend', tfjsWasmOptions, tfjsWasm),
  webgpu: withOptions<AdapterOptions>('the tfjs-webgpu backend', adapterOptions, tfjsWebgpu),
  node: withOptions<NoOptions>('the tfjs-node backend', {}, () => tensorflow(PACKAGES.node)),
  'node-gpu': withOptions<NoOptions>('the tfjs-node-gpu backend', {}, () => tensorflow(PACKAGES.nodeGpu)),
};

/** The names of all engines. */
const ENGINES = Object.keys(acquires) as readonly TfjsEngine[]; // the keys of the record

/**
 * Runs programs on an engine of tfjs (TensorFlow.js): `'cpu'`, `'wasm'`, `'webgpu'`, `'node'` or `'node-gpu'`. It runs tfjs's
 * kernels one after another, unfused, so it is slower than `wasm()` and `webgpu()`, which do not need tfjs. Use it to compare
 * with tfjs, or for TensorFlow's kernels on an NVIDIA GPU. The name of the backend is `tfjs-` and the engine.
 *
 * The packages of tfjs are optional peers of noisefold. If one is missing or does not work, the error is a
 * `BackendUnavailable` with the command that installs it:
 * `npm install @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-cpu@4.22.0`.
 *
 * `'webgpu'` sets two flags of tfjs, so that runs repeat bit for bit: `WEBGPU_CPU_FORWARD` and `WEBGPU_MATMUL_PROGRAM_TYPE`.
 * `'node'` and `'node-gpu'` set two environment variables for that, unless they are already set: `TF_DETERMINISTIC_OPS=1`
 * and `NVIDIA_TF32_OVERRIDE=0` (products in float32). For speed, set them to `0` and `1`. `'node-gpu'` needs CUDA 11.2 and
 * cuDNN 8.1; TensorFlow allocates all memory of the GPU at once unless `TF_FORCE_GPU_ALLOW_GROWTH=true`.
 * @example
 * const doubled = evaluate(program({ x: '2' }, ({ x }) => add(x, x)), {})({ x: Float32Array.of(1, 2) })
 * await using nf = await open(tfjs('cpu'))
 * await nf.run(doubled) // → [2, 4]
 * // falls back to wasm if tfjs-node is not installed
 * await using faster = await open(tfjs('node')).catch(() => open(wasm()))
 * await faster.run(doubled) // → [2, 4]
 */
export const tfjs = <E extends TfjsEngine>(engine: E, options?: TfjsOptions[E]): Task<Backend> => {
  // JavaScript callers may pass anything
  if (Object.hasOwn(acquires, engine)) return acquires[engine](options);
  return task(
    TE.left(
      failure('ConfigError', {
        where: 'tfjs',
        expected: ENGINES.map((name) => `'${name}'`).join(' | '),
        actual: JSON.stringify(engine) ?? String(engine),
        hint: "name an engine of tfjs: tfjs('cpu')",
      }),
    ),
  );
};
