/**
 * WGSL for loads of the right side and stores of the result. Columns beyond the end are loaded from the last valid
 * column.
 */
import type { Variant } from './variant.js';

const FOUR_RIGHT = `
fn fourRight(start: i32, column: i32, d: i32) -> vec4f {
  var all = vec4f();
  for (var i = 0; i < four(); i++) { all = vec4f(all.yzw, rightAt(start, column + i, d)); }
  return all;
}`;

/** Functions that the loads call. `numbers` is the name of the array. */
export const rightFunctions = ({ layout, hasPartialStep }: Variant, numbers: string): string => {
  const [type, zero, index] = layout.right === 'none' ? ['f32', '0.0f', ''] : ['vec4f', 'vec4f()', ' / 4u'];
  const address = `${numbers}[u32(address)${index}]`;
  return `
fn rightAt(start: i32, column: i32, d: i32) -> ${type} {
  let address = start + d * g.rightByDepth.z + min(column, g.columns.x - ${layout.right === 'columns' ? 4 : 1}) * g.columns.y;
  ${hasPartialStep ? `if (d >= g.depth.z) { return ${zero}; }\n  ` : ''}return ${address};
}${layout.right === 'none' ? FOUR_RIGHT : ''}`;
};

/** Loads four columns at one index along the depth. For layouts other than `depth`. */
export const fourColumns = ({ layout }: Variant, column: string, depth: string): string =>
  `${layout.right === 'none' ? 'fourRight' : 'rightAt'}(rightStart, ${column}, d + ${depth})`;

/** Loads one column at four indices along the depth. For the layout `depth`. */
export const fourSteps = (column: string, depth: string): string => `rightAt(rightStart, ${column}, d + ${depth})`;

/** The function `store`, which stores four columns of one row. */
export const storeFunction = ({ layout }: Variant, numbers: string): string => {
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
