/** Builds regions: loop nests that compute the expression of a stored node. */
import { extentAt, type Node, operandOf } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { Movement } from '../../primitives/primitive.js';
import { dataOf, loweringAs } from '../../primitives/rules/table.js';
import type { Assignment, Region, Store } from '../../graph/region.js';
import { isInline, numberType, writtenOf } from './classes.js';
import { addressOf, type Affine, combine, constantIndex, denseStrides, linear, nest } from './loops.js';

/** The buffers of nodes. */
export interface NodeBuffers {
  /** The buffer of a stored node or a source; undefined for nodes that are computed inline. */
  readonly bufferOf: (n: Node) => number | undefined;
  /** True if an operand of a concatenation is computed in its memory. */
  readonly isInPlace: (operand: Node) => boolean;
}

/** A region that fills a buffer, or a part of it. */
export interface Filling {
  readonly region: Region;
  /** The nodes that the region computes, operands first. */
  readonly parts: readonly Node[];
  /** The operands of reshapes without index arithmetic, which must be stored instead. */
  readonly unindexable: readonly Node[];
}

/** The task of one region: to store the value of `node` at each index, or its reduction over `axes`, into a buffer. */
interface Request {
  readonly node: Node;
  readonly reduce: Store['reduce'];
  readonly axes: readonly number[];
  readonly buffer: number;
  readonly offset: number;
  /** The strides of the other axes in the buffer. */
  readonly strides: readonly number[];
}

/** The index of an element of an operand, from the index of the element that a movement moves it to. */
const operandIndex = (map: Exclude<Movement<Node>['index'], string>, n: Node, index: readonly Affine[]) => {
  const { axes: from, scales, offsets } = map(n);
  return operandOf(n).shape.map((_, a) => {
    const axis = from === undefined ? a : from[a]!;
    const [by, first] = [scales?.[a] ?? 1, offsets?.[a] ?? 0];
    if (axis === null) return constantIndex(first);
    return by === 1 && first === 0 ? index[axis]! : combine([index[axis]!], [by], first);
  });
};

const build = (
  { node: root, reduce, axes, buffer: target, offset, strides }: Request,
  buffers: NodeBuffers,
): Filling => {
  const outer = [...root.shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...outer, ...axes]; // the axis of each loop
  const loops = nest(order.map((axis) => extentAt(root, axis)));
  const loads: { readonly buffer: number; readonly at: Affine }[] = [];
  const body: (Assignment & { at?: Affine })[] = [];
  // by index object and node: elementwise operations pass the same index object to their operands, so a comparison by
  // identity finds most repetitions
  const known = new Map<readonly Affine[], Map<Node, number>>();
  const parts = new Set<Node>();
  const unindexable: Node[] = [];

  const assign = (a: Assignment & { at?: Affine }): number => body.push(a) - 1;
  const load = (x: Node, buffer: number, index: readonly Affine[], shape: readonly number[]): number => {
    const at = linear(index, shape);
    return assign({ op: 'load', load: loads.push({ buffer, at }) - 1, dtype: numberType(x) });
  };

  const compute = (n: Node, index: readonly Affine[]): number => {
    const map = loweringAs(n, 'movement')?.index;
    const result = map === undefined ? scalar(n, index) : moved(n, index, map);
    parts.add(n);
    return result;
  };
  const scalar = (n: Node, index: readonly Affine[]): number => {
    const [dtype, data, lowering] = [numberType(n), dataOf(n), loweringAs(n, 'elementwise')];
    if (data !== null) return assign({ op: 'constant', value: data[0]!, dtype });
    if (lowering === null) throw new Error(`noisefold: ${n.op} should have been stored`);
    const operands = n.inputs.map((input) => value(input, index));
    const own = lowering.scalar(n, operands, dtype);
    return assign(own.op === 'index' ? { op: 'index', offset: 0, strides: [], at: index[own.axis]!, dtype } : own);
  };
  const moved = (n: Node, index: readonly Affine[], map: Movement<Node>['index']): number => {
    const x = operandOf(n);
    if (map === 'same') return value(x, index);
    if (map !== 'regrouped') return value(x, operandIndex(map, n, index));
    const buffer = buffers.bufferOf(x);
    if (buffer !== undefined) return load(x, buffer, index, n.shape);
    const inner = loops.regroup(index, n.shape, x.shape);
    if (inner !== null) return value(x, inner);
    unindexable.push(x);
    return 0;
  };
  const value = (n: Node, index: readonly Affine[]): number => {
    const atIndex = known.get(index) ?? new Map<Node, number>();
    known.set(index, atIndex);
    const before = atIndex.get(n);
    if (before !== undefined) return before;
    const buffer = buffers.bufferOf(n);
    const result = buffer === undefined ? compute(n, index) : load(n, buffer, index, n.shape);
    atIndex.set(n, result);
    return result;
  };

  // the root has a buffer, which this region fills, so compute the root instead of a load
  const index = root.shape.map((_, axis) => loops.loop(order.indexOf(axis)));
  const isOwn = isInline(root) && buffers.bufferOf(root) === target;
  const result = isOwn ? compute(root, index) : value(root, index);

  const address = combine(strides.map((_, i) => loops.loop(i)), strides, offset); // oxfmt-ignore
  const leaves = loops.leaves();
  const placeOf = (at: Affine) => ({ offset: at.offset, strides: loops.strides(at, leaves) });
  const region = tidied({
    loops: leaves.map(({ extent, original }) => ({ extent, reduced: original >= outer.length })),
    loads: loads.map(({ buffer, at }) => ({ buffer, ...placeOf(at) })),
    body: body.map(({ at, ...own }) => (at === undefined ? own : { ...own, ...placeOf(at) })),
    stores: [{ buffer: target, ...placeOf(address), value: result, reduce }],
  });
  return { region, parts: [...parts], unindexable };
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
    extents: groups.length === 0 ? [1] : groups.map((g) => sizeOf(g.map((l) => loops[l]!.extent))),
    reduced,
    loads: loads.map((l) => ({ ...l, ...pick(l) })),
    stores: stores.map((s) => ({ ...s, ...pick(s), reduce: reduced === 0 ? null : s.reduce })),
    body: body.map((a) => (a.op === 'index' ? { ...a, ...pick(a) } : a)),
  };
};

/** Builds the regions that fill the buffer of a stored node of class elementwise, movement or region. */
export const regionsOf = (n: Node, buffer: number, buffers: NodeBuffers): readonly Filling[] => {
  const strides = denseStrides(n.shape);
  const whole: Request = { node: n, reduce: null, axes: [], buffer, offset: 0, strides };
  const write = writtenOf(n);
  if (write === null) return [build(whole, buffers)];
  if (write.reduce !== null) return [build({ ...whole, ...write, node: operandOf(n) }, buffers)];
  const { background, pieces } = write;
  const copies = pieces.flatMap(({ operand, start, steps }) => {
    if (buffers.isInPlace(operand)) return [];
    const apart = strides.map((stride, axis) => stride * steps[axis]!);
    return [build({ ...whole, node: operand, offset: addressOf(start, strides), strides: apart }, buffers)];
  });
  return background === null ? copies : [filled(buffer, n, background), ...copies];
};

const filled = (buffer: number, n: Node, value: number): Filling => ({
  region: {
    extents: [sizeOf(n.shape)],
    reduced: 0,
    loads: [],
    body: [{ op: 'constant', value, dtype: numberType(n) }],
    stores: [{ buffer, offset: 0, strides: [1], value: 0, reduce: null }],
  },
  parts: [],
  unindexable: [],
});
