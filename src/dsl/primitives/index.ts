export { axisOf } from './checks.js';
export * from './source.js';
export * from './movement.js';
export * from './elementwise.js';
export * from './reduction.js';
export * from './indexing.js';
export * from './products.js';
export * from './marker.js';
