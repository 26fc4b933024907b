import { noOptions, withOptions } from '../shared/options.js';
import { importPeer } from '../shared/peer.js';
import { PACKAGES, tensorflow } from './tensorflow.js';

/**
 * TensorFlow on the CPU, in Node, by the optional peer `@tensorflow/tfjs-node` (4.22, Node 22 or older): its kernels one
 * after another, unfused, on all cores. `BackendUnavailable` where it is not installed, or its native library does not
 * work, says what to do.
 *
 * @example
 * const doubled = pipe(
 *   compile(program({ x: '2' }, ({ x }) => add(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 2) })),
 *   RTE.flatMap(read),
 *   using(pipe(node(), TE.orElse(() => wasm()))), // where it is not installed
 * )
 * await doubled() // → E.right([2, 4])
 */
export const node = withOptions('the node backend', noOptions, () => tensorflow(PACKAGES.node, importPeer));
