/** `gather` and `scatterAdd` in JavaScript: loops over rows. */
import type { View } from '../../dsl/plan/plan.js';
import type { NumberArray } from './heap.js';
import { elementsOf, type Rule } from './kernel.js';

/** An index out of range selects the nearest row. */
const nearest = (index: number, rows: number): number => Math.min(Math.max(index, 0), rows - 1);

/** Copies the rows of `x` at the indices, one after another. */
const gatherRows = (x: NumberArray, indices: NumberArray, rows: number, y: NumberArray): void => {
  const size = y.length / indices.length;
  for (let j = 0; j < indices.length; j++) {
    const from = nearest(indices[j]!, rows) * size;
    for (let k = 0; k < size; k++) y[j * size + k] = x[from + k]!;
  }
};

/** Fills `y` with zeros, then adds each row of `updates` to the row of `y` at its index. */
const addRows = (indices: NumberArray, updates: NumberArray, rows: number, y: NumberArray): void => {
  const size = updates.length / indices.length;
  y.fill(0);
  for (let j = 0; j < indices.length; j++) {
    const to = nearest(indices[j]!, rows) * size;
    for (let k = 0; k < size; k++) y[to + k]! += updates[j * size + k]!;
  }
};

export const rowsRule: Rule = (call) => {
  if (call.kind !== 'library' || (call.node.op !== 'gather' && call.node.op !== 'scatterAdd')) return null;
  const { inputs, output, node } = call;
  const [first, second] = inputs as readonly [View, View]; // both operations have two inputs
  const [work, rows] = node.op === 'gather' ? [gatherRows, first.shape[0]!] : [addRows, output.shape[0]!];
  return {
    name: node.op === 'gather' ? 'copy rows' : 'add rows',
    run: (frame) => work(elementsOf(frame, first), elementsOf(frame, second), rows, elementsOf(frame, output)),
  };
};
