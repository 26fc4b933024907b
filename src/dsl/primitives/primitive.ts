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
  /** The gradient by the kernel of a convolution: `[KH, KW, C/groups, D]` from image and cotangent. */
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
  /** True if it has the new leading axis; otherwise it is the same for all examples. */
  readonly mapped: boolean;
}

/** The constructors, and what else a `vmap` rule calls. */
export interface BatchBuild extends Build {
  /** An operand with the leading axis, repeated along it if it had none. */
  readonly spread: (operand: Operand, extent: number) => Node;
  /** Moves one axis; a view where it passes only axes of extent 1. */
  readonly moveAxis: (x: Node, from: number, to: number) => Node;
  /** A graph over a batch, where `images` have the leading axis. */
  readonly batched: (
    roots: readonly Node[],
    images: ReadonlyMap<Node, Operand>,
    extent: number,
  ) => readonly Operand[];
}

/** The number that a node holds everywhere, or null. */
export type UniformOf = (n: Node) => number | null;

/** The rules of one primitive. Each is built of primitives, so derivatives have derivatives, and batches batches. */
export interface Primitive<K extends Op> {
  /** Calls the constructor again with the inputs and attributes of a node: the verifier compares shape and dtype. */
  readonly rebuild: (n: NodeOf<K>) => Node;
  /**
   * The cotangents of the inputs, from `g`, that of the result; null for an input that has none. Null where no
   * derivative passes.
   */
  readonly derivative: ((n: NodeOf<K>, g: Node, build: Build) => readonly (Node | null)[]) | null;
  /**
   * The node for a batch of `extent` examples, `[extent, ...shape]`, from its operands, at least one of which is
   * mapped. Null where no operand can be.
   */
  readonly vmap:
    ((n: NodeOf<K>, operands: readonly Operand[], extent: number, build: BatchBuild) => Node) | null;
  /** The value where an operand has no elements but the result has some; null where that cannot be. */
  readonly ofNothing: ((n: NodeOf<K>, build: Build) => Node) | null;
  readonly lowering: Lowering<NodeOf<K>>;
  /** An equal node that is simpler, or the node itself. NaN and infinity stay: `x · 0` is not 0. */
  readonly simplify?: (n: NodeOf<K>, uniformOf: UniformOf, build: Build) => Node;
  /** Its name in explanations; the name of the primitive by default. */
  readonly label?: (n: NodeOf<K>) => string;
  /** Operand i as far as the result depends on it; all of it by default. */
  readonly used?: (n: NodeOf<K>, i: number, build: Build) => Node;
  /** True where a node is equal only to itself: sharing does not merge it, simplification does not look through it. */
  readonly isUnique?: true;
  /** True where operands after the first must only be computed before. */
  readonly awaits?: true;
}

/** The lowering of a primitive, by class. */
export type Lowering<N> =
  /** Has its numbers from the start: `data`, or an input where that is null. One number is part of any region. */
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
  /** Written by regions of its own into its own buffer. */
  | { readonly class: 'region'; readonly written: (n: N) => Written }
  /** A kernel on views; null where no kernel is known. */
  | { readonly class: 'anchor'; readonly anchor: (n: N) => Anchor | null }
  /** A kernel on dense tensors. */
  | { readonly class: 'library' }
  | { readonly class: 'random'; readonly distribution: (n: N) => Distribution }
  /** A key that the host derives from another one and two words. */
  | { readonly class: 'key'; readonly words: (n: N) => readonly [number, number] };

/** Holds elements of its first operand, addressed otherwise. */
export interface Movement<N> {
  readonly class: 'movement';
  /**
   * The index into the operand at an index of the result. `same`: the index itself. `regrouped`: the index of the
   * element with the same row-major number.
   */
  readonly index: 'same' | 'regrouped' | ((n: N) => Index);
  /** True where elements of the operand are repeated. */
  readonly repeats?: true;
  /** True where it holds a part of its operand, which may lie densely in it. */
  readonly isPart?: true;
}

export type Class = Lowering<Node>['class'];

/** An assignment of a region; `index` is the index along an axis. */
export type Scalar =
  | Exclude<Assignment, { op: 'index' }>
  | { readonly op: 'index'; readonly axis: number; readonly dtype: NumberType };

/**
 * The index along axis a of the operand, from the index i of the result: `offsets[a] + scales[a] · i[axes[a]]`, where
 * they are 0, 1 and a by default. An axis of null has no share of i.
 */
export interface Index {
  readonly axes?: readonly (number | null)[];
  readonly scales?: readonly number[];
  readonly offsets?: readonly number[];
}

/** The content of a node as regions write it: its first operand, reduced; or pieces over a background, if any. */
export type Written =
  | { readonly reduce: ReduceFn; readonly axes: readonly number[] }
  | { readonly reduce: null; readonly background: number | null; readonly pieces: readonly Piece[] };

/** An operand within the result: its first index, and the steps between its elements. */
export interface Piece {
  readonly operand: Node;
  readonly start: readonly number[];
  readonly steps: readonly number[];
}

/** The lowering of what backends carry out as a call by itself. */
export const LIBRARY = { class: 'library' } as const;

/** The rules of a primitive whose only operands are keys: it has no derivative, and is the same for all examples. */
export const LEAF = { derivative: null, vmap: null, ofNothing: null } as const;
