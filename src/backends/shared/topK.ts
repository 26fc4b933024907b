import type { NumberArray } from './heap.js';
import { elementsOf, type Rule } from './kernel.js';
import { rank } from './reductions.js';

/** Writes the positions of the k largest elements of each row of `extent`, in descending order, to rows of k. */
export const topKPositions = (x: ArrayLike<number>, extent: number, k: number, positions: NumberArray): void => {
  for (let row = 0; row < positions.length / k; row++) {
    const ranks = Float64Array.from({ length: extent }, (_, i) => rank(x[row * extent + i]!));
    const order = Array.from(ranks, (_, i) => i);
    // a difference would be NaN for two infinities
    order.sort((a, b) => (ranks[a] === ranks[b] ? a - b : ranks[a]! > ranks[b]! ? -1 : 1));
    positions.set(order.slice(0, k), row * k);
  }
};

/** `topKIndices` by a sort in JavaScript. */
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
