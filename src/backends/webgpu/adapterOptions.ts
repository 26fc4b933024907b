import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';

/** Which adapter to ask for. */
export interface AdapterOptions {
  /** Of several GPUs the fast one, if nothing is said. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** The adapter that computes in software, where there is one. */
  readonly fallback?: boolean;
  /** Refuses an adapter that computes in software, on the CPU: `wasm()` is faster there. */
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
