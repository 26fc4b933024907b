/** Loads of the right side, and stores of the result, as WGSL. Columns that are not there are loaded as others are. */
import type { Form } from './form.js';

/** Functions that the loads call; `numbers` is the name of the array. */
export const rightFunctions = ({ layout, isCut }: Form, numbers: string): string => {
  const [type, zero, index] = layout.right === 'none' ? ['f32', '0.0f', ''] : ['vec4f', 'vec4f()', ' / 4u'];
  const address = `${numbers}[u32(address)${index}]`;
  return `
fn rightAt(start: i32, column: i32, d: i32) -> ${type} {
  let address = start + d * g.rightByDepth.z + min(column, g.columns.x - ${layout.right === 'columns' ? 4 : 1}) * g.columns.y;
  ${isCut ? `if (d >= g.depth.z) { return ${zero}; }\n  ` : ''}return ${address};
}`;
};

/** Four columns at one number along the depth; of a right side that does not lie along its depth. */
export const fourColumns = ({ layout }: Form, column: string, depth: string): string => {
  if (layout.right === 'columns') return `rightAt(rightStart, ${column}, d + ${depth})`;
  const one = (i: number): string => `rightAt(rightStart, ${column} + ${i}, d + ${depth})`;
  return `vec4f(${[0, 1, 2, 3].map(one).join(', ')})`;
};

/** One column at four numbers along the depth; of a right side that lies so. */
export const fourSteps = (column: string, depth: string): string =>
  `rightAt(rightStart, ${column}, d + ${depth})`;

/** `store(row, column, sum)`, of four columns. */
export const storeFunction = ({ layout }: Form, numbers: string): string => {
  const four =
    layout.output === 'columns'
      ? `if (column < g.columns.x) { ${numbers}[at / 4u] = sum; }`
      : [0, 1, 2, 3]
          .map((i) => `if (column + ${i} < g.columns.x) { ${numbers}[at + ${i}u] = sum[${i}]; }`)
          .join('\n  ');
  return `
fn store(start: i32, row: i32, column: i32, sum: vec4f) {
  if (row >= g.rows.x * g.rows.y * g.rows.z) { return; }
  let at = u32(start + row * g.columns.x + column);
  ${four}
}`;
};
