/**
 * Tiles of 64 × 64 by 64 invocations, through workgroup memory: an invocation has 8 × 8 numbers of the result, in
 * registers, and reads for each number along the depth two vectors of either side. Rows and columns of an invocation
 * are apart, so that neighbours read neighbouring vectors; all fits what WebGPU asks of every device.
 */
import { block } from '../wgsl/code.js';
import type { Form } from './form.js';
import { leftLoad, type LeftVector } from './left.js';
import { fourColumns, fourSteps } from './right.js';
import { type Kernel, rowOf, storeAll, upTo } from './shader.js';

const SIDE = 64;
const STEP = 16;
const INVOCATIONS = 64;

/** Vectors of a tile along its side, and along the depth; and how many of all each invocation loads. */
const [ALONG, DEEP] = [SIDE / 4, STEP / 4];
const LOADS = upTo((ALONG * STEP) / INVOCATIONS);

/** In workgroup memory a step of the depth is a row of vectors, one more than there are, for fewer conflicts of banks. */
const ROW = ALONG + 1;

/** The number of a vector that an invocation loads, and how it lies: four of the side at one depth, or of the depth. */
const element = (i: number): string => `(lane + ${i * INVOCATIONS})`;
const acrossSide = (i: number) => ({
  side: `${element(i)} % ${ALONG} * 4`,
  depth: `${element(i)} / ${ALONG}`,
});
const alongDepth = (i: number) => ({ side: `${element(i)} / ${DEEP}`, depth: `${element(i)} % ${DEEP} * 4` });

/** Statements that put a vector where it belongs. */
const keep = (tile: string, vector: string, i: number, isAcrossSide: boolean): readonly string[] => {
  if (isAcrossSide) {
    const { side, depth } = acrossSide(i);
    return [`${tile}[${depth} * ${ROW} + (${side}) / 4] = ${vector};`];
  }
  const { side, depth } = alongDepth(i);
  return upTo(4).map(
    (k) => `${tile}[(${depth} + ${k}) * ${ROW} + (${side}) / 4][(${side}) % 4] = ${vector}[${k}];`,
  );
};

const vectorsOf = (form: Form): readonly LeftVector[] =>
  LOADS.map((i) => {
    const { side, depth } = form.layout.left === 'rows' ? acrossSide(i) : alongDepth(i);
    return { name: `x${i}`, row: rowOf(form, side), depth };
  });

const rightLoad = (form: Form, i: number): string => {
  const isAlong = form.layout.right === 'depth';
  const { side, depth } = isAlong ? alongDepth(i) : acrossSide(i);
  const column = `firstColumn + ${side}`;
  return `let w${i} = ${isAlong ? fourSteps(column, depth) : fourColumns(form, column, depth)};`;
};

const sums = upTo(2).flatMap((half) =>
  upTo(4).flatMap((i) => upTo(2).map((v) => ({ half, i, v, name: `sum${half}${i}${v}` }))),
);

export const workgroupKernel: Kernel = {
  name: 'tiles by workgroups',
  tile: { rows: SIDE, columns: SIDE, step: STEP },
  invocations: INVOCATIONS,
  write: (form) => {
    const vectors = vectorsOf(form);
    return {
      declarations: `var<workgroup> leftTile: array<vec4f, ${ROW * STEP}>;
var<workgroup> rightTile: array<vec4f, ${ROW * STEP}>;`,
      lane: 'local_invocation_index',
      vectors,
      before: ['let x = lane % 8;', 'let y = lane / 8;', ...sums.map(({ name }) => `var ${name} = vec4f();`)],
      step: [
        ...vectors.map((vector) => leftLoad(form, vector)),
        ...LOADS.map((i) => rightLoad(form, i)),
        ...LOADS.flatMap((i) => keep('leftTile', `x${i}`, i, form.layout.left === 'rows')),
        ...LOADS.flatMap((i) => keep('rightTile', `w${i}`, i, form.layout.right !== 'depth')),
        'workgroupBarrier();',
        // a bound that no compiler knows: unrolled, this is long
        ...block(`for (var k = 0; k < g.cut.z; k++)`, [
          ...upTo(2).map((half) => `let a${half} = leftTile[k * ${ROW} + y + ${8 * half}];`),
          ...upTo(2).map((v) => `let b${v} = rightTile[k * ${ROW} + x + ${8 * v}];`),
          ...sums.map(({ half, i, v, name }) => `${name} += a${half}[${i}] * b${v};`),
        ]),
        'workgroupBarrier();',
      ],
      after: storeAll(
        sums.map(({ name }) => name),
        'firstRow + (y + i / 8 * 8) * 4 + i / 2 % 4',
        'firstColumn + (x + i % 2 * 8) * 4',
      ),
    };
  },
};
