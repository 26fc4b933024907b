import type { Node, NodeOf } from '../node.js';
import {
  binary, cast, concat, cumsum, div, full, mul, pad, reduce, reshape, slice, transpose,
} from '../primitives/index.js'; // prettier-ignore
import type { Rule } from './elementwise.js';
import { unreduce } from './movement.js';

export const reduceRule: Rule<NodeOf<'reduce'>> = (y, g) => {
  const x = y.inputs[0]!;
  const { fn, axes } = y.attributes;
  const spread = unreduce(g, x.shape, axes);
  switch (fn) {
    case 'sum':
      return [spread];
    case 'prod':
      return [mul(spread, productOfOthers(x, axes))];
    case 'max':
    case 'min': {
      const hit = cast(binary('equal', x, unreduce(y, x.shape, axes)), 'float32');
      return [div(mul(spread, hit), unreduce(reduce('sum', hit, axes), x.shape, axes))];
    }
  }
};

/** For each element the product of the other ones along `axes`, without a division, so that zeros are right. */
const productOfOthers = (x: Node, axes: readonly number[]): Node => {
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const inner = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
  const moved = transpose(x, order);
  const rows = reshape(moved, [moved.shape.slice(0, kept.length).reduce((a, b) => a * b, 1), inner]);
  return transpose(
    reshape(othersAlongRows(rows), moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  );
};

/** By halves: an element's others are its partner's value and the others of their product. */
const othersAlongRows = (x: Node): Node => {
  const [rows, n] = x.shape as readonly [number, number];
  if (n <= 1) return full(1, x.shape);
  const half = Math.ceil(n / 2);
  const low = slice(x, [0, 0], [rows, half]);
  const high = pad(slice(x, [0, half], [rows, n - half]), [0, 0], [0, 2 * half - n], [0, 0], 1);
  const others = othersAlongRows(mul(low, high));
  return slice(concat([mul(others, high), mul(others, low)], 1), [0, 0], [rows, n]);
};

export const cumsumRule: Rule<NodeOf<'cumsum'>> = ({ attributes: { axis, reverse } }, g) => [
  cumsum(g, axis, !reverse),
];
