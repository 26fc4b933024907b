/** Loads of the right side, and stores of the result, as WGSL. Columns that are not there are loaded as others are. */
import type { Form } from './form.js';

const FOUR_RIGHT = `
fn fourRight(start: i32, column: i32, d: i32) -> vec4f {
  var all = vec4f();
  for (var i = 0; i < four(); i++) { all = vec4f(all.yzw, rightAt(start, column + i, d)); }
  return all;
}`;

/** Functions that the loads call; `numbers` is the name of the array. */
export const rightFunctions = ({ layout, isCut }: Form, numbers: string): string => {
  const [type, zero, index] = layout.right === 'none' ? ['f32', '0.0f', ''] : ['vec4f', 'vec4f()', ' / 4u'];
  const address = `${numbers}[u32(address)${index}]`;
  return `
fn rightAt(start: i32, column: i32, d: i32) -> ${type} {
  let address = start + d * g.rightByDepth.z + min(column, g.columns.x - ${layout.right === 'columns' ? 4 : 1}) * g.columns.y;
  ${isCut ? `if (d >= g.depth.z) { return ${zero}; }\n  ` : ''}return ${address};
}${layout.right === 'none' ? FOUR_RIGHT : ''}`;
};

/** Four columns at one number along the depth; of a right side that does not lie along its depth. */
export const fourColumns = ({ layout }: Form, column: string, depth: string): string =>
  `${layout.right === 'none' ? 'fourRight' : 'rightAt'}(rightStart, ${column}, d + ${depth})`;

/** One column at four numbers along the depth; of a right side that lies so. */
export const fourSteps = (column: string, depth: string): string =>
  `rightAt(rightStart, ${column}, d + ${depth})`;

/** `store(row, column, sum)`, of four columns. */
export const storeFunction = ({ layout }: Form, numbers: string): string => {
  const stores =
    layout.output === 'columns'
      ? `if (column < g.columns.x) { ${numbers}[at / 4u] = sum; }`
      : `for (var i = 0; i < four(); i++) {
    if (column + i < g.columns.x) { ${numbers}[at + u32(i)] = sum[i]; }
  }`;
  return `
fn store(start: i32, row: i32, column: i32, sum: vec4f) {
  if (row >= g.rows.x * g.rows.y * g.rows.z) { return; }
  let at = u32(start + row * g.columns.x + column);
  ${stores}
}`;
};
