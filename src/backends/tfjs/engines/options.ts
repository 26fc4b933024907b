import { exactly } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';

/** Location of tfjs's `.wasm` files: a folder (ending in `/`), or the path or URL of each file by its name. */
export type WasmPaths = string | Readonly<Record<string, string>>;

export interface TfjsWasmOptions {
  /**
   * Location of the `.wasm` files of `@tensorflow/tfjs-backend-wasm`, which a page must serve: a folder (ending in `/`), or the
   * URL of each file by its name. Default: in Node the installed package, elsewhere the folder of the program.
   */
  readonly paths?: WasmPaths;
}

export const tfjsWasmOptions: t.Type<TfjsWasmOptions> = exactly(
  {},
  { paths: t.union([t.string, t.readonly(t.record(t.string, t.string))]) },
);
