/**
 * The contract of a primitive. A primitive's file holds its constructor, which checks shapes and dtypes, and its
 * record: the rules that the passes look up. `table.ts` holds all records.
 */
import type {
  Anchor,
  ConstantData,
  ConvAttributes,
  Distribution,
  DType,
  Node,
  NodeOf,
  Op,
  ReduceFn,
} from '../graph/node.js';
import type { Assignment, NumberType } from '../graph/region.js';

export type OfOne = (x: Node) => Node;
export type OfTwo = (a: Node, b: Node) => Node;
type OfOneName = 'zerosLike' | 'neg' | 'sign' | 'floor' | 'exp' | 'log' | 'reciprocal' | 'sin' | 'cos';
type OfTwoName = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'max' | 'min' | 'equal' | 'less' | 'and';
type Numbers = readonly number[];

/**
 * The constructors, as a rule calls them. They are passed to it because primitives refer to each other in circles: the
 * derivative of a slice is a pad, and that of a pad is a slice. So their files need not import each other.
 */
export interface Build extends Readonly<Record<OfOneName, OfOne>>, Readonly<Record<OfTwoName, OfTwo>> {
  /** `1 − x` */
  readonly oneMinus: OfOne;
  /** One number, repeated over a shape; float32 by default. */
  readonly full: (value: number, shape: Numbers, dtype?: DType) => Node;
  readonly iota: (shape: Numbers, axis: number, dtype?: 'float32' | 'int32') => Node;
  readonly select: (condition: Node, onTrue: Node, onFalse: Node) => Node;
  readonly cast: (x: Node, dtype: 'float32' | 'int32' | 'bool') => Node;

  readonly reshape: (x: Node, shape: Numbers) => Node;
  readonly transpose: (x: Node, permutation: Numbers) => Node;
  readonly broadcast: (x: Node, shape: Numbers) => Node;
  readonly slice: (x: Node, start: Numbers, size: Numbers, strides?: Numbers, name?: string) => Node;
  readonly flip: (x: Node, axes: Numbers) => Node;
  readonly pad: (x: Node, low: Numbers, high: Numbers, interior?: Numbers, value?: number) => Node;
  readonly concat: (parts: readonly Node[], axis: number) => Node;
  /** Inserts axes of extent 1 at the given places of the result. */
  readonly expandDims: (x: Node, axes: Numbers) => Node;

  readonly reduce: (fn: ReduceFn, x: Node, axes: Numbers) => Node;
  /** A reduction whose axes stay, with extent 1. */
  readonly reduceKeeping: (fn: ReduceFn, x: Node, axes: Numbers) => Node;
  readonly gather: (x: Node, indices: Node) => Node;
  readonly scatterAdd: (indices: Node, updates: Node, size: number) => Node;
  readonly conv2d: (image: Node, kernel: Node, attributes?: Partial<ConvAttributes>) => Node;
  /** The cotangent of a convolution's kernel, `[KH, KW, C/groups, D]`, from the image and the cotangent. */
  readonly filterGradient: (
    image: Node,
    cotangent: Node,
    attributes: ConvAttributes,
    kernel: readonly [number, number],
  ) => Node;

  /** `x · s` for a plain number s. */
  readonly scale: (x: Node, s: number) => Node;
  /** `x + s` for a plain number s. */
  readonly shift: (x: Node, s: number) => Node;
}

/** A node of a graph over a batch. */
export interface Operand {
  readonly node: Node;
  /** True if the node has the batch axis, its first; false if it is the same for all examples. */
  readonly mapped: boolean;
}

/** The functions that a `vmap` rule may call. */
export interface BatchBuild extends Build {
  /** Returns the operand with a batch axis. Repeats an operand without one along a new axis. */
  readonly spread: (operand: Operand, extent: number) => Node;
  /** Moves one axis. The result is a view if it passes only axes of extent 1. */
  readonly moveAxis: (x: Node, from: number, to: number) => Node;
  /** A graph over a batch, where `images` have the leading axis. */
  readonly batched: (roots: readonly Node[], images: ReadonlyMap<Node, Operand>, extent: number) => readonly Operand[];
}

/** The number that all elements of a node are known to have, or null. */
export type UniformOf = (n: Node) => number | null;

/** The rules of one primitive. They build primitives, so a derivative has a derivative, and a batch a batch. */
export interface Primitive<K extends Op> {
  /** Calls the constructor again with the inputs and attributes of a node: the verifier compares shape and dtype. */
  readonly rebuild: (n: NodeOf<K>) => Node;
  /**
   * The cotangents of the inputs, from the cotangent `g` of the result; null for an input without one. The rule is null
   * if the primitive has no derivative.
   */
  readonly derivative: ((n: NodeOf<K>, g: Node, build: Build) => readonly (Node | null)[]) | null;
  /**
   * The node for a batch of `extent` examples, `[extent, ...shape]`, from its operands, at least one of which is mapped.
   * The rule is null if the primitive has no operands to map.
   */
  readonly vmap: ((n: NodeOf<K>, operands: readonly Operand[], extent: number, build: BatchBuild) => Node) | null;
  /** The result if an operand has no elements but the result has some; null if this cannot happen. */
  readonly ofNothing: ((n: NodeOf<K>, build: Build) => Node) | null;
  readonly lowering: Lowering<NodeOf<K>>;
  /** An equal node that is simpler, or the node itself. NaN and infinity stay: `x · 0` is not 0. */
  readonly simplify?: (n: NodeOf<K>, uniformOf: UniformOf, build: Build) => Node;
  /** The name of the node in explanations; default: the name of the primitive. */
  readonly label?: (n: NodeOf<K>) => string;
  /** The part of operand i that the result depends on; default: all of it. */
  readonly used?: (n: NodeOf<K>, i: number, build: Build) => Node;
  /** True if a node is equal only to itself. Sharing does not merge it, and simplification does not look through it. */
  readonly isUnique?: true;
  /** True if operands after the first only have to be computed before the node. */
  readonly awaits?: true;
}

/** The lowering of a primitive, by class. */
export type Lowering<N> =
  /** Its numbers exist before a run: `data`, or null for an input. Regions inline a constant of one number. */
  | { readonly class: 'source'; readonly data: ((n: N) => ConstantData) | null }
  /** Computed element by element, so that it can be part of any region. */
  | {
      readonly class: 'elementwise';
      /** The cost of an element, in additions. */
      readonly arithmetic: (n: N) => number;
      /** The assignment of an element, of a dtype; `operands` are the assignments of its operands' elements. */
      readonly scalar: (n: N, operands: readonly number[], dtype: NumberType) => Scalar;
      /** True if it compares its operands for equality. */
      readonly isEquality?: (n: N) => boolean;
    }
  | Movement<N>
  /** Written into its own buffer by its own regions. */
  | { readonly class: 'region'; readonly written: (n: N) => Written }
  /** A kernel on views; null if there is no kernel for the node. */
  | { readonly class: 'anchor'; readonly anchor: (n: N) => Anchor | null }
  /** A kernel on dense tensors. */
  | { readonly class: 'library' }
  | { readonly class: 'random'; readonly distribution: (n: N) => Distribution }
  /** A key that the host derives from another one and two words. */
  | { readonly class: 'key'; readonly words: (n: N) => readonly [number, number] };

/** The elements of its first operand at other indices. */
export interface Movement<N> {
  readonly class: 'movement';
  /**
   * The index into the operand at an index of the result. `same`: the index itself. `regrouped`: the index of the
   * element with the same row-major number.
   */
  readonly index: 'same' | 'regrouped' | ((n: N) => Index);
  /** True if elements of the operand are repeated. */
  readonly repeats?: true;
  /** True if the result is a part of the operand, which may be contiguous in memory. */
  readonly isPart?: true;
}

export type Class = Lowering<Node>['class'];

/** An assignment of a region; `index` is the index along an axis. */
export type Scalar =
  Exclude<Assignment, { op: 'index' }> | { readonly op: 'index'; readonly axis: number; readonly dtype: NumberType };

/**
 * The index along axis a of the operand, from the index i of the result: `offsets[a] + scales[a] · i[axes[a]]`, with
 * the defaults 0, 1 and a. An axis of null does not depend on i.
 */
export interface Index {
  readonly axes?: readonly (number | null)[];
  readonly scales?: readonly number[];
  readonly offsets?: readonly number[];
}

/** The content of a node, as regions write it: a reduction of its first operand, or pieces on a background. */
export type Written =
  | { readonly reduce: ReduceFn; readonly axes: readonly number[] }
  | { readonly reduce: null; readonly background: number | null; readonly pieces: readonly Piece[] };

/** The place of an operand in the result: its first index, and the steps between its elements. */
export interface Piece {
  readonly operand: Node;
  readonly start: readonly number[];
  readonly steps: readonly number[];
}

/** The lowering of a primitive that backends run as a separate call. */
export const LIBRARY = { class: 'library' } as const;

/** The rules of a primitive with key operands only: it has no derivative and is the same for all examples. */
export const LEAF = { derivative: null, vmap: null, ofNothing: null } as const;
