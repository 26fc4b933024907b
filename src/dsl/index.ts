/** `noisefold/dsl`: shapes, tensors, programs, derivatives, keys, and what a backend is. */
export {
  type AnyTensor,
  ascribe,
  ascribeLike,
  type Dim,
  dims,
  type DType,
  dtypeOf,
  isTensor,
  type Key,
  type Scalar,
  type Shape,
  type Tensor,
} from './tensor.js';
export type { Add, Double, Extent, Extents, Half, Wide, Widened } from './dim.js';
export type { ExtentAt, Insert, Permuted, Replace, Without } from './shape.js';
export {
  attempt,
  errorIn,
  type ErrorTag,
  type Explanation,
  fail,
  failure,
  type NoisefoldError,
  raise,
  showShape,
  type ThrownError,
} from './errors.js';
export {
  type Bindings,
  type CheckedSpec,
  evaluateDim,
  extentsOf,
  fillSpec,
  isLeafSpec,
  leafSpec,
  type LeafSpec,
  type Of,
  parseSpec,
  type ShapeOf,
  type Spec,
  symbolsOf,
  type Syms,
  treeSpec,
  type TreeSpec,
} from './spec.js';
export { type Leaf, leaves, mapLeaves, zipLeaves } from './tree.js';
export { mapTensors, tensorsOf, zipTensors } from './tensors.js';
export { type RaveledLeaf, type Raveling, raveling, type Vectors } from './raveling.js';
export { program, type Program } from './program.js';
export { compile, type CompileOptions } from './compile.js';
export type { At, Executable, Feed, Resident } from './executable.js';
export { evaluate, type Numbers } from './evaluate.js';
export { type Carried, iterate, type Iteration } from './iterate.js';
export type { StopSignal } from '../internal/stop.js';
export { nonFiniteOrigin } from './nonFinite.js';
export { explain, type ExplainedCall, showExplanation } from './explain.js';
export type { Effect, Task } from './effect.js';
export {
  type AnyValue,
  askBackend,
  isValue,
  read,
  type Read,
  release,
  upload,
  using,
  type Value,
  valueShape,
} from './value.js';
export type { Grads } from './grads.js';
export { grad, valueAndGrad, valueAuxAndGrad, vjp } from './gradient.js';
export { jvp } from './jvp.js';
export { customVjp } from './customVjp.js';
export { checkpoint } from './checkpoint.js';
export { vmap, type Vmap } from './vmap.js';
export { scan } from './scan.js';
export type { Batched } from './leading.js';
export {
  bernoulli,
  bernoulliLike,
  type Draw,
  foldIn,
  fork,
  key,
  normal,
  normalLike,
  permutation,
  randint,
  randintLike,
  type RandomKey,
  uniform,
  uniformLike,
} from './keys.js';
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
} from './ops/unary.js';
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
  sub,
  where,
  type Where,
} from './ops/binary.js';
export { acos, asin, atan2 } from './ops/trigonometric.js';
export { cosh, sinh } from './ops/hyperbolic.js';
export { log2 } from './ops/logarithm.js';
export { elu, leakyRelu } from './ops/rectifier.js';
export { norm } from './ops/norm.js';
export { cumprod } from './ops/cumprod.js';
export { roll } from './ops/roll.js';
export { take, takeAlong } from './ops/take.js';
export { argsort, sort } from './ops/sort.js';
export { rmsNorm } from './ops/rmsNorm.js';
export { einsum, type Einsum } from './ops/einsum.js';
export { addBias, addPerSample, mulPerSample, scaleBy, scaleChannels } from './ops/broadcast.js';
export { broadcastLike, broadcastTo, expandDims, reshape, squeeze, transpose } from './ops/reshape.js';
export { flip, halve, pad, slice, split } from './ops/slicing.js';
export { concat, concatAll, stack, tile } from './ops/joining.js';
export {
  all,
  any,
  argmax,
  cumsum,
  logSumExp,
  max,
  mean,
  meanPerSample,
  min,
  prod,
  sum,
  sumPerSample,
  topK,
  type Reduction,
  type TopK,
  variance,
} from './ops/reduction.js';
export { gather, oneHot, scatterAdd } from './ops/indexing.js';
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
} from './ops/constants.js';
export { type Affine, batchedMatmul, linear, matmul } from './ops/linear.js';
export {
  averagePool,
  conv2d,
  type Convolution,
  depthwiseConv2d,
  downsample,
  upsample,
} from './ops/convolution.js';
export { convTranspose2d, type TransposedConvolution } from './ops/transposedConvolution.js';
export { averagePooling, maxPool, maxPooling, type Pooling } from './ops/pooling.js';
export { resizeBilinear, resizeNearest } from './ops/resize.js';
export { gelu, logSoftmax, silu, softmax } from './ops/activation.js';
export { groupNorm, layerNorm, type ScaleAndShift, standardizeGroups } from './ops/normalization.js';
export { attention, type AttentionOptions } from './ops/attention.js';
export { pixelShuffle, pixelUnshuffle } from './ops/pixelShuffle.js';
export { sinusoid, type SinusoidLayout, type SinusoidOptions } from './ops/sinusoid.js';
export { rearrange } from './ops/rearrange.js';
export type { Rearranged } from './rearrangement.js';
export type { Product, Quotient } from './product.js';
export type { Numeric } from './ops/operand.js';
export type {
  Backend,
  BackendStats,
  Capabilities,
  DeviceBuffer,
  HostArray,
  KeyWords,
  Runner,
  Slot,
} from './backend.js';
export type { Call, Plan } from './plan.js';
