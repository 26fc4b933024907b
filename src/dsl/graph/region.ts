/**
 * A region: one fused loop nest, the form in which elementwise work, movement and reductions reach a
 * backend. It is emitted as JavaScript, WebAssembly SIMD or WGSL from this one description.
 *
 * The loops run over `extents`, outermost first; the last `reduced` of them are summed over (or
 * whatever the stores say). Each iteration evaluates `body`, a scalar program in single assignment,
 * whose loads address `offset + Σ index·stride` elements of a view. A store addresses by the loops
 * that are kept, and takes the value as it is (no reduced loops) or its reduction over them.
 */
import type { BinaryFn, DType, ReduceFn, UnaryFn } from './node.js';

/** The dtypes that have numbers in memory, one element each: bools are 0 and 1. */
export type NumberType = Exclude<DType, 'key'>;

/** Elements of a buffer, seen with strides; `offset` and `strides` count elements. */
export interface Access {
  /** An index into {@link Plan.buffers}. */
  readonly buffer: number;
  readonly offset: number;
  /** One stride for each loop; negative runs backwards, 0 repeats. */
  readonly strides: readonly number[];
}

/** One assignment; operands are positions of earlier assignments. */
export type Assignment = { readonly dtype: NumberType } & (
  | { readonly op: 'load'; readonly load: number }
  | { readonly op: 'constant'; readonly value: number }
  /** `offset + Σ index·stride` of the loops, as a number. */
  | { readonly op: 'index'; readonly offset: number; readonly strides: readonly number[] }
  | { readonly op: 'unary'; readonly fn: UnaryFn; readonly a: number }
  | { readonly op: 'binary'; readonly fn: BinaryFn; readonly a: number; readonly b: number }
  | { readonly op: 'select'; readonly condition: number; readonly a: number; readonly b: number }
  | { readonly op: 'cast'; readonly a: number }
);

export interface Store extends Access {
  /** The assignment whose value is stored. */
  readonly value: number;
  /** The reduction over the reduced loops; null where the region has none. Strides of reduced loops are 0. */
  readonly reduce: ReduceFn | null;
}

export interface Region {
  readonly extents: readonly number[];
  /** The number of loops, counted from the last, that are reduced. */
  readonly reduced: number;
  readonly loads: readonly Access[];
  readonly body: readonly Assignment[];
  readonly stores: readonly Store[];
}

/** The first value of a reduction: its value over no elements. */
export const identityOf = (fn: ReduceFn, dtype: NumberType): number => {
  if (fn === 'sum') return 0;
  if (fn === 'prod') return 1;
  const [low, high] = dtype === 'float32' ? [-Infinity, Infinity] : [-2147483648, 2147483647];
  return fn === 'max' ? low : high;
};
