/** Rows taken, and added, by their numbers. An index out of range means the nearest row. */
import { sizeOf } from '../../../dsl/node.js';
import type { View } from '../../../dsl/plan.js';
import type { At, Threads } from './shader.js';

/** The rows of `x` that the indices name, one after another. */
export const gatherRows = ([x, indices]: readonly [View, View], output: View, at: At): Threads => {
  const size = sizeOf(x.shape.slice(1));
  return {
    threads: sizeOf(output.shape),
    body: `
  let row = u32(clamp(${at(indices, `i / ${size}u`)}, 0i, ${x.shape[0]! - 1}i));
  ${at(output, 'i')} = ${at(x, `row * ${size}u + i % ${size}u`)};`,
  };
};

/**
 * Each row of `updates` added to the row of the result that its index names. A thread has one number of the
 * result, and looks through all indices: the terms come in their order, and no two threads write to one place.
 */
export const addRows = ([indices, updates]: readonly [View, View], output: View, at: At): Threads => {
  const size = sizeOf(output.shape.slice(1));
  const zero = output.dtype === 'float32' ? '0.0f' : '0i';
  return {
    threads: sizeOf(output.shape),
    body: `
  let row = i32(i / ${size}u);
  let column = i % ${size}u;
  var sum = ${zero};
  for (var j = 0u; j < ${indices.shape[0]}u; j++) {
    if (clamp(${at(indices, 'j')}, 0i, ${output.shape[0]! - 1}i) == row) { sum += ${at(updates, `j * ${size}u + column`)}; }
  }
  ${at(output, 'i')} = sum;`,
  };
};
