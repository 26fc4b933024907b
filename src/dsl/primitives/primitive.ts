/**
 * The contract of a primitive: its rules, which the passes look up in `table.ts`. They are separate from the
 * constructors, because primitives refer to each other in cycles: the derivative of a slice is a pad, and that of a pad
 * is a slice.
 */
import type { Anchor, ConstantData, Distribution, Each, Node, NodeOf, Op, Operands, ReduceFn } from '../graph/node.js';
import type { Assignment, NumberType } from '../graph/region.js';

/** A node of a graph over a batch. */
export interface Operand {
  readonly node: Node;
  /** True if the node has the batch axis as its first axis; false if it is the same for all examples. */
  readonly mapped: boolean;
}

/** Rebuilds a graph over a batch of `extent` examples, where `images` have the leading axis. */
export type Batched = (
  roots: readonly Node[],
  images: ReadonlyMap<Node, Operand>,
  extent: number,
) => readonly Operand[];

/**
 * The rules of one primitive. Their results are primitives, so derivatives can be differentiated and batches batched
 * again.
 */
export interface Primitive<K extends Op> {
  /**
   * Calls the constructor with the inputs and attributes of a node, so that the verifier can compare shape and dtype.
   */
  readonly rebuild: (n: NodeOf<K>) => Node;
  /**
   * Computes the cotangents of the inputs from the cotangent `g` of the result; null for an input without a cotangent.
   * The rule itself is null if the primitive has no derivative.
   */
  readonly derivative: ((n: NodeOf<K>, g: Node) => readonly (Node | null)[]) | null;
  /**
   * The node for a batch of `extent` examples, `[extent, ...shape]`, from its operands, at least one of which is
   * mapped. The rule itself is null if the primitive has no operands to map.
   */
  readonly vmap:
    | ((n: NodeOf<K>, operands: Each<Operands[K], Operand>, extent: number, batched: Batched) => Node)
    | null;
  /** The result if an operand has no elements but the result has some. Absent if this cannot happen. */
  readonly ofNothing?: (n: NodeOf<K>) => Node;
  readonly lowering: Lowering<NodeOf<K>>;
  /**
   * An equal node that is simpler, or the node itself. Rules preserve NaN and infinity: `x · 0` is not 0. `uniformOf`
   * gives the number that all elements of a node are known to have, or null.
   */
  readonly simplify?: (n: NodeOf<K>, uniformOf: (n: Node) => number | null) => Node;
  /** The name of the node in explanations; default: the name of the primitive. */
  readonly label?: (n: NodeOf<K>) => string;
  /** The part of operand i that the result depends on; default: all of it. */
  readonly used?: (n: NodeOf<K>, i: number) => Node;
  /** True if a node is equal only to itself. Sharing does not merge it, and simplification does not look through it. */
  readonly isUnique?: true;
  /** True if the operand is stored in a buffer, which the node then reads. */
  readonly isStored?: true;
  /** True if the node does not read operands after the first, which only have to be computed before it. */
  readonly awaits?: true;
}

export type Rules<K extends Op> = { readonly [P in K]: Primitive<P> };

/** The lowering of a primitive, by class. */
export type Lowering<N extends { readonly inputs: readonly unknown[] }> =
  /** A node whose numbers exist before a run: `data`, or null for an input. Regions inline a constant of one number. */
  | { readonly class: 'source'; readonly data: ((n: N) => ConstantData) | null }
  /** Computed element by element, so that it can be part of any region. */
  | {
      readonly class: 'elementwise';
      /** The cost of an element, in additions. */
      readonly arithmetic: (n: N) => number;
      /**
       * The assignment that computes an element of a dtype; `operands` are the assignments of the elements of its
       * operands.
       */
      readonly scalar: (n: N, operands: Each<N['inputs'], number>, dtype: NumberType) => Scalar;
      /** True if it compares its operands for equality. */
      readonly isEquality?: (n: N) => boolean;
    }
  | Movement<N>
  /** Written into its own buffer by its own regions. */
  | { readonly class: 'region'; readonly write: (n: N) => RegionWrite }
  /** A kernel on views; null if there is no kernel for the node. */
  | { readonly class: 'anchor'; readonly anchor: (n: N) => Anchor | null }
  /** A kernel on dense tensors. */
  | { readonly class: 'library' }
  | { readonly class: 'random'; readonly distribution: (n: N) => Distribution }
  /** A key that the host derives from another one and two words. */
  | { readonly class: 'key'; readonly words: (n: N) => readonly [number, number] };

/** The elements of its first operand at other indices. */
export interface Movement<N extends { readonly inputs: readonly unknown[] }> {
  readonly class: 'movement';
  /**
   * The index into the operand for an index of the result. `same`: the same index. `regrouped`: the index of the
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
  | Exclude<Assignment, { op: 'index' }>
  | { readonly op: 'index'; readonly axis: number; readonly dtype: NumberType };

/**
 * The index along axis a of the operand, from the index i of the result: `offsets[a] + scales[a] · i[axes[a]]`, with
 * the defaults 0, 1 and a. An axis of null does not depend on i.
 */
export interface Index {
  readonly axes?: readonly (number | null)[];
  readonly scales?: readonly number[];
  readonly offsets?: readonly number[];
}

/** The way regions write a node: a reduction of its first operand, or pieces on a background. */
export type RegionWrite =
  | { readonly reduce: ReduceFn; readonly axes: readonly number[] }
  | { readonly reduce: null; readonly background: number | null; readonly pieces: readonly Piece[] };

/** The position of an operand in the result: its first index, and the steps between its elements. */
export interface Piece {
  readonly operand: Node;
  readonly start: readonly number[];
  readonly steps: readonly number[];
}
