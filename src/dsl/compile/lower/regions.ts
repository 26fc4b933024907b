/** Builds regions: loop nests that compute the expression of a stored node. */
import { type Node, sizeOf } from '../../graph/node.js';
import type { Movement } from '../../primitives/primitive.js';
import { dataOf, primitiveOf } from '../../primitives/table.js';
import type { Assignment, Region, Store } from '../../graph/region.js';
import { isInline, numberType, writtenOf } from './classes.js';
import { type Affine, combine, constantIndex, denseStrides, nest } from './loops.js';

/** The buffers of nodes. */
export interface Memory {
  /** The buffer of a stored node or a source; undefined for nodes to compute inline. */
  readonly bufferOf: (n: Node) => number | undefined;
  /** True if an operand of a concatenation is computed in its memory. */
  readonly isInPlace: (operand: Node) => boolean;
}

/** A region and the nodes that it computes, operands first. */
export interface Filling {
  readonly region: Region;
  readonly parts: readonly Node[];
}

/** Regions, and the operands of reshapes without index arithmetic, which must be stored. */
export interface Built {
  readonly regions: readonly Filling[];
  readonly unindexable: readonly Node[];
}

/** The task of one region: to store the value of `node` at each index into a buffer. */
interface Request {
  readonly node: Node;
  /** The axes of `node` in the order of the loops. */
  readonly order: readonly number[];
  /** The number of reduced loops, which are the last ones. */
  readonly reduced: number;
  readonly reduce: Store['reduce'];
  readonly buffer: number;
  readonly offset: number;
  /** The strides of the loops in the buffer. */
  readonly strides: readonly number[];
}

const build = (request: Request, memory: Memory): Built => {
  const { node: root, order, reduced, reduce, buffer: target } = request;
  const extents = order.map((axis) => root.shape[axis]!);
  const loops = nest(extents);
  const loads: { readonly buffer: number; readonly at: Affine }[] = [];
  const body: (Assignment & { at?: Affine })[] = [];
  // by node and index object: elementwise operations pass their index on, so identity finds most repetitions
  const known = new Map<Node, Map<readonly Affine[], number>>();
  const unindexable: Node[] = [];

  const assign = (a: Assignment & { at?: Affine }): number => body.push(a) - 1;

  const load = (n: Node, buffer: number, at: Affine): number => {
    loads.push({ buffer, at });
    return assign({ op: 'load', load: loads.length - 1, dtype: numberType(n) });
  };
  const linear = (index: readonly Affine[], shape: readonly number[]): Affine => {
    const strides = denseStrides(shape);
    return combine(index.map((i, axis) => [i, strides[axis]!] as const));
  };

  const parts = new Set<Node>();
  const compute = (n: Node, index: readonly Affine[]): number => {
    const result = computed(n, index);
    parts.add(n);
    return result;
  };
  const computed = (n: Node, index: readonly Affine[]): number => {
    const { lowering } = primitiveOf(n);
    switch (lowering.class) {
      case 'source':
        return assign({ op: 'constant', value: dataOf(n)![0]!, dtype: numberType(n) });
      case 'elementwise': {
        const operands = n.inputs.map((input) => value(input, index));
        const scalar = lowering.scalar(n, operands, numberType(n));
        if (scalar.op !== 'index') return assign(scalar);
        return assign({ op: 'index', offset: 0, strides: [], at: index[scalar.axis]!, dtype: scalar.dtype });
      }
      case 'movement':
        return moved(n, index, lowering.index);
      default:
        throw new Error(`noisefold: ${n.op} should have been stored`);
    }
  };
  const moved = (n: Node, index: readonly Affine[], map: Movement<Node>['index']): number => {
    const x = n.inputs[0]!;
    if (map === 'same') return value(x, index);
    if (map !== 'regrouped') {
      const { axes, scales, offsets } = map(n);
      const inner = x.shape.map((_, a) => {
        const axis = axes === undefined ? a : axes[a]!;
        const [scale, offset] = [scales?.[a] ?? 1, offsets?.[a] ?? 0];
        if (axis === null) return constantIndex(offset);
        return scale === 1 && offset === 0 ? index[axis]! : combine([[index[axis]!, scale]], offset);
      });
      return value(x, inner);
    }
    const buffer = memory.bufferOf(x);
    if (buffer !== undefined) return load(x, buffer, linear(index, n.shape));
    const inner = loops.regroup(index, n.shape, x.shape);
    if (inner !== null) return value(x, inner);
    unindexable.push(x);
    return 0;
  };

  const value = (n: Node, index: readonly Affine[]): number => {
    const before = known.get(n)?.get(index);
    if (before !== undefined) return before;
    const buffer = memory.bufferOf(n);
    const result = buffer === undefined ? compute(n, index) : load(n, buffer, linear(index, n.shape));
    const places = known.get(n) ?? new Map<readonly Affine[], number>();
    known.set(n, places.set(index, result));
    return result;
  };

  // compute the root although it has a buffer, as this region fills it
  const index = root.shape.map((_, axis) => loops.loop(order.indexOf(axis)));
  const isOwn = isInline(root) && memory.bufferOf(root) === target;
  const result = isOwn ? compute(root, index) : value(root, index);

  const kept = extents.length - reduced;
  const address = combine(request.strides.map((s, i) => [loops.loop(i), s] as const), request.offset); // prettier-ignore
  const leaves = loops.leaves();
  const stridesOf = (index: Affine): readonly number[] => loops.strides(index, leaves);
  const region = tidied({
    loops: leaves.map(({ extent, original }) => ({ extent, reduced: original >= kept })),
    loads: loads.map(({ buffer, at }) => ({ buffer, offset: at.offset, strides: stridesOf(at) })),
    body: body.map((a) => {
      if (a.op !== 'index' || a.at === undefined) return a;
      const { at, ...own } = a;
      return { ...own, offset: at.offset, strides: stridesOf(at) };
    }),
    stores: [{ buffer: target, offset: address.offset, strides: stridesOf(address), value: result, reduce }],
  });
  return { regions: [{ region, parts: [...parts] }], unindexable };
};

interface Loose extends Omit<Region, 'extents' | 'reduced'> {
  readonly loops: readonly { readonly extent: number; readonly reduced: boolean }[];
}

/** Drops loops of one iteration, and joins neighbouring loops that are contiguous in every access. */
const tidied = ({ loops, loads, body, stores }: Loose): Region => {
  const accesses = [...loads, ...stores, ...body.filter((a) => a.op === 'index')].map(({ strides }) => strides);
  const groups: number[][] = []; // the old loops of each new one, outermost first
  loops.forEach(({ extent, reduced }, l) => {
    if (extent === 1) return;
    const last = groups.at(-1);
    const outer = last?.at(-1);
    const joins =
      outer !== undefined && loops[outer]!.reduced === reduced && accesses.every((s) => s[l]! * extent === s[outer]);
    if (joins) last!.push(l);
    else groups.push([l]);
  });
  // a region has at least one loop
  const pick = ({ strides }: { readonly strides: readonly number[] }) => ({
    strides: groups.length === 0 ? [0] : groups.map((g) => strides[g.at(-1)!]!),
  });
  const reduced = groups.filter((g) => loops[g[0]!]!.reduced).length;
  return {
    extents: groups.length === 0 ? [1] : groups.map((g) => g.reduce((n, l) => n * loops[l]!.extent, 1)),
    reduced,
    loads: loads.map((l) => ({ ...l, ...pick(l) })),
    stores: stores.map((s) => ({ ...s, ...pick(s), reduce: reduced === 0 ? null : s.reduce })),
    body: body.map((a) => (a.op === 'index' ? { ...a, ...pick(a) } : a)),
  };
};

/** Builds the regions that fill the buffer of a stored node of class elementwise, movement or region. */
export const regionsOf = (n: Node, buffer: number, memory: Memory): Built => {
  const strides = denseStrides(n.shape);
  const written = writtenOf(n);
  if (written !== null && written.reduce !== null) {
    const [x, { reduce, axes }] = [n.inputs[0]!, written];
    const order = [...x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis)), ...axes];
    const steps = [...strides, ...axes.map(() => 0)];
    return build({ node: x, order, reduced: axes.length, reduce, buffer, offset: 0, strides: steps }, memory);
  }
  /** Stores a node without a reduction. */
  const copied = (x: Node, offset: number, steps: readonly number[]): Built => {
    const order = x.shape.map((_, axis) => axis);
    return build({ node: x, order, reduced: 0, reduce: null, buffer, offset, strides: steps }, memory);
  };
  if (written === null) return copied(n, 0, strides);
  const { background, pieces } = written;
  const fillings = background === null ? [] : [{ region: filled(buffer, n, background), parts: [] }];
  const built = pieces.flatMap(({ operand, start, steps }) => {
    if (memory.isInPlace(operand)) return [];
    const offset = start.reduce((sum, index, axis) => sum + index * strides[axis]!, 0);
    return copied(operand, offset, strides.map((stride, axis) => stride * steps[axis]!)); // prettier-ignore
  });
  return {
    regions: [...fillings, ...built.flatMap(({ regions }) => regions)],
    unindexable: built.flatMap(({ unindexable }) => unindexable),
  };
};

const filled = (buffer: number, n: Node, value: number): Region => ({
  extents: [sizeOf(n.shape)],
  reduced: 0,
  loads: [],
  body: [{ op: 'constant', value, dtype: numberType(n) }],
  stores: [{ buffer, offset: 0, strides: [1], value: 0, reduce: null }],
});
