import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';

/** Where tfjs's `.wasm` files are: a folder (ending in `/`), or the path or URL of each by its name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

export interface WasmOptions {
  /** Needed outside of Node, where it is known. */
  readonly paths?: WasmPaths;
}

export const wasmOptions: t.Type<WasmOptions> = exactly(
  {},
  { paths: t.union([t.string, t.record(t.string, t.string)], 'a folder, or paths by name') },
);
