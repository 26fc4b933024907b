import { raise, showShape } from '../errors.js';
import { type Node, node, placeOf } from '../node.js';

/** `[...batch, m, k]` · `[...batch, k, n]` → `[...batch, m, n]`. */
export const dot = (a: Node, b: Node): Node => {
  const rank = a.shape.length;
  const fits =
    rank >= 2 && b.shape.length === rank && a.shape[rank - 1] === b.shape[rank - 2] &&
    a.shape.slice(0, -2).every((d, i) => d === b.shape[i]); // prettier-ignore
  if (!fits || a.dtype !== 'float32' || b.dtype !== 'float32')
    raise('ShapeError', {
      where: placeOf(node('dot', [b, a], {}, [], 'float32')) || 'dot',
      expected: 'float32 [...batch, m, k] and [...batch, k, n]',
      actual: `${a.dtype} ${showShape(a.shape)} and ${b.dtype} ${showShape(b.shape)}`,
      hint: 'the last axis of the first must equal the second-last of the second',
    });
  return node('dot', [a, b], {}, [...a.shape.slice(0, -1), b.shape[rank - 1]!], 'float32');
};
