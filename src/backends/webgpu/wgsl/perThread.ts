/**
 * One invocation for each result, or for four neighbouring ones: elementwise chains, and reductions of
 * few terms or into so many results that they need no others.
 */
import { accumulated, folded, type Serial } from './accumulate.js';
import { bodyOf, indexOf, storing } from './body.js';
import { block, declarationsOf, digitsOf, gridOf, groupNumber, shaderOf } from './code.js';
import { turnsOf } from './schedule.js';
import type { Shader, ShaderLimits } from './shader.js';
import { tilesOf } from './tile.js';
import type { Width } from './types.js';
import type { Vectors } from './vectors.js';
import { nearestFirst, viewsOf, type Work } from './work.js';

const SIZE = 256;

/**
 * Whether a work is one loop over all of the buffers that it writes: then the code is the same for any extent,
 * which it finds as the length of a binding. Beyond the end it works on numbers that are nobody's.
 */
export const isFlat = (work: Work): boolean => {
  const { nest, stores, elementsOf } = work;
  return (
    nest.loops.length === 1 &&
    !nest.loops[0]!.reduced &&
    viewsOf(work).every(({ strides: [stride] }) => stride === 0 || stride === 1) &&
    stores.every(({ binding, offset }) => offset === 0 && elementsOf(binding) === nest.loops[0]!.extent)
  );
};

export const perThread = (work: Work, vectors: Vectors, limits: ShaderLimits): Shader => {
  const { nest, bindings, stores } = work;
  const size = Math.min(SIZE, limits.maxComputeInvocationsPerWorkgroup);
  const order = nearestFirst(work);
  const kept = order.filter((loop) => !nest.loops[loop]!.reduced);
  const reduced = order.filter((loop) => nest.loops[loop]!.reduced).reverse();
  const turns = turnsOf(work, vectors);
  const tiles = vectors.loop < 0 ? tilesOf(work) : [];
  const isTiled = (loop: number): boolean => tiles.some((tile) => tile.loop === loop);
  const digits = [
    ...tiles.map(({ loop, length }) => ({ name: `t${loop}`, extent: length })),
    ...tiles.map(({ loop, length }) => ({ name: `o${loop}`, extent: Math.ceil(turns(loop) / length) })),
    ...kept.filter((loop) => !isTiled(loop)).map((loop) => ({ name: indexOf(loop), extent: turns(loop) })),
  ];
  const count = digits.reduce((n, { extent }) => n * extent, 1);
  const ragged = tiles.filter(({ loop, length }) => turns(loop) % length !== 0);
  const workgroups = gridOf(Math.ceil(count / size), limits);
  const end = isFlat(work) ? `arrayLength(&b${stores[0]!.binding})` : `${count}u`;

  const serial = reduced.map((loop): Serial => ({ loop, trips: turns(loop), index: null, guard: null })); // prettier-ignore
  const results = ((): {
    readonly lines: readonly string[];
    readonly value: (store: number, width: Width) => string;
  } => {
    if (reduced.length === 0) {
      const { lines, valueOf } = bodyOf(work, vectors, 1, () => 0);
      return { lines: lines[0]!, value: (s, width) => valueOf(nest.stores[s]!.value, width) };
    }
    const { statements } = accumulated(work, vectors, serial);
    const isAcross = reduced.includes(vectors.loop);
    return { lines: statements, value: (s) => (isAcross ? folded(work, s, `r${s}`) : `r${s}`) };
  })();
  return shaderOf({
    name: reduced.length === 0 ? 'elementwise' : 'reduction by invocations',
    bindings,
    declarations: declarationsOf(work, vectors),
    size,
    workgroups,
    statements: [
      `let id = (${groupNumber(workgroups)}) * ${size}u + lane;`,
      ...block(`if (id >= ${end})`, ['return;']),
      ...digitsOf('id', digits, 'rest'),
      ...tiles.map(({ loop, length }) => `let ${indexOf(loop)} = o${loop} * ${length}u + t${loop};`),
      ...ragged.flatMap(({ loop }) => block(`if (${indexOf(loop)} >= ${turns(loop)}u)`, ['return;'])),
      ...results.lines,
      ...stores.flatMap((_, s) => storing(work, s, vectors, (width) => results.value(s, width))),
    ],
  });
};
