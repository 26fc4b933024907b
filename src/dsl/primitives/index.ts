export { add, barrier, binary, cast, constant, div, full, iota, mul, neg, scale, select, shift, stopGradient, sub, unary, zerosLike } from './elementwise.js'; // prettier-ignore
export { axisOf, broadcast, concat, expandDims, flip, pad, reshape, slice, transpose } from './movement.js';
export { argmax, cumsum, reduce, reduceKeeping, topKIndices } from './reduction.js';
export { gather, scatterAdd } from './indexing.js';
export { dot } from './dot.js';
export { conv2d, dilated } from './conv.js';
export { deriveKey, random } from './random.js';
export { composite, decomposition } from './composite.js';
