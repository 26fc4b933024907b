/**
 * Tiles for subgroups of few invocations, which are as a rule the lanes of a CPU's vectors: there, workgroup memory is
 * no faster than other memory, and a barrier is dear. An invocation has four columns, and a part of what all need of
 * the left side, which goes around by broadcasts.
 */
import type { Form } from './form.js';
import { leftLoad, type LeftVector } from './left.js';
import { fourColumns, fourSteps } from './right.js';
import { type Kernel, rowOf, storeAll, upTo } from './shader.js';

const ROWS = 16;
const STEP = 4;

/** Of each row, the sums of an invocation. */
const sums = upTo(ROWS).map((row) => `sum${row}`);

/** What the subgroup loads of the left side for a step: as many vectors as there are rows. */
const vectorsOf = (form: Form, size: number): readonly LeftVector[] =>
  upTo(ROWS / size).map((i) => {
    const element = `(lane + ${i * size})`;
    return form.layout.left === 'rows'
      ? { name: `x${i}`, row: rowOf(form, `${element} % ${ROWS / 4} * 4`), depth: `${element} / ${ROWS / 4}` }
      : { name: `x${i}`, row: rowOf(form, element), depth: '0' };
  });

/** The number of a row at one of the step's numbers along the depth, from the invocation that has it. */
const leftNumber = ({ layout }: Form, size: number, row: number, k: number): string => {
  const [element, component] =
    layout.left === 'rows' ? [(k * ROWS) / 4 + Math.floor(row / 4), row % 4] : [row, k];
  return `subgroupBroadcast(x${Math.floor(element / size)}[${component}], ${element % size}u)`;
};

const rightVectors = (form: Form): readonly string[] =>
  form.layout.right === 'depth'
    ? [
        ...upTo(4).map((i) => `let c${i} = ${fourSteps(`column + ${i}`, '0')};`),
        ...upTo(STEP).map((k) => `let w${k} = vec4f(c0[${k}], c1[${k}], c2[${k}], c3[${k}]);`),
      ]
    : upTo(STEP).map((k) => `let w${k} = ${fourColumns(form, 'column', `${k}`)};`);

/** For subgroups of `size`, 4, 8 or 16: each is a workgroup. */
export const subgroupKernel = (size: number): Kernel => ({
  name: 'tiles by subgroups',
  tile: { rows: ROWS, columns: 4 * size, step: STEP },
  invocations: size,
  write: (form) => {
    const vectors = vectorsOf(form, size);
    return {
      directives: 'enable subgroups;\n',
      lane: 'subgroup_invocation_id',
      vectors,
      before: ['let column = firstColumn + lane * 4;', ...sums.map((name) => `var ${name} = vec4f();`)],
      step: [
        ...vectors.map((vector) => leftLoad(form, vector)),
        ...rightVectors(form),
        ...upTo(STEP).flatMap((k) =>
          sums.map((sum, row) => `${sum} += ${leftNumber(form, size, row, k)} * w${k};`),
        ),
      ],
      after: storeAll(sums, 'firstRow + i', 'column'),
    };
  },
});
