/**
 * A region: one fused loop nest of elementwise operations, movements and reductions. Backends emit it as JavaScript,
 * WebAssembly SIMD or WGSL.
 *
 * The loops run over `extents`, outermost first. Each iteration evaluates `body`, a scalar program in single-assignment
 * form, whose loads address element `offset + Σ index·stride` of a buffer. Each store writes the value of an assignment,
 * or its reduction over the last `reduced` loops, to an address that depends on the other loops.
 */
import type { BinaryFn, DType, ReduceFn, UnaryFn } from './node.js';

/** The dtypes with numbers in memory; bools are 0 and 1. */
export type NumberType = Exclude<DType, 'key'>;

/** A strided view of a buffer, in elements. */
export interface Access {
  /** An index into {@link Plan.buffers}. */
  readonly buffer: number;
  readonly offset: number;
  /** One stride for each loop; negative strides run backwards, 0 repeats. */
  readonly strides: readonly number[];
}

/** One assignment; operands are indices of earlier assignments. */
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

/**
 * Lists the positions of the assignments that an assignment uses.
 * @example
 * operandsOf({ op: 'binary', fn: 'mul', a: 0, b: 2, dtype: 'float32' }) // → [0, 2]
 * operandsOf({ op: 'load', load: 1, dtype: 'float32' }) // → []
 */
export const operandsOf = (a: Assignment): readonly number[] => {
  switch (a.op) {
    case 'unary':
    case 'cast':
      return [a.a];
    case 'binary':
      return [a.a, a.b];
    case 'select':
      return [a.condition, a.a, a.b];
    default:
      return [];
  }
};

/** The assignment with other operands. */
export const withOperands = (a: Assignment, to: (operand: number) => number): Assignment => ({
  ...a,
  ...('condition' in a && { condition: to(a.condition) }),
  ...('a' in a && { a: to(a.a) }),
  ...('b' in a && { b: to(a.b) }),
});

/** A strided view of a buffer that a region writes. */
export interface Store extends Access {
  /** The assignment whose value is stored. */
  readonly value: number;
  /** The reduction over the reduced loops, whose strides are 0; null if there are none. */
  readonly reduce: ReduceFn | null;
}

/** One fused loop nest: it loads from buffers, computes a scalar program in each iteration, and stores its results. */
export interface Region {
  readonly extents: readonly number[];
  /** The number of reduced loops, which are the last ones. */
  readonly reduced: number;
  readonly loads: readonly Access[];
  readonly body: readonly Assignment[];
  readonly stores: readonly Store[];
}

/** For each assignment, true if a stored value depends on it or is its value. */
export const liveIn = (body: readonly Assignment[], stores: readonly Pick<Store, 'value'>[]): readonly boolean[] => {
  const live = new Set(stores.map(({ value }) => value));
  for (let at = body.length - 1; at >= 0; at--)
    if (live.has(at)) for (const operand of operandsOf(body[at]!)) live.add(operand);
  return body.map((_, at) => live.has(at));
};

/** Formats an assignment. Assignments with equal keys have equal values if their operands and loads have equal values. */
export const assignmentKey = (a: Assignment): string => `${a.dtype[0]}${valueKey(a)}`;

const valueKey = (a: Assignment): string => {
  switch (a.op) {
    case 'load':
      return `l${a.load}`;
    case 'constant':
      return `c${Object.is(a.value, -0) ? '-0' : a.value}`;
    case 'index':
      return `i${a.offset}+${a.strides.join()}`;
    case 'unary':
      return `${a.fn}${a.a}`;
    case 'binary':
      return `${a.fn}${a.a},${a.b}`;
    case 'select':
      return `s${a.condition},${a.a},${a.b}`;
    case 'cast':
      return `t${a.a}`;
  }
};

/**
 * The initial value of a reduction, which is also its value over no elements.
 * @example
 * identityOf('sum', 'float32') // → 0
 * identityOf('max', 'int32') // → -2147483648
 */
export const identityOf = (fn: ReduceFn, dtype: NumberType): number => {
  if (fn === 'sum') return 0;
  if (fn === 'prod') return 1;
  const [low, high] = dtype === 'float32' ? [-Infinity, Infinity] : [-2147483648, 2147483647];
  return fn === 'max' ? low : high;
};
