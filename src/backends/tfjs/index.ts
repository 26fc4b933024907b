export { tfjs, type TfjsEngine, type TfjsOptions, type TfjsWasmOptions } from './tfjs.js';
