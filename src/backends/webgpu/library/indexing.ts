/** `gather` and `scatterAdd` of rows. An index out of range selects the nearest row. */
import { sizeOf } from '../../../internal/numbers.js';
import type { View } from '../../../dsl/plan/plan.js';
import type { ElementAt, Threads } from './shader.js';

/** Copies the rows of `x` at the indices, one after another. */
export const gatherRows = ([x, indices]: readonly [View, View], output: View, at: ElementAt): Threads => {
  const size = sizeOf(x.shape.slice(1));
  return {
    threads: sizeOf(output.shape),
    body: `
  let row = u32(clamp(${at(indices, `i / ${size}u`)}, 0i, ${x.shape[0]! - 1}i));
  ${at(output, 'i')} = ${at(x, `row * ${size}u + i % ${size}u`)};`,
  };
};

/**
 * Adds each row of `updates` to the row of the result at its index. Each thread computes one element of the result and
 * goes through all indices, so terms are added in order and no two threads write to the same element.
 */
export const addRows = ([indices, updates]: readonly [View, View], output: View, at: ElementAt): Threads => {
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
