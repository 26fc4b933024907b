import { functionOf, oneOf, refined } from '../../internal/decode.js';
import { type io, t } from '../../internal/fp.js';
import { optional, type OptionsOf } from '../../internal/schema.js';
import { MOST_THREADS } from './memory/reserved.js';

const threadCount = refined(
  t.number,
  `an integer from 0 to ${MOST_THREADS}`,
  (n) => Number.isInteger(n) && n >= 0 && n <= MOST_THREADS,
);

export const wasmOptions = {
  /**
   * The number of threads: 1 to 64; more threads than cores give no further speed. Default: the number of cores.
   * Results have equal bits for any number of threads. In a browser, threads need a page that is isolated from others
   * (`crossOriginIsolated`); in other pages everything runs on the calling thread. With 0 everything runs on the
   * calling thread, the code of threads is not loaded, and the event loop gets no turns during a run: use it for small
   * programs in a worker of their own.
   */
  threads: optional(threadCount),
  /**
   * True for equal bits on all machines: no fused multiply-add, which rounds a·b + c once where the processor and the engine
   * have it. Default false: faster by a tenth to a half, depending on the processor.
   */
  portable: optional(t.boolean, false),
  /**
   * Pairing: V8 computes two vectors of 128 bits in one register of 256 bits, which makes kernels up to twice as fast, with
   * equal bits. Node 24 and later do it on x64 processors with AVX2, by V8's experimental flag
   * `--experimental-wasm-revectorize`, which then holds for all WebAssembly of the process that is compiled later. Default: the
   * flag is set in Node 24 and later, and a measurement of 60 ms at most, once per process, chooses the kernels. False: the
   * flag is not set, and kernels for 128 bits are used. True: an error if kernels for 256 bits are not faster here.
   */
  pairing: optional(t.boolean),
  /**
   * The kernels that the backend loads. `'products'`: those of matrix products, without convolutions and attention, for
   * a page whose programs have no images. Without these kernels attention is computed by matrix products, and a
   * convolution is a `ConfigError`. Default: `'all'`.
   */
  kernels: optional(oneOf('all', 'products')),
  /**
   * Receives a notice, once, if the threads cannot start and everything runs on the calling thread. Default: a warning in
   * the console.
   */
  onNotice: optional(functionOf<(notice: string) => io.IO<void>>('a function')),
};

/** The options of {@link wasm}. */
export interface WasmOptions extends OptionsOf<typeof wasmOptions> {}
