/**
 * A kernel for small subgroups, which usually are the vector lanes of a CPU. Workgroup memory is not faster than other
 * memory there, and barriers are expensive. Each invocation computes four columns. The invocations load the left side
 * together, and share it by subgroup broadcasts.
 */
import type { Variant } from './variant.js';
import { leftLoad, type LeftVector } from './left.js';
import { fourColumns, fourSteps } from './right.js';
import { type Kernel, rowOf, storeAll, range } from './shader.js';

const ROWS = 16;
const STEP = 4;

/** Names of an invocation's accumulators, one per row. */
const sums = range(ROWS).map((row) => `sum${row}`);

/** The vectors of the left side that an invocation loads in a step. The subgroup loads one vector per row. */
const vectorsOf = (variant: Variant, size: number): readonly LeftVector[] =>
  range(ROWS / size).map((i) => {
    const element = `(lane + ${i * size})`;
    return variant.layout.left === 'rows'
      ? {
          name: `x${i}`,
          row: rowOf(variant, `${element} % ${ROWS / 4} * 4`),
          depth: `${element} / ${ROWS / 4}`,
        }
      : { name: `x${i}`, row: rowOf(variant, element), depth: '0' };
  });

/**
 * Broadcasts the element of the left side at a row and an index `k` within the step from the invocation that loaded it.
 */
const leftNumber = ({ layout }: Variant, size: number, row: number, k: number): string => {
  const [element, component] = layout.left === 'rows' ? [(k * ROWS) / 4 + Math.floor(row / 4), row % 4] : [row, k];
  return `subgroupBroadcast(x${Math.floor(element / size)}[${component}], ${element % size}u)`;
};

const rightVectors = (variant: Variant): readonly string[] =>
  variant.layout.right === 'depth'
    ? [
        ...range(4).map((i) => `let c${i} = ${fourSteps(`column + ${i}`, '0')};`),
        ...range(STEP).map((k) => `let w${k} = vec4f(c0[${k}], c1[${k}], c2[${k}], c3[${k}]);`),
      ]
    : range(STEP).map((k) => `let w${k} = ${fourColumns(variant, 'column', `${k}`)};`);

/** Makes the kernel for subgroups of `size` 4, 8 or 16. A workgroup is one subgroup. */
export const subgroupKernel = (size: number): Kernel => ({
  name: 'tiles by subgroups',
  tile: { rows: ROWS, columns: 4 * size, step: STEP },
  invocations: size,
  write: (variant) => {
    const vectors = vectorsOf(variant, size);
    return {
      directives: 'enable subgroups;\n',
      lane: 'subgroup_invocation_id',
      vectors,
      before: ['let column = firstColumn + lane * 4;', ...sums.map((name) => `var ${name} = vec4f();`)],
      step: [
        ...vectors.map((vector) => leftLoad(variant, vector)),
        ...rightVectors(variant),
        ...range(STEP).flatMap((k) =>
          sums.map((sum, row) => `${sum} += ${leftNumber(variant, size, row, k)} * w${k};`),
        ),
      ],
      after: storeAll(sums, 'firstRow + i', 'column'),
    };
  },
});
