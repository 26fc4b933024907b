/**
 * A kernel with tiles of 64 × 64 in workgroup memory, computed by 64 invocations. Each invocation accumulates 8 × 8
 * elements of the result in registers; for each index along the depth it reads two vectors of each side. The rows and
 * columns of an invocation are spread out, so that neighbouring invocations read neighbouring vectors. The kernel stays
 * within the limits that WebGPU guarantees on every device.
 */
import { block } from '../wgsl/code.js';
import type { Variant } from './variant.js';
import { leftLoad, type LeftVector } from './left.js';
import { fourColumns, fourSteps } from './right.js';
import { type Kernel, rowOf, storeAll, range } from './shader.js';

const SIDE = 64;
const STEP = 16;
const INVOCATIONS = 64;

/** Vectors of a tile along its side and along the depth, and the loads of each invocation. */
const [ALONG, DEEP] = [SIDE / 4, STEP / 4];
const LOADS = range((ALONG * STEP) / INVOCATIONS);

/**
 * Row length in workgroup memory, in vectors: one row per index along the depth, padded by one vector to avoid bank
 * conflicts.
 */
const ROW = ALONG + 1;

/**
 * The number of a vector that an invocation loads. Its four elements are along the side at one depth, or along the
 * depth.
 */
const element = (i: number): string => `(lane + ${i * INVOCATIONS})`;
const acrossSide = (i: number) => ({
  side: `${element(i)} % ${ALONG} * 4`,
  depth: `${element(i)} / ${ALONG}`,
});
const alongDepth = (i: number) => ({ side: `${element(i)} / ${DEEP}`, depth: `${element(i)} % ${DEEP} * 4` });

/** Statements that store a loaded vector in its tile. */
const storeInTile = (tile: string, vector: string, i: number, isAcrossSide: boolean): readonly string[] => {
  if (isAcrossSide) {
    const { side, depth } = acrossSide(i);
    return [`${tile}[${depth} * ${ROW} + (${side}) / 4] = ${vector};`];
  }
  const { side, depth } = alongDepth(i);
  return range(4).map((k) => `${tile}[(${depth} + ${k}) * ${ROW} + (${side}) / 4][(${side}) % 4] = ${vector}[${k}];`);
};

const vectorsOf = (variant: Variant): readonly LeftVector[] =>
  LOADS.map((i) => {
    const { side, depth } = variant.layout.left === 'rows' ? acrossSide(i) : alongDepth(i);
    return { name: `x${i}`, row: rowOf(variant, side), depth };
  });

const rightLoad = (variant: Variant, i: number): string => {
  const isAlong = variant.layout.right === 'depth';
  const { side, depth } = isAlong ? alongDepth(i) : acrossSide(i);
  const column = `firstColumn + ${side}`;
  return `let w${i} = ${isAlong ? fourSteps(column, depth) : fourColumns(variant, column, depth)};`;
};

const sums = range(2).flatMap((half) =>
  range(4).flatMap((i) => range(2).map((v) => ({ half, i, v, name: `sum${half}${i}${v}` }))),
);

export const workgroupKernel: Kernel = {
  name: 'tiles by workgroups',
  tile: { rows: SIDE, columns: SIDE, step: STEP },
  invocations: INVOCATIONS,
  write: (variant) => {
    const vectors = vectorsOf(variant);
    return {
      declarations: `var<workgroup> leftTile: array<vec4f, ${ROW * STEP}>;
var<workgroup> rightTile: array<vec4f, ${ROW * STEP}>;`,
      lane: 'local_invocation_index',
      vectors,
      before: ['let x = lane % 8;', 'let y = lane / 8;', ...sums.map(({ name }) => `var ${name} = vec4f();`)],
      step: [
        ...vectors.map((vector) => leftLoad(variant, vector)),
        ...LOADS.map((i) => rightLoad(variant, i)),
        ...LOADS.flatMap((i) => storeInTile('leftTile', `x${i}`, i, variant.layout.left === 'rows')),
        ...LOADS.flatMap((i) => storeInTile('rightTile', `w${i}`, i, variant.layout.right !== 'depth')),
        'workgroupBarrier();',
        // the bound is a uniform value, so that compilers do not unroll this long loop
        ...block(`for (var k = 0; k < g.split.z; k++)`, [
          ...range(2).map((half) => `let a${half} = leftTile[k * ${ROW} + y + ${8 * half}];`),
          ...range(2).map((v) => `let b${v} = rightTile[k * ${ROW} + x + ${8 * v}];`),
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
