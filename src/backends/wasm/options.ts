import { exactly } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';

/** Location of tfjs's `.wasm` files: a folder (ending in `/`), or the path or URL of each file by its name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

export interface WasmOptions {
  /** Location of tfjs's `.wasm` files. Required outside of Node; in Node the default is the installed package. */
  readonly paths?: WasmPaths;
}

export const wasmOptions: t.Type<WasmOptions> = exactly(
  {},
  { paths: t.union([t.string, t.record(t.string, t.string)], 'a folder, or paths by name') },
);
