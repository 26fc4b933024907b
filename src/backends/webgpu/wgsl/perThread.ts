/**
 * One invocation per result, or per four neighbouring results: for elementwise chains, and for reductions that have few
 * terms or so many results that they occupy the device.
 */
import { accumulate, reduceVector, type SerialLoop } from './accumulate.js';
import { bodyOf, indexOf, storing } from './body.js';
import { block, declarationsOf, digitsOf, gridOf, groupNumber, shaderOf } from './code.js';
import { iterationsOf } from './schedule.js';
import type { Shader, ShaderLimits } from './shader.js';
import { tilesOf } from './tile.js';
import type { Width } from './library/types.js';
import type { Vectors } from './vectors.js';
import { nearestFirst, viewsOf, type BoundNest } from './boundNest.js';

const SIZE = 256;

/**
 * True for a single loop over whole output buffers. Its code does not depend on the extent, which it reads as the length
 * of a binding. The last vector may extend into the padding of the binding, which no buffer uses.
 */
export const isFlat = (bound: BoundNest): boolean => {
  const { nest, stores, elementsOf } = bound;
  return (
    nest.loops.length === 1 &&
    !nest.loops[0]!.reduced &&
    viewsOf(bound).every(({ strides: [stride] }) => stride === 0 || stride === 1) &&
    stores.every(({ binding, offset }) => offset === 0 && elementsOf(binding) === nest.loops[0]!.extent)
  );
};

/** The statements that compute the values of all stores, and an expression for each. */
interface Results {
  readonly lines: readonly string[];
  readonly value: (store: number, width: Width) => string;
}

const resultsOf = (bound: BoundNest, vectors: Vectors, reduced: readonly number[]): Results => {
  if (reduced.length === 0) {
    const { lines, valueOf } = bodyOf(bound, vectors, 1, () => 0);
    return { lines: lines[0]!, value: (s, width) => valueOf(bound.nest.stores[s]!.value, width) };
  }
  const iterations = iterationsOf(bound, vectors);
  const serial = reduced.map((loop): SerialLoop => ({ loop, trips: iterations(loop), index: null, guard: null })); // oxfmt-ignore
  const { statements } = accumulate(bound, vectors, serial);
  const isAcross = reduced.includes(vectors.loop);
  return { lines: statements, value: (s) => (isAcross ? reduceVector(bound, s, `r${s}`) : `r${s}`) };
};

/** Makes the shader of a nest that needs no cooperation between invocations. */
export const perThread = (bound: BoundNest, vectors: Vectors, limits: ShaderLimits): Shader => {
  const { nest, bindings, stores } = bound;
  const size = Math.min(SIZE, limits.maxComputeInvocationsPerWorkgroup);
  const order = nearestFirst(bound);
  const free = order.filter((loop) => !nest.loops[loop]!.reduced);
  const reduced = order.filter((loop) => nest.loops[loop]!.reduced).reverse();
  const iterations = iterationsOf(bound, vectors);
  const tiles = vectors.loop < 0 ? tilesOf(bound) : [];
  const isTiled = (loop: number): boolean => tiles.some((tile) => tile.loop === loop);
  const digits = [
    ...tiles.map(({ loop, length }) => ({ name: `t${loop}`, extent: length })),
    ...tiles.map(({ loop, length }) => ({ name: `o${loop}`, extent: Math.ceil(iterations(loop) / length) })),
    ...free.filter((loop) => !isTiled(loop)).map((loop) => ({ name: indexOf(loop), extent: iterations(loop) })),
  ];
  const count = digits.reduce((n, { extent }) => n * extent, 1);
  const partial = tiles.filter(({ loop, length }) => iterations(loop) % length !== 0);
  const workgroups = gridOf(Math.ceil(count / size), limits);
  const end = isFlat(bound) ? `arrayLength(&b${stores[0]!.binding})` : `${count}u`;

  const results = resultsOf(bound, vectors, reduced);
  return shaderOf({
    name: reduced.length === 0 ? 'elementwise' : 'reduction by invocations',
    bindings,
    declarations: declarationsOf(bound, vectors),
    size,
    workgroups,
    statements: [
      `let id = (${groupNumber(workgroups)}) * ${size}u + lane;`,
      ...block(`if (id >= ${end})`, ['return;']),
      ...digitsOf('id', digits, 'rest'),
      ...tiles.map(({ loop, length }) => `let ${indexOf(loop)} = o${loop} * ${length}u + t${loop};`),
      ...partial.flatMap(({ loop }) => block(`if (${indexOf(loop)} >= ${iterations(loop)}u)`, ['return;'])),
      ...results.lines,
      ...stores.flatMap((_, s) => storing(bound, s, vectors, (width) => results.value(s, width))),
    ],
  });
};
