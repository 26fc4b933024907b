/** Trees of tensors with a common leading axis: batches and sequences. */
import type { IsUnion, IsWide } from '../types/dim.js';
import { raise, showShape } from '../errors.js';
import { type Node, pathOf } from '../graph/node.js';
import { input } from '../primitives/index.js';
import type { Operand } from '../primitives/primitive.js';
import { type AnyTensor, type Dim, isTensor, nodeOf, tensor, type Tensor } from '../graph/tensor.js';
import { tensorsOf } from './tensors.js';
import { mapLeaves } from '../types/tree.js';

/** A tree of tensors with a new leading axis of extent `N`: `Tensor<[N, ...S]>` for each `Tensor<S>`. */
export type Batched<T, N extends Dim> =
  T extends Tensor<infer S, infer D>
    ? [D] extends ['key']
      ? 'a key has no batch: draw the numbers first, and map over them'
      : Tensor<[N, ...S], D>
    : { readonly [K in keyof T]: Batched<T[K], N> };

/** `unknown`, or an error message if several extents were inferred for `N`. */
export type OneExtent<N extends Dim> =
  IsWide<N> extends true ? unknown : IsUnion<N> extends true ? 'the tensors differ in their leading extents' : unknown;

/** Returns the node; raises `DTypeError` for a key, which has no axes. */
export const notAKey = (where: string, path: string, n: Node): Node =>
  n.dtype === 'key'
    ? raise('DTypeError', {
        where: path === '' ? where : `${where} at ${path}`,
        expected: 'tensors of numbers',
        actual: 'a key',
        hint: 'a key has no axes: draw the numbers first, and pass them',
      })
    : n;

/** The common leading extent of a tree. Raises `ShapeError` if extents differ or are missing, `DTypeError` for a key. */
export const leadingExtent = (where: string, xs: unknown): number => {
  const [first, ...others] = tensorsOf(xs).map(({ path, leaf }) => {
    const { shape } = notAKey(where, path, nodeOf(leaf));
    return { path, shape, extent: shape[0] };
  });
  const wrong = (expected: string, actual: string): never =>
    raise('ShapeError', {
      where,
      expected,
      actual,
      hint: 'all tensors of the argument have the same leading axis; capture tensors without it',
    });
  if (first === undefined) return wrong('at least one tensor', 'none');
  for (const { path, shape, extent } of [first, ...others])
    if (extent === undefined || extent !== first.extent)
      wrong(
        extent === undefined ? 'a leading axis in each tensor' : `a leading axis of ${first.extent} in each tensor`,
        `${showShape(shape)}${path === '' ? '' : ` at ${path}`}`,
      );
  return first.extent!; // checked above
};

/** Makes fresh inputs in the shapes of one example, and maps each to its batch. */
export const example = (xs: unknown): { readonly of: unknown; readonly images: ReadonlyMap<Node, Operand> } => {
  const images = new Map<Node, Operand>();
  const of = mapLeaves(xs, isTensor, (leaf: AnyTensor) => {
    const all = nodeOf(leaf);
    const formal = input(pathOf(all) ?? '', all.shape.slice(1), all.dtype);
    images.set(formal, { node: all, mapped: true });
    return tensor(formal);
  });
  return { of, images };
};
