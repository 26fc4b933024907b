import type { NumberArray } from './heap.js';
import { elementsOf, type Rule } from './kernel.js';

/** NaN has no place in an order of its own: it stands beside ∞. */
const rank = (x: number): number => (Number.isNaN(x) ? Infinity : x);

/** Positions of the k greatest of each row of `extent`, in falling order, into rows of k. */
export const topKPositions = (
  x: ArrayLike<number>,
  extent: number,
  k: number,
  positions: NumberArray,
): void => {
  for (let row = 0; row < positions.length / k; row++) {
    const ranks = Float64Array.from({ length: extent }, (_, i) => rank(x[row * extent + i]!));
    const order = Array.from(ranks, (_, i) => i);
    // a difference of infinities would be NaN
    order.sort((a, b) => (ranks[a] === ranks[b] ? a - b : ranks[a]! > ranks[b]! ? -1 : 1));
    positions.set(order.slice(0, k), row * k);
  }
};

/** Positions of the greatest of each row, by a sort in JavaScript. tfjs's kernel loses the order of infinities. */
export const topKRule: Rule = (call) => {
  if (call.kind !== 'library' || call.node.op !== 'topKIndices') return null;
  const { output } = call;
  const [input] = call.inputs as readonly [(typeof call.inputs)[number]];
  const { k } = call.node.attributes;
  const extent = input.shape.at(-1)!;
  return {
    name: 'sort',
    run: (frame) => topKPositions(elementsOf(frame, input), extent, k, elementsOf(frame, output)),
  };
};
