export { wasm, type WasmOptions, type WasmPaths } from './backend.js';
