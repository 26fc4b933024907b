/** Trees of tensors with a common leading axis: batches and sequences. */
import { placeIn, raise, showShape } from '../../internal/errors.js';
import { type Node, pathOf } from '../graph/node.js';
import { input } from '../primitives/index.js';
import type { Operand } from '../primitives/primitive.js';
import { type Dim, mapNodes, nodeOf, type Tensor } from '../graph/tensor.js';
import { tensorsOf } from './tensors.js';

/** A tree of tensors with a new leading axis of extent `N`: `Tensor<[N, ...S]>` for each `Tensor<S>`. */
export type Batched<T, N extends Dim> =
  T extends Tensor<infer S, infer D>
    ? [D] extends ['key']
      ? 'a key has no batch: draw the numbers first, and map over them'
      : Tensor<[N, ...S], D>
    : { readonly [K in keyof T]: Batched<T[K], N> };

/** Returns the node; raises `DTypeError` for a key, which has no axes. */
export const notAKey = (where: string, path: string, n: Node): Node =>
  n.dtype === 'key'
    ? raise('DTypeError', {
        where: placeIn(where, path),
        expected: 'tensors of numbers',
        actual: 'a key',
        hint: 'a key has no axes: draw the numbers first, and pass them',
      })
    : n;

/** The common leading extent of a tree. Raises `ShapeError` if extents differ or are missing, `DTypeError` for a key. */
export const leadingExtent = (where: string, xs: unknown): number => {
  const all = tensorsOf(xs).map(({ path, leaf }) => ({ path, shape: notAKey(where, path, nodeOf(leaf)).shape }));
  const first = all[0]?.shape[0];
  const hint = 'all tensors of the argument have the same leading axis; capture tensors without it';
  const wrong = all.find(({ shape }) => shape.length === 0 || shape[0] !== first);
  if (wrong !== undefined)
    raise('ShapeError', {
      where,
      expected: `a leading axis ${wrong.shape.length === 0 ? '' : `of ${first} `}in each tensor`,
      actual: placeIn(showShape(wrong.shape), wrong.path),
      hint,
    });
  return first ?? raise('ShapeError', { where, expected: 'at least one tensor', actual: 'none', hint });
};

/** Makes fresh inputs with the shapes of one example, and maps each to its batch. */
export const example = (xs: unknown): { readonly of: unknown; readonly images: ReadonlyMap<Node, Operand> } => {
  const images = new Map<Node, Operand>();
  const of = mapNodes(xs, (node) => {
    const formal = input(pathOf(node) ?? '', node.shape.slice(1), node.dtype);
    images.set(formal, { node, mapped: true });
    return formal;
  });
  return { of, images };
};
