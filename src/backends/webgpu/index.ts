export { type AdapterOptions, webgpu } from './webgpu.js';
