import { raise, showShape } from '../errors.js';
import { type Node, node, whereOf } from '../node.js';
import { demandDType } from './dtype.js';

/** `[...batch, m, k]` · `[...batch, k, n]` → `[...batch, m, n]`. */
export const dot = (a: Node, b: Node): Node => {
  const where = (): string => whereOf('dot', [a, b]);
  demandDType(where, 'float32', a, b);
  const rank = a.shape.length;
  const fits =
    rank >= 2 && b.shape.length === rank && a.shape[rank - 1] === b.shape[rank - 2] &&
    a.shape.slice(0, -2).every((d, i) => d === b.shape[i]); // prettier-ignore
  if (!fits)
    raise('ShapeError', {
      where: where(),
      expected: '[...batch, m, k] and [...batch, k, n]',
      actual: `${showShape(a.shape)} and ${showShape(b.shape)}`,
      hint: 'the last axis of the first must equal the second-last of the second',
    });
  return node('dot', [a, b], {}, [...a.shape.slice(0, -1), b.shape[rank - 1]!], 'float32');
};
