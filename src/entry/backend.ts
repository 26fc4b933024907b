/**
 * `noisefold/backend`: the interface of backends, for those who write one. A backend compiles a {@link Plan}, a list of calls on
 * buffers, to a {@link Runner}. Programs that use a backend need none of this.
 */
export type {
  Backend,
  BackendStats,
  Capabilities,
  DeviceBuffer,
  HostArray,
  KeyWords,
  Rounding,
  Runner,
  Slot,
} from '../dsl/plan/backend.js';
export {
  type Buffer,
  type Call,
  type KeyExpression,
  type LibraryNode,
  offsetOf,
  type Origin,
  type Plan,
  type PlanInput,
  type PlanOutput,
  readsOf,
  type Storage,
  type View,
  writesOf,
} from '../dsl/plan/plan.js';
export {
  type Access,
  type Assignment,
  identityOf,
  type NumberType,
  operandsOf,
  type Region,
  type Store,
} from '../dsl/graph/region.js';
export type {
  Anchor,
  AttentionAnchor,
  Attributes,
  BinaryFn,
  ConstantData,
  ConvAttributes,
  Op,
  ProductAnchor,
  ReduceFn,
  UnaryFn,
} from '../dsl/graph/node.js';
export { deriveWords, type Distribution, type RandomArray, randomInto } from '../internal/numerics/threefry.js';
