import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';

/** Selects the adapter. */
export interface AdapterOptions {
  /** Preference among several GPUs. Default: `high-performance`. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** Requests the software-emulated (fallback) adapter. Default: false. */
  readonly fallback?: boolean;
  /** Rejects software-emulated adapters, which run on the CPU: `wasm()` is faster there. Default: false. */
  readonly hardware?: boolean;
}

export const adapterOptions: t.Type<AdapterOptions> = exactly(
  {},
  {
    powerPreference: t.keyof({ 'high-performance': null, 'low-power': null }),
    fallback: t.boolean,
    hardware: t.boolean,
  },
);
