import { noOptions, withOptions } from '../shared/options.js';
import { importPeer } from '../shared/peer.js';
import { PACKAGES, tensorflow } from './tensorflow.js';

/**
 * Runs programs on TensorFlow on the CPU, in Node, with the optional peer `@tensorflow/tfjs-node` (4.22, Node 22 or
 * older). It runs TensorFlow's kernels one after another, unfused, on all cores. Fails with `BackendUnavailable`, which
 * says what to do, if the package is not installed or its native library does not work.
 * @example
 * const doubled = pipe(
 *   compile(program({ x: '2' }, ({ x }) => add(x, x)), {}),
 *   RTE.flatMapTaskEither(({ run }) => run({ x: Float32Array.of(1, 2) })),
 *   RTE.flatMap(read),
 *   using(pipe(node(), TE.orElse(() => wasm()))), // falls back to wasm if tfjs-node is not installed
 * )
 * await doubled() // → E.right([2, 4])
 */
export const node = withOptions('the node backend', noOptions, () => tensorflow(PACKAGES.node, importPeer));
