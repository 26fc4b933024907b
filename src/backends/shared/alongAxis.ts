/** `cumsum` and `argmax` in JavaScript: plain loops along one axis. */
import { sizeOf } from '../../internal/numbers.js';
import type { NumberArray } from './heap.js';
import { elementsOf, type Rule } from './kernel.js';
import { rank } from './reductions.js';

/** A tensor as rows along an axis: `outer` blocks of `extent` slices of `inner` elements. */
interface Along {
  readonly outer: number;
  readonly extent: number;
  readonly inner: number;
}

const alongAxis = (shape: readonly number[], axis: number): Along => ({
  outer: sizeOf(shape.slice(0, axis)),
  extent: shape[axis]!,
  inner: sizeOf(shape.slice(axis + 1)),
});

/** Cumulative sums; from the end if `reverse`. The array `y` rounds each sum, or wraps it, to its type. */
const cumulate = (x: NumberArray, { outer, extent, inner }: Along, reverse: boolean, y: NumberArray): void => {
  const step = reverse ? -inner : inner;
  for (let block = 0; block < outer; block++)
    for (let i = 0; i < inner; i++) {
      let at = block * extent * inner + i + (reverse ? (extent - 1) * inner : 0);
      let sum = 0;
      for (let n = 0; n < extent; n++, at += step) {
        y[at] = sum + x[at]!;
        sum = y[at]!;
      }
    }
};

/** Positions of the largest elements; of equal ones, the first. NaN counts as ∞. */
const largest = (x: NumberArray, { outer, extent, inner }: Along, y: NumberArray): void => {
  for (let block = 0; block < outer; block++)
    for (let i = 0; i < inner; i++) {
      const start = block * extent * inner + i;
      let best = 0;
      for (let n = 1; n < extent; n++) if (rank(x[start + n * inner]!) > rank(x[start + best * inner]!)) best = n;
      y[block * inner + i] = best;
    }
};

export const alongAxisRule: Rule = (call) => {
  if (call.kind !== 'library' || (call.node.op !== 'cumsum' && call.node.op !== 'argmax')) return null;
  const { node, output } = call;
  const input = call.inputs[0]!; // both operations have one input
  const along = alongAxis(input.shape, node.attributes.axis);
  return {
    name: node.op,
    run: (frame) => {
      const [x, y] = [elementsOf(frame, input), elementsOf(frame, output)];
      if (node.op === 'cumsum') cumulate(x, along, node.attributes.reverse, y);
      else largest(x, along, y);
    },
  };
};
