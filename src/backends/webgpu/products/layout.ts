/** Memory layouts of the operands of a product: they decide which operands are loaded as vectors of four. */
import type { Left, Product, Right, Triple } from './product.js';

/** The axis along which four neighbours in memory form a vector; `none`: elements are accessed one at a time. */
export interface Layout {
  readonly left: 'depth' | 'rows' | 'none';
  readonly right: 'depth' | 'columns' | 'none';
  /** `columns`: the result is stored as vectors along its columns. */
  readonly output: 'columns' | 'none';
}

const isMultipleOfFour = (n: number): boolean => n % 4 === 0;

/** True if the strides of all digits are multiples of four, except digits of extent 1 and the one along the vectors. */
const areMultiplesOfFour = (extents: Triple, strides: Triple, except?: 2): boolean =>
  strides.every((stride, digit) => digit === except || extents[digit] === 1 || isMultipleOfFour(stride));

/** True if the position in the image depends on the last digit, which then is not the channel. */
const dependsOnLastDigit = ({ window }: Left, by: 'byRow' | 'byDepth'): boolean =>
  window !== null && window.some((axis) => axis[by][2] !== 0);

/** True if the position in the image depends on the last digit of the depth, as in a filter gradient. */
export const slides = (left: Left): boolean => dependsOnLastDigit(left, 'byDepth');

const leftLayout = ({ left, rows, depth, batch }: Product): Layout['left'] => {
  const { offset, byRow, byDepth, byBatch, window } = left;
  const isAligned =
    isMultipleOfFour(offset) &&
    areMultiplesOfFour(batch, byBatch) &&
    (window ?? []).every(({ stride }) => isMultipleOfFour(stride));
  if (!isAligned) return 'none';
  const isAlong = (by: 'byRow' | 'byDepth', strides: Triple, extents: Triple): boolean =>
    strides[2] === 1 &&
    isMultipleOfFour(extents[2]) &&
    areMultiplesOfFour(extents, strides, 2) &&
    !dependsOnLastDigit(left, by);
  if (isAlong('byDepth', byDepth, depth) && areMultiplesOfFour(rows, byRow)) return 'depth';
  return isAlong('byRow', byRow, rows) && areMultiplesOfFour(depth, byDepth) ? 'rows' : 'none';
};

const rightLayout = (
  { offset, byDepth, byColumn, byBatch }: Right,
  { depth, columns, batch }: Product,
): Layout['right'] => {
  if (!isMultipleOfFour(offset) || !areMultiplesOfFour(batch, byBatch)) return 'none';
  if (byColumn === 1 && isMultipleOfFour(columns) && areMultiplesOfFour(depth, byDepth)) return 'columns';
  const isAlongDepth = byDepth[2] === 1 && isMultipleOfFour(depth[2]) && areMultiplesOfFour(depth, byDepth, 2);
  return isAlongDepth && (columns === 1 || isMultipleOfFour(byColumn)) ? 'depth' : 'none';
};

export const layoutOf = (product: Product): Layout => {
  const [left, right] = [leftLayout(product), rightLayout(product.right, product)];
  const output = isMultipleOfFour(product.columns) && isMultipleOfFour(product.output.offset) ? 'columns' : 'none';
  // each buffer is bound only once, as vectors or as single elements
  const parts = [
    { buffer: product.left.buffer, layout: left },
    { buffer: product.right.buffer, layout: right },
    { buffer: product.output.buffer, layout: output },
  ];
  const isScalar = ({ buffer }: { readonly buffer: number }): boolean =>
    parts.some((part) => part.buffer === buffer && part.layout === 'none');
  return {
    left: isScalar(product.left) ? 'none' : left,
    right: isScalar(product.right) ? 'none' : right,
    output: isScalar(product.output) ? 'none' : output,
  };
};
