export {
  abs,
  atan,
  cast,
  ceil,
  clip,
  cos,
  erf,
  exp,
  expm1,
  floor,
  isFinite,
  log,
  log1p,
  neg,
  not,
  reciprocal,
  relu,
  round,
  rsqrt,
  sigmoid,
  sign,
  sin,
  softplus,
  sqrt,
  square,
  stopGradient,
  tan,
  tanh,
} from './unary.js';
export {
  add,
  and,
  type Arithmetic,
  type Comparison,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mod,
  mul,
  notEqual,
  or,
  pow,
  select,
  type Select,
  sub,
} from './binary.js';
export { addBias, addPerSample, mulPerSample, scaleBy, scaleChannels } from './broadcast.js';
export { broadcastLike, broadcastTo, expandDims, reshape, squeeze, transpose } from './reshape.js';
export { flip, halve, pad, slice, split } from './slicing.js';
export { concat, concatAll, stack, tile } from './joining.js';
export {
  all,
  any,
  argmax,
  cumsum,
  logSumExp,
  max,
  maxOver,
  mean,
  meanOver,
  meanPerSample,
  min,
  minOver,
  prod,
  sum,
  sumOver,
  sumPerSample,
  topK,
  type TopK,
  variance,
} from './reduction.js';
export { gather, oneHot, scatterAdd } from './indexing.js';
export {
  constantOf,
  fullLike,
  fullOf,
  iota,
  ones,
  onesLike,
  scalar,
  table,
  zeros,
  zerosLike,
} from './constants.js';
export { type Affine, batchedMatmul, linear, matmul } from './linear.js';
export { averagePool, conv2d, type Convolution, convolution, downsample, upsample } from './convolution.js';
export { gelu, logSoftmax, silu, softmax } from './activation.js';
export { groupNorm, layerNorm, type ScaleAndShift, standardizeGroups } from './normalization.js';
export { attention } from './attention.js';
export type { Numeric } from './operand.js';
