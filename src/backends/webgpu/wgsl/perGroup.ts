/**
 * A workgroup for each result, or for several neighbouring ones: its invocations share the terms, and their sums
 * meet in a tree, always in the same order.
 */
import { accumulated, combined, dtypeOf, folded, type Serial } from './accumulate.js';
import { indexOf, storing } from './body.js';
import { block, declarationsOf, digitsOf, gridOf, groupNumber, shaderOf } from './code.js';
import { type GroupSchedule, type Lanes, turnsOf } from './schedule.js';
import type { Shader, ShaderLimits } from './shader.js';
import { valueType, type Width } from './types.js';
import type { Work } from './work.js';

const productOf = (lanes: readonly Lanes[]): number => lanes.reduce((n, { count }) => n * count, 1);

/** The lanes that add up one result: neighbouring digits of the lane's number, as one. */
interface Fold {
  readonly count: number;
  /** How far apart in the workgroup. */
  readonly stride: number;
}

const foldsOf = (work: Work, lanes: readonly Lanes[]): readonly Fold[] => {
  const folds: Fold[] = [];
  let stride = 1;
  let wasReduced = false;
  for (const { loop, count } of lanes) {
    const { reduced } = work.nest.loops[loop]!;
    const last = folds.at(-1);
    if (reduced && wasReduced && last !== undefined)
      folds[folds.length - 1] = { ...last, count: last.count * count };
    else if (reduced) folds.push({ count, stride });
    wasReduced = reduced;
    stride *= count;
  }
  return folds.filter(({ count }) => count > 1);
};

export const perGroup = (work: Work, schedule: GroupSchedule, limits: ShaderLimits): Shader => {
  const { nest, stores } = work;
  const { vectors, lanes, kept, reduced } = schedule;
  const size = productOf(lanes);
  const countOf = (loop: number): number => lanes.find((l) => l.loop === loop)?.count ?? 1;
  const turns = turnsOf(work, vectors);
  const blocks = (loop: number): number => Math.ceil(turns(loop) / countOf(loop));
  const isRagged = (loop: number): boolean => turns(loop) % countOf(loop) !== 0;
  const hasLanes = (loop: number): boolean => countOf(loop) > 1;

  const groups = kept.reduce((n, loop) => n * blocks(loop), 1);
  const workgroups = gridOf(groups, limits);
  const counted = kept.filter((loop) => blocks(loop) > 1);
  /** The index along a loop, of which `from` counts blocks as wide as its lanes; null where there is but one. */
  const indexFrom = (loop: number, from: string | null): string => {
    if (!hasLanes(loop)) return from ?? '0u';
    return from === null ? `d${loop}` : `${from} * ${countOf(loop)}u + d${loop}`;
  };
  const keptIndex = (loop: number): string => indexFrom(loop, counted.includes(loop) ? `k${loop}` : null);
  // those beyond the end do the last one's work, and store nothing
  const keptIndices = kept.map((loop) => {
    const index = isRagged(loop) ? `min(${keptIndex(loop)}, ${turns(loop) - 1}u)` : keptIndex(loop);
    return `let ${indexOf(loop)} = ${index};`;
  });
  const within = kept.filter(isRagged).map((loop) => `${keptIndex(loop)} < ${turns(loop)}u`);

  const serials = reduced
    .filter((loop) => blocks(loop) > 1)
    .map((loop): Serial => ({
      loop,
      trips: blocks(loop),
      index: hasLanes(loop) ? indexFrom(loop, `s${loop}`) : null,
      guard: isRagged(loop) ? `${indexOf(loop)} < ${turns(loop)}u` : null,
    }));
  // a reduced loop that the lanes take in one trip has an index that they know from the start
  const single = reduced
    .filter((loop) => blocks(loop) === 1)
    .map((loop) => `let ${indexOf(loop)} = ${indexFrom(loop, null)};`);
  const { statements, widths } = accumulated(work, vectors, serials);

  const isAcross = vectors.loop >= 0 && nest.loops[vectors.loop]!.reduced;
  const held: readonly Width[] = widths.map((width) => (isAcross ? 1 : width));
  const typeOf = (store: number): string => valueType(dtypeOf(work, store), held[store]!);
  const folds = foldsOf(work, lanes);
  const each = (lines: (store: number) => string): readonly string[] => stores.map((_, s) => lines(s));
  // the upper half of what is left is added to the lower one
  const tree = folds.flatMap(({ count, stride }) => [
    `let f${stride} = ${stride === 1 ? 'lane' : `lane / ${stride}u`} % ${count}u;`,
    ...block(`for (var left = ${count}u; left > 1u; left = (left + 1u) / 2u)`, [
      'let half = (left + 1u) / 2u;',
      'workgroupBarrier();',
      ...block(
        `if (f${stride} < left - half)`,
        each((s) => `w${s}[lane] = ${combined(work, s, `w${s}[lane]`, `w${s}[lane + half * ${stride}u]`, held[s]!)};`), // prettier-ignore
      ),
    ]),
  ]);
  const ownOf = (store: number): string => (isAcross ? folded(work, store, `r${store}`) : `r${store}`);
  const own = each((s) => `w${s}[lane] = ${ownOf(s)};`);
  const isFirst = folds.map(({ stride }) => `f${stride} == 0u`);
  const resultOf = (store: number): string => (folds.length === 0 ? ownOf(store) : `w${store}[lane]`);
  const results = stores.flatMap((_, s) => storing(work, s, vectors, () => resultOf(s)));
  const conditions = [...isFirst, ...within];

  return shaderOf({
    name: 'reduction by workgroups',
    bindings: work.bindings,
    declarations: [
      ...declarationsOf(work, vectors),
      ...(folds.length === 0 ? [] : each((s) => `var<workgroup> w${s}: array<${typeOf(s)}, ${size}>;`)),
    ],
    size,
    workgroups,
    statements: [
      `let number = ${groupNumber(workgroups)};`,
      ...(workgroups[1] > 1 ? block(`if (number >= ${groups}u)`, ['return;']) : []),
      ...digitsOf('number', counted.map((loop) => ({ name: `k${loop}`, extent: blocks(loop) })), 'over'), // prettier-ignore
      ...digitsOf('lane', lanes.map(({ loop, count }) => ({ name: `d${loop}`, extent: count })), 'beside'), // prettier-ignore
      ...keptIndices,
      ...single,
      ...statements,
      ...(folds.length === 0 ? [] : [...own, ...tree]),
      ...(conditions.length === 0 ? results : block(`if (${conditions.join(' && ')})`, results)),
    ],
  });
};
