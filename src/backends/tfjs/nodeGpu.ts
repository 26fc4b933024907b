import { noOptions, withOptions } from '../shared/options.js';
import { importPeer } from '../shared/peer.js';
import { PACKAGES, tensorflow } from './tensorflow.js';

/**
 * Runs programs on TensorFlow on an NVIDIA GPU, in Node, with the optional peer `@tensorflow/tfjs-node-gpu` (4.22, Node
 * 22 or older, CUDA 11.2, cuDNN 8.1). It runs TensorFlow's kernels one after another, unfused. Fails with
 * `BackendUnavailable`, which says what to do, if the package is not installed, its native library does not work, or
 * TensorFlow finds no GPU.
 *
 * Before loading the library it sets two environment variables of the process, unless they are already set:
 * `TF_DETERMINISTIC_OPS=1` (runs repeat bit for bit) and `NVIDIA_TF32_OVERRIDE=0` (products in float32). For speed, set
 * them to `0` and `1`. TensorFlow allocates all memory of the GPU at once unless `TF_FORCE_GPU_ALLOW_GROWTH=true`.
 * @example
 * const doubled = pipe(
 *   compile(program({ x: '2' }, ({ x }) => add(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 2) })),
 *   RTE.flatMap(read),
 *   using(pipe(nodeGpu(), TE.orElse(() => wasm()))), // falls back to wasm without such a GPU
 * )
 * await doubled() // → E.right([2, 4])
 */
export const nodeGpu = withOptions('the node-gpu backend', noOptions, () => tensorflow(PACKAGES.nodeGpu, importPeer));
