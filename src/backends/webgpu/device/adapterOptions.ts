import { oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf } from '../../../internal/schema.js';

export const adapterOptions = {
  /** Preference among several GPUs. Default: `high-performance`. */
  powerPreference: optional(oneOf('high-performance', 'low-power')),
  /** Requests the software-emulated (fallback) adapter. Default: false. */
  fallback: optional(t.boolean),
  /** Rejects software-emulated adapters, which run on the CPU: `wasm()` is faster there. Default: false. */
  hardware: optional(t.boolean),
};

/** Selects the adapter. */
export interface AdapterOptions extends OptionsOf<typeof adapterOptions> {}
