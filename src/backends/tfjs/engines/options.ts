import { t } from '../../../internal/fp.js';
import { optional, type OptionsOf } from '../../../internal/schema.js';

/** Location of tfjs's `.wasm` files: a folder (ending in `/`), or the path or URL of each file by its name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

export const tfjsWasmOptions = {
  /**
   * Location of the `.wasm` files of `@tensorflow/tfjs-backend-wasm`, which a page must serve: a folder (ending in `/`), or the
   * URL of each file by its name. Default: in Node the installed package, elsewhere the folder of the program.
   */
  paths: optional<WasmPaths>(t.union([t.string, t.record(t.string, t.string)])),
};

export interface TfjsWasmOptions extends OptionsOf<typeof tfjsWasmOptions> {}
