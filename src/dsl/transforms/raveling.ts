/**
 * Concatenates trees of parameters into a few vectors, and splits them again. An optimizer or a moving average then
 * updates all parameters with a few kernels, for any number of tensors.
 */
import { raise, showType } from '../../internal/errors.js';
import type { Grads } from './grads.js';
import { sizeOf } from '../../internal/numbers.js';
import { concat, reshape, slice } from '../primitives/index.js';
import { fillSpec, leafSpec, type LeafSpec, treeSpec, type TreeSpec } from '../graph/spec.js';
import { type Dim, nodeOf, tensor, type Tensor } from '../graph/tensor.js';
import { tensorsOf } from './tensors.js';
import { elementAt, entryOf } from '../../internal/lookup.js';

/** The concatenated numbers of a tree. */
export type Vectors = readonly Tensor<readonly [Dim]>[];

/** The position of one tensor in the vectors. */
export interface RaveledLeaf {
  readonly path: string;
  readonly shape: readonly number[];
  /** The index of the vector, and the offset of the first element in it. */
  readonly vector: number;
  readonly offset: number;
}

/** The conversions between a tree of tensors and vectors. */
export interface Raveling<P> {
  /** The spec of the vectors, for programs. */
  readonly vectors: TreeSpec<Vectors>;
  /** The places of all tensors, in the order of the tree. */
  readonly leaves: readonly RaveledLeaf[];
  /** Concatenates the tensors of a tree, or of its gradient. Raises `ConfigError` for a missing tensor. */
  readonly ravel: (tree: P | Grads<P>) => Vectors;
  readonly unravel: (vectors: Vectors) => P;
}

/** The maximum number of elements of a vector (64 MiB, which every device can bind), unless one tensor has more. */
const MOST_ELEMENTS = 2 ** 24;

/** Tensors whose size is a multiple of this begin at a multiple of it, for aligned kernels. */
const UNIT = 64;

const unitOf = (size: number): number => {
  let unit = 1;
  while (unit < UNIT && size % (2 * unit) === 0) unit *= 2;
  return unit;
};

const extentsOf = ({ path, shape, dtype }: LeafSpec): readonly number[] =>
  dtype === 'float32' && shape.every((extent) => typeof extent === 'number')
    ? (shape as readonly number[]) // checked above
    : raise('ConfigError', {
        where: `raveling: ${path === '' ? 'the tree' : path}`,
        expected: 'float32 tensors whose extents are numbers',
        actual: showType({ dtype, shape }),
        hint: 'leave out tensors that are not learned, and bind symbols',
      });

const lacking = (path: string): never => {
  const expected = `a tensor at ${path === '' ? 'the root' : path}`;
  const hint = 'give a tree with the same fields as the spec';
  return raise('ConfigError', { where: 'ravel', expected, actual: 'none', hint });
};

/** The group of a tensor, by its path and shape. */
type GroupOf = (path: string, shape: readonly number[]) => string;

/**
 * Places the tensors group by group, sizes with the most factors of 2 first, so that each begins at a multiple of its own
 * factors.
 */
const placesOf = (leaves: readonly LeafSpec[], groupOf: GroupOf) => {
  const sized = leaves.map((leaf, i) => {
    const shape = extentsOf(leaf);
    return { i, path: leaf.path, shape, size: sizeOf(shape), group: groupOf(leaf.path, shape) };
  });
  const lengths: number[] = [];
  const places: RaveledLeaf[] = [];
  for (const group of new Set(sized.map((leaf) => leaf.group))) {
    lengths.push(0); // each group begins a vector
    const own = sized.filter((leaf) => leaf.group === group);
    for (const { i, path, shape, size } of own.sort((a, b) => unitOf(b.size) - unitOf(a.size))) {
      const length = elementAt(lengths, -1);
      const offset = length > 0 && length + size > MOST_ELEMENTS ? 0 : length;
      if (offset < length) lengths.push(0);
      places[i] = { path, shape, vector: lengths.length - 1, offset };
      lengths[lengths.length - 1] = offset + size;
    }
  }
  return { lengths, places };
};

/**
 * Makes the conversions between a tree of float32 tensors and a few vectors, of at most 2²⁴ elements unless one tensor has
 * more. An optimizer or a moving average of the vectors takes a few kernels, instead of a few for each tensor. Raises
 * `ConfigError` for a spec with other dtypes or with symbols.
 *
 * @param groupOf - the group of each tensor: a vector has tensors of one group; by default there is one group
 * @example
 * const { vectors, ravel, unravel } = raveling(treeSpec<{ w: Tensor<[2, 2]>; b: Tensor<[2]> }>({ w: leafSpec([2, 2]), b: leafSpec([2]) }))
 * vectors.leaves.map(({ shape }) => shape) // → [[6]]
 * const ravelled = ravel({ w: constantOf([1, 2, 3, 4], 2, 2), b: constantOf([5, 6], 2) })
 * ravelled // → [[1, 2, 3, 4, 5, 6]]
 * unravel(ravelled) // → { w: [[1, 2], [3, 4]], b: [5, 6] }
 */
export const raveling = <P>(spec: TreeSpec<P>, groupOf: GroupOf = () => ''): Raveling<P> => {
  const { lengths, places } = placesOf(spec.leaves, groupOf);
  const placeOf = new Map(places.map((place) => [place.path, place]));
  return {
    vectors: treeSpec(lengths.map((length) => leafSpec([length]))),
    leaves: places,
    ravel: (tree) => {
      const nodes = new Map(tensorsOf(tree).map(({ path, leaf }) => [path, nodeOf(leaf)]));
      return lengths.map((_, vector) => {
        const own = places.filter((place) => place.vector === vector).sort((a, b) => a.offset - b.offset);
        const parts = own.map(({ path, shape }) => reshape(nodes.get(path) ?? lacking(path), [sizeOf(shape)]));
        return tensor(concat(parts, 0));
      });
    },
    unravel: (vectors) =>
      fillSpec(spec, ({ path }) => {
        const { shape, vector, offset } = entryOf(placeOf, path);
        const x = nodeOf(elementAt(vectors, vector));
        return tensor(reshape(slice(x, [offset], [sizeOf(shape)], [1], path), shape));
      }),
  };
};
