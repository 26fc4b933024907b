/** Where tfjs's `.wasm` files are: a folder (ending in `/`), or the path or URL of each by its name. */
export type WasmPaths = string | Readonly<Record<string, string>>;
