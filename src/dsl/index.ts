/** `noisefold/dsl`: shapes, tensors, programs, operations, derivatives, random keys, and the interface of backends. */
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
} from './graph/tensor.js';
export type { Add, Double, Extent, Extents, Half, Wide, Widened } from './types/dim.js';
export type { ExtentAt, Insert, Permuted, Replace, Without } from './types/shape.js';
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
} from './graph/spec.js';
export { type Leaf, leaves, mapLeaves, zipLeaves } from './types/tree.js';
export { mapTensors, tensorsOf, zipTensors } from './transforms/tensors.js';
export { type RaveledLeaf, type Raveling, raveling, type Vectors } from './transforms/raveling.js';
export { program, type Program } from './graph/program.js';
export { compile, type CompileOptions } from './run/compile.js';
export type { At, Executable, Feed, Resident } from './run/executable.js';
export { evaluate, type Numbers } from './run/evaluate.js';
export { type Carried, iterate, type Iteration } from './run/iterate.js';
export type { StopSignal } from '../internal/stop.js';
export { nonFiniteOrigin } from './run/nonFinite.js';
export { explain, type ExplainedCall, showExplanation } from './run/explain.js';
export type { Effect, Task } from './run/effect.js';
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
} from './run/value.js';
export type { Grads } from './transforms/grads.js';
export { grad, valueAndGrad, valueAuxAndGrad, vjp } from './transforms/gradient.js';
export { jvp } from './transforms/jvp.js';
export { customVjp } from './transforms/customVjp.js';
export { checkpoint } from './transforms/checkpoint.js';
export { vmap, type Vmap } from './transforms/vmap.js';
export { scan } from './transforms/scan.js';
export type { Batched } from './transforms/leading.js';
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
} from './random/keys.js';
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
} from './ops/elementwise/unary.js';
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
} from './ops/elementwise/binary.js';
export { acos, asin, atan2 } from './ops/elementwise/trigonometric.js';
export { cosh, sinh } from './ops/elementwise/hyperbolic.js';
export { log2 } from './ops/elementwise/logarithm.js';
export { elu, leakyRelu } from './ops/elementwise/rectifier.js';
export { norm } from './ops/reduction/norm.js';
export { cumprod } from './ops/reduction/cumprod.js';
export { take, takeAlong } from './ops/indexing/take.js';
export { argsort, sort } from './ops/indexing/sort.js';
export { einsum, type Einsum } from './ops/network/einsum.js';
export { addBias, addPerSample, mulPerSample, scaleBy, scaleChannels } from './ops/shape/broadcast.js';
export { broadcastLike, broadcastTo, expandDims, reshape, squeeze, transpose } from './ops/shape/reshape.js';
export { flip, halve, pad, roll, slice, split } from './ops/shape/slicing.js';
export { concat, concatAll, stack, tile } from './ops/shape/joining.js';
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
} from './ops/reduction/reduction.js';
export { gather, oneHot, scatterAdd } from './ops/indexing/indexing.js';
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
export { type Affine, batchedMatmul, linear, matmul } from './ops/network/linear.js';
export {
  averagePool,
  conv2d,
  type Convolution,
  depthwiseConv2d,
  downsample,
  upsample,
} from './ops/image/convolution.js';
export { convTranspose2d, type TransposedConvolution } from './ops/image/transposedConvolution.js';
export { averagePooling, maxPool, maxPooling, type Pooling } from './ops/image/pooling.js';
export { resizeBilinear, resizeNearest } from './ops/image/resize.js';
export { gelu, logSoftmax, silu, softmax } from './ops/elementwise/activation.js';
export {
  groupNorm,
  layerNorm,
  rmsNorm,
  type ScaleAndShift,
  standardizeGroups,
} from './ops/network/normalization.js';
export { attention, type AttentionOptions } from './ops/network/attention.js';
export { pixelShuffle, pixelUnshuffle } from './ops/image/pixelShuffle.js';
export { sinusoid, type SinusoidLayout, type SinusoidOptions } from './ops/network/sinusoid.js';
export { rearrange } from './ops/shape/rearrange.js';
export type { Rearranged } from './types/rearrangement.js';
export type { Product, Quotient } from './types/product.js';
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
} from './compile/backend.js';
export type { Call, Plan } from './compile/plan.js';
