/** How the operands of a product lie: what of them is loaded four numbers at a time. */
import type { Left, Product, Right, Three } from './problem.js';

/** Four neighbours in memory are neighbours along this; `none`: numbers are loaded one by one. */
export interface Layout {
  readonly left: 'depth' | 'rows' | 'none';
  readonly right: 'depth' | 'columns' | 'none';
  /** The result, along its columns. */
  readonly output: 'columns' | 'none';
}

const isWhole = (n: number): boolean => n % 4 === 0;

/** Whether whole vectors are passed over by steps along all digits, but for one that is within a vector. */
const areWhole = (extents: Three, strides: Three, except?: 2): boolean =>
  strides.every((stride, digit) => digit === except || extents[digit] === 1 || isWhole(stride));

/** Whether places of an image depend on the last digit, which then is no channel. */
const moves = ({ window }: Left, by: 'byRow' | 'byDepth'): boolean =>
  window !== null && window.some((axis) => axis[by][2] !== 0);

/** Whether places of the window move with the last digit of the depth, as they do in a filter gradient. */
export const slides = (left: Left): boolean => moves(left, 'byDepth');

const leftLayout = ({ left, rows, depth, batch }: Product): Layout['left'] => {
  const { offset, byRow, byDepth, byBatch, window } = left;
  const isAligned =
    isWhole(offset) && areWhole(batch, byBatch) && (window ?? []).every(({ stride }) => isWhole(stride));
  if (!isAligned) return 'none';
  const isAlong = (by: 'byRow' | 'byDepth', strides: Three, extents: Three): boolean =>
    strides[2] === 1 && isWhole(extents[2]) && areWhole(extents, strides, 2) && !moves(left, by);
  if (isAlong('byDepth', byDepth, depth) && areWhole(rows, byRow)) return 'depth';
  return isAlong('byRow', byRow, rows) && areWhole(depth, byDepth) ? 'rows' : 'none';
};

const rightLayout = (
  { offset, byDepth, byColumn, byBatch }: Right,
  { depth, columns, batch }: Product,
): Layout['right'] => {
  if (!isWhole(offset) || !areWhole(batch, byBatch)) return 'none';
  if (byColumn === 1 && isWhole(columns) && areWhole(depth, byDepth)) return 'columns';
  const isAlongDepth = byDepth[2] === 1 && isWhole(depth[2]) && areWhole(depth, byDepth, 2);
  return isAlongDepth && (columns === 1 || isWhole(byColumn)) ? 'depth' : 'none';
};

export const layoutOf = (product: Product): Layout => {
  const [left, right] = [leftLayout(product), rightLayout(product.right, product)];
  const output = isWhole(product.columns) && isWhole(product.output.offset) ? 'columns' : 'none';
  // a buffer is bound once only, by elements of one kind
  const parts = [
    { buffer: product.left.buffer, lies: left },
    { buffer: product.right.buffer, lies: right },
    { buffer: product.output.buffer, lies: output },
  ];
  const isScalar = ({ buffer }: { readonly buffer: number }): boolean =>
    parts.some((part) => part.buffer === buffer && part.lies === 'none');
  return {
    left: isScalar(product.left) ? 'none' : left,
    right: isScalar(product.right) ? 'none' : right,
    output: isScalar(product.output) ? 'none' : output,
  };
};
