import { noOptions, withOptions } from '../shared/options.js';
import { importPeer } from '../shared/peer.js';
import { PACKAGES, tensorflow } from './tensorflow.js';

/**
 * TensorFlow on an NVIDIA GPU, in Node, by the optional peer `@tensorflow/tfjs-node-gpu` (4.22, Node 22 or older, CUDA
 * 11.2, cuDNN 8.1): its kernels one after another, unfused. `BackendUnavailable` where it is not installed, its native
 * library does not work, or there is no GPU for it, says what to do.
 *
 * Before it loads the library it sets `TF_DETERMINISTIC_OPS=1` (a run repeats to the bit) and `NVIDIA_TF32_OVERRIDE=0`
 * (products in float32) in the environment of the process, unless they are set: set them to `0` and `1` for speed. All memory of
 * the GPU is taken at once, unless `TF_FORCE_GPU_ALLOW_GROWTH=true`.
 *
 * @example
 * const doubled = pipe(
 *   compile(program({ x: '2' }, ({ x }) => add(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 2) })),
 *   RTE.flatMap(read),
 *   using(pipe(nodeGpu(), TE.orElse(() => wasm()))), // where there is no such GPU
 * )
 * await doubled() // → E.right([2, 4])
 */
export const nodeGpu = withOptions('the node-gpu backend', noOptions, () =>
  tensorflow(PACKAGES.nodeGpu, importPeer),
);
