/** Which adapter to ask for. */
export interface AdapterOptions {
  /** Of several GPUs the fast one, if nothing is said. */
  readonly powerPreference?: 'high-performance' | 'low-power';
  /** The adapter that computes in software, where there is one. */
  readonly fallback?: boolean;
  /** Refuses an adapter that computes in software, on the CPU: `wasm()` is faster there. */
  readonly hardware?: boolean;
}
