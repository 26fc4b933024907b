/**
 * Reductions with one workgroup per result, or per several neighbouring results. The invocations share the terms and
 * combine their partial results in a tree, always in the same order.
 */
import { accumulate, combine, dtypeOf, reduceVector, type SerialLoop } from './accumulate.js';
import { indexOf, storing } from './body.js';
import { block, declarationsOf, digitsOf, gridOf, groupNumber, shaderOf } from './code.js';
import { type GroupSchedule, type Lanes, iterationsOf } from './schedule.js';
import type { Shader, ShaderLimits } from './shader.js';
import { valueType, type Width } from './library/types.js';
import type { BoundNest } from './boundNest.js';

const productOf = (lanes: readonly Lanes[]): number => lanes.reduce((n, { count }) => n * count, 1);

/** Lanes that combine their partial results. Neighbouring digits of the lane's number are merged into one. */
interface LaneReduction {
  readonly count: number;
  /** Distance between these lanes in the workgroup. */
  readonly stride: number;
}

const laneReductionsOf = (bound: BoundNest, lanes: readonly Lanes[]): readonly LaneReduction[] => {
  const laneReductions: LaneReduction[] = [];
  let stride = 1;
  let wasReduced = false;
  for (const { loop, count } of lanes) {
    const { reduced } = bound.nest.loops[loop]!;
    const last = laneReductions.at(-1);
    if (reduced && wasReduced && last !== undefined)
      laneReductions[laneReductions.length - 1] = { ...last, count: last.count * count };
    else if (reduced) laneReductions.push({ count, stride });
    wasReduced = reduced;
    stride *= count;
  }
  return laneReductions.filter(({ count }) => count > 1);
};

/** Makes the shader of a reduction that workgroups share. */
export const perGroup = (bound: BoundNest, schedule: GroupSchedule, limits: ShaderLimits): Shader => {
  const { nest, stores } = bound;
  const { vectors, lanes, free, reduced } = schedule;
  const size = productOf(lanes);
  const countOf = (loop: number): number => lanes.find((l) => l.loop === loop)?.count ?? 1;
  const iterations = iterationsOf(bound, vectors);
  const blocks = (loop: number): number => Math.ceil(iterations(loop) / countOf(loop));
  const hasPartialBlock = (loop: number): boolean => iterations(loop) % countOf(loop) !== 0;
  const hasLanes = (loop: number): boolean => countOf(loop) > 1;

  const groups = free.reduce((n, loop) => n * blocks(loop), 1);
  const workgroups = gridOf(groups, limits);
  const counted = free.filter((loop) => blocks(loop) > 1);
  /**
   * The index along a loop. `from` counts blocks of as many iterations as the loop has lanes; null if there is only one
   * block.
   */
  const indexFrom = (loop: number, from: string | null): string => {
    if (!hasLanes(loop)) return from ?? '0u';
    return from === null ? `d${loop}` : `${from} * ${countOf(loop)}u + d${loop}`;
  };
  const freeIndex = (loop: number): string => indexFrom(loop, counted.includes(loop) ? `k${loop}` : null);
  // invocations beyond the end repeat the last iteration and store nothing
  const freeIndices = free.map((loop) => {
    const index = hasPartialBlock(loop) ? `min(${freeIndex(loop)}, ${iterations(loop) - 1}u)` : freeIndex(loop);
    return `let ${indexOf(loop)} = ${index};`;
  });
  const within = free.filter(hasPartialBlock).map((loop) => `${freeIndex(loop)} < ${iterations(loop)}u`);

  const serials = reduced
    .filter((loop) => blocks(loop) > 1)
    .map((loop): SerialLoop => ({
      loop,
      trips: blocks(loop),
      index: hasLanes(loop) ? indexFrom(loop, `s${loop}`) : null,
      guard: hasPartialBlock(loop) ? `${indexOf(loop)} < ${iterations(loop)}u` : null,
    }));
  // if the lanes cover a reduced loop in one trip, its index is known from the start
  const single = reduced
    .filter((loop) => blocks(loop) === 1)
    .map((loop) => `let ${indexOf(loop)} = ${indexFrom(loop, null)};`);
  const { statements, widths } = accumulate(bound, vectors, serials);

  const isAcross = vectors.loop >= 0 && nest.loops[vectors.loop]!.reduced;
  const sizes: readonly Width[] = widths.map((width) => (isAcross ? 1 : width));
  const typeOf = (store: number): string => valueType(dtypeOf(bound, store), sizes[store]!);
  const laneReductions = laneReductionsOf(bound, lanes);
  const each = (lines: (store: number) => string): readonly string[] => stores.map((_, s) => lines(s));
  // combines the upper half of the remaining lanes with the lower half
  const tree = laneReductions.flatMap(({ count, stride }) => [
    `let f${stride} = ${stride === 1 ? 'lane' : `lane / ${stride}u`} % ${count}u;`,
    ...block(`for (var left = ${count}u; left > 1u; left = (left + 1u) / 2u)`, [
      'let half = (left + 1u) / 2u;',
      'workgroupBarrier();',
      ...block(
        `if (f${stride} < left - half)`,
        each((s) => `w${s}[lane] = ${combine(bound, s, `w${s}[lane]`, `w${s}[lane + half * ${stride}u]`, sizes[s]!)};`), // oxfmt-ignore
      ),
    ]),
  ]);
  const ownOf = (store: number): string => (isAcross ? reduceVector(bound, store, `r${store}`) : `r${store}`);
  const own = each((s) => `w${s}[lane] = ${ownOf(s)};`);
  const isFirst = laneReductions.map(({ stride }) => `f${stride} == 0u`);
  const resultOf = (store: number): string => (laneReductions.length === 0 ? ownOf(store) : `w${store}[lane]`);
  const results = stores.flatMap((_, s) => storing(bound, s, vectors, () => resultOf(s)));
  const conditions = [...isFirst, ...within];

  return shaderOf({
    name: 'reduction by workgroups',
    bindings: bound.bindings,
    declarations: [
      ...declarationsOf(bound, vectors),
      ...(laneReductions.length === 0 ? [] : each((s) => `var<workgroup> w${s}: array<${typeOf(s)}, ${size}>;`)),
    ],
    size,
    workgroups,
    statements: [
      `let number = ${groupNumber(workgroups)};`,
      ...(workgroups[1] > 1 ? block(`if (number >= ${groups}u)`, ['return;']) : []),
      ...digitsOf('number', counted.map((loop) => ({ name: `k${loop}`, extent: blocks(loop) })), 'over'), // oxfmt-ignore
      ...digitsOf('lane', lanes.map(({ loop, count }) => ({ name: `d${loop}`, extent: count })), 'beside'), // oxfmt-ignore
      ...freeIndices,
      ...single,
      ...statements,
      ...(laneReductions.length === 0 ? [] : [...own, ...tree]),
      ...(conditions.length === 0 ? results : block(`if (${conditions.join(' && ')})`, results)),
    ],
  });
};
