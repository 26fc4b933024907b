import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';

export interface WasmOptions {
  /**
   * True for equal bits on all machines: no fused multiply-add, which rounds a·b + c once where the processor and the engine
   * have it. Default false: sums of products are about twice as fast.
   */
  readonly portable?: boolean;
}

export const wasmOptions: t.Type<WasmOptions> = exactly({}, { portable: t.boolean });
