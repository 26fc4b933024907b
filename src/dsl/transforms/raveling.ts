/**
 * Trees of parameters as a few vectors, and back: what is done to all parameters alike is then done to a vector, in a
 * few kernels however many tensors there are.
 */
import { raise, showShape } from '../errors.js';
import type { Grads } from './grads.js';
import { sizeOf } from '../graph/node.js';
import { concat, reshape, slice } from '../primitives/index.js';
import { fillSpec, leafSpec, type LeafSpec, treeSpec, type TreeSpec } from '../graph/spec.js';
import { type Dim, nodeOf, tensor, type Tensor } from '../graph/tensor.js';
import { tensorsOf } from './tensors.js';

/** The numbers of a tree, one tensor behind the other. */
export type Vectors = readonly Tensor<readonly [Dim]>[];

/** Where the numbers of one tensor of a tree are. */
export interface RaveledLeaf {
  readonly path: string;
  readonly shape: readonly number[];
  /** Which vector, and the element of it that is the tensor's first. */
  readonly vector: number;
  readonly offset: number;
}

/** How a tree of tensors and vectors are made of each other. */
export interface Raveling<P> {
  /** The spec of the vectors, for programs. */
  readonly vectors: TreeSpec<Vectors>;
  /** In the order of the tree. */
  readonly leaves: readonly RaveledLeaf[];
  /** The numbers of a tree, or of gradients by it. */
  readonly ravel: (tree: P | Grads<P>) => Vectors;
  readonly unravel: (vectors: Vectors) => P;
}

/** A vector has at most so many elements (64 MiB), but for a tensor that has more: what any device can bind. */
const MOST_ELEMENTS = 2 ** 24;

/** Tensors that are a multiple of this in size begin at a multiple of it, as kernels like them. */
const UNIT = 64;

const unitOf = (size: number): number => {
  let unit = 1;
  while (unit < UNIT && size % (2 * unit) === 0) unit *= 2;
  return unit;
};

const extentsOf = ({ path, shape, dtype }: LeafSpec): readonly number[] =>
  dtype === 'float32' && shape.every((extent) => typeof extent === 'number')
    ? (shape as readonly number[]) // of numbers, as was looked at
    : raise('ConfigError', {
        where: `raveling: ${path === '' ? 'the tree' : path}`,
        expected: 'float32 tensors whose extents are numbers',
        actual: `${dtype} ${showShape(shape)}`,
        hint: 'leave out what is not learned, and bind symbols',
      });

const lacking = (path: string): never =>
  raise('ConfigError', {
    where: 'ravel',
    expected: `a tensor at ${path === '' ? 'the root' : path}`,
    actual: 'none',
    hint: 'give a tree of the form of the spec',
  });

/** Where each tensor goes: those of the roundest sizes first, so that each begins where its own size divides. */
const placed = (leaves: readonly LeafSpec[]) => {
  const sized = leaves.map((leaf, position) => {
    const shape = extentsOf(leaf);
    return { path: leaf.path, shape, position, size: sizeOf(shape) };
  });
  const lengths: number[] = [];
  const places: RaveledLeaf[] = [];
  for (const { path, shape, position, size } of sized.sort((a, b) => unitOf(b.size) - unitOf(a.size))) {
    if (lengths.length === 0 || lengths.at(-1)! + size > MOST_ELEMENTS) lengths.push(0);
    const vector = lengths.length - 1;
    places[position] = { path, shape, vector, offset: lengths[vector]! };
    lengths[vector]! += size;
  }
  return { lengths, places };
};

/**
 * How a tree of float32 tensors is a few vectors, of at most 2²⁴ numbers but for a tensor of more. What an optimizer or an
 * average does to vectors it does to each parameter, in a few kernels rather than a few for each tensor. Raises
 * `ConfigError` for a spec that has other dtypes, or symbols.
 *
 * @example
 * const { vectors, ravel, unravel } = raveling(treeSpec<{ w: Tensor<[2, 2]>; b: Tensor<[2]> }>({ w: leafSpec([2, 2]), b: leafSpec([2]) }))
 * vectors.leaves.map(({ shape }) => shape) // → [[6]]
 * const ravelled = ravel({ w: constantOf([1, 2, 3, 4], 2, 2), b: constantOf([5, 6], 2) })
 * ravelled // → [[1, 2, 3, 4, 5, 6]]
 * unravel(ravelled) // → { w: [[1, 2], [3, 4]], b: [5, 6] }
 */
export const raveling = <P>(spec: TreeSpec<P>): Raveling<P> => {
  const { lengths, places } = placed(spec.leaves);
  const placeOf = new Map(places.map((place) => [place.path, place]));
  return {
    vectors: treeSpec(lengths.map((length) => leafSpec([length]))),
    leaves: places,
    ravel: (tree) => {
      const nodes = new Map(tensorsOf(tree).map(({ path, leaf }) => [path, nodeOf(leaf)]));
      return lengths.map((_, vector) => {
        const own = places.filter((place) => place.vector === vector).sort((a, b) => a.offset - b.offset);
        return tensor(
          concat(
            own.map(({ path, shape }) => reshape(nodes.get(path) ?? lacking(path), [sizeOf(shape)])),
            0,
          ),
        );
      });
    },
    unravel: (vectors) =>
      fillSpec(spec, ({ path }) => {
        const { shape, vector, offset } = placeOf.get(path)!;
        const x = nodeOf(vectors[vector]!);
        return tensor(reshape(slice(x, [offset], [sizeOf(shape)], [1], path), shape));
      }),
  };
};
