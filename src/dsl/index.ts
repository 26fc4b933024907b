/** `noisefold/dsl`: shapes, tensors, programs, operations, derivatives, and random keys. */
export {
  type AnyTensor,
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
} from '../internal/errors.js';
export {
  type Bindings,
  type CheckedSpec,
  extentsOf,
  fillSpec,
  isLeafSpec,
  leafSpec,
  type LeafSpec,
  type Of,
  parseSpec,
  type Program,
  program,
  type ShapeOf,
  type Spec,
  symbolsOf,
  type Syms,
  treeSpec,
  type TreeSpec,
} from './graph/spec.js';
export { type Leaf, leaves, mapLeaves, zipLeaves } from './types/tree.js';
export type { FloatStorage } from './types/storage.js';
export { compile, type CompileOptions, evaluate, type Numbers } from './run/compile.js';
export type { At, Executable, Feed, Resident } from './run/executable.js';
export * from './run/iterate.js';
export type { StopSignal } from '../internal/stop.js';
export { nonFiniteOrigin } from './run/nonFinite.js';
export * from './run/explain.js';
export { storeAs } from './run/storeAs.js';
export { measurePeak, type Peak } from './run/peak.js';
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
  valueStorage,
} from './run/value.js';
export { mapTensors, tensorsOf, zipTensors } from './transforms/tensors.js';
export { type RaveledLeaf, raveling, type Raveling, type Vectors } from './transforms/raveling.js';
export type { Grads } from './transforms/grads.js';
export * from './transforms/gradient.js';
export * from './transforms/customVjp.js';
export * from './transforms/checkpoint.js';
export * from './transforms/vmap.js';
export * from './transforms/scan.js';
export { type Elementwise, onHost } from './transforms/onHost.js';
export type { Batched } from './transforms/leading.js';
export * from './random/keys.js';
export { pipe } from './ops/pipe.js';
export * from './ops/elementwise/unary.js';
export * from './ops/elementwise/binary.js';
export * from './ops/elementwise/activation.js';
export * from './ops/network/einsum.js';
export * from './ops/shape/reshape.js';
export { flip, halve, pad, roll, slice, split } from './ops/shape/slicing.js';
export * from './ops/shape/joining.js';
export * from './ops/reduction/reduction.js';
export * from './ops/indexing/indexing.js';
export * from './ops/constants.js';
export * from './ops/network/linear.js';
export { conv2d, type Convolution, depthwiseConv2d, downsample } from './ops/image/convolution.js';
export { convTranspose2d, type TransposedConvolution } from './ops/image/transposedConvolution.js';
export * from './ops/image/pooling.js';
export * from './ops/image/resize.js';
export { groupNorm, layerNorm, rmsNorm, type ScaleAndShift, standardizeGroups } from './ops/network/normalization.js';
export * from './ops/network/attention.js';
export { sinusoid, type SinusoidLayout, type SinusoidOptions } from './ops/network/sinusoid.js';
export * from './ops/shape/rearrange.js';
export type { Rearranged } from './types/rearrangement.js';
export type * from './types/product.js';
export type { Numeric } from './ops/operand.js';
export type { Backend, HostArray } from './plan/backend.js';
