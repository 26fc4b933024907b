import { sizeOf } from '../../dsl/node.js';
import { elementsOf, type Rule } from './kernel.js';

/** NaN has no place in an order of its own: it stands beside ∞. */
const rank = (x: number): number => (Number.isNaN(x) ? Infinity : x);

/** Positions of the greatest of each row, by a sort in JavaScript. tfjs's kernel loses the order of infinities. */
export const topKRule: Rule = (call) => {
  if (call.kind !== 'library' || call.node.op !== 'topKIndices') return null;
  const { output } = call;
  const [input] = call.inputs as readonly [(typeof call.inputs)[number]];
  const { k } = call.node.attributes;
  const extent = input.shape.at(-1)!;
  return {
    name: 'sort',
    run: (frame) => {
      const [x, indices] = [elementsOf(frame, input), elementsOf(frame, output)];
      for (let row = 0; row < sizeOf(input.shape.slice(0, -1)); row++) {
        const ranks = Float64Array.from(x.subarray(row * extent, (row + 1) * extent), rank);
        const order = Array.from(ranks, (_, i) => i);
        // a difference of infinities would be NaN
        order.sort((a, b) => (ranks[a] === ranks[b] ? a - b : ranks[a]! > ranks[b]! ? -1 : 1));
        indices.set(order.slice(0, k), row * k);
      }
    },
  };
};
