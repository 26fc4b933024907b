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
  type ErrorTag,
  type Explanation,
  fail,
  failure,
  type NoisefoldError,
  raise,
  showShape,
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
export { program, type Program } from './program.js';
export { type At, compile, type CompileOptions, type Executable, type Feed } from './compile.js';
export { explain, type ExplainedCall, showExplanation } from './explain.js';
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
export { grad, type Grads, valueAndGrad, vjp } from './gradient.js';
export {
  bernoulli,
  bernoulliLike,
  foldIn,
  fork,
  key,
  normal,
  normalLike,
  permutation,
  type RandomKey,
  uniform,
  uniformLike,
} from './keys.js';
export * from './ops/index.js';
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
