/** Builds regions: the expression below a stored node, as one loop nest. */
import type { Node, NodeOf } from '../node.js';
import type { Access, Assignment, NumberType, Region, Store } from '../region.js';
import { isElementwise, isMovement, isRegion, type OfClass } from './classes.js';
import { type Affine, combine, constantIndex, denseStrides, nest, type Nest } from './loops.js';

/** Where stored nodes and sources live. */
export interface Memory {
  /** The buffer of a stored node or a source; undefined for what has to be computed in place. */
  readonly bufferOf: (n: Node) => number | undefined;
  /** Whether an operand of a concatenation is computed where it belongs in it. */
  readonly isInPlace: (operand: Node) => boolean;
}

/** A region, and the nodes that it computes, operands first. */
export interface Filling {
  readonly region: Region;
  readonly parts: readonly Node[];
}

/** Regions, or the operands of reshapes for which there is no index arithmetic: they must be stored. */
export interface Built {
  readonly regions: readonly Filling[];
  readonly unindexable: readonly Node[];
}

/** What one region computes: the value of `node` at each index, stored into `target`. */
interface Request {
  readonly node: Node;
  /** The extents of the loops, kept ones first; `indexOf` gives the index of an axis of `node`. */
  readonly extents: readonly number[];
  readonly reduced: number;
  readonly axes: (nest: Nest) => readonly Affine[];
  readonly target: { readonly buffer: number; readonly offset: number; readonly strides: readonly number[] };
  readonly reduce: Store['reduce'];
}

const numberType = (n: Node): NumberType => {
  if (n.dtype === 'key') throw new Error('noisefold: a key has no place in a region');
  return n.dtype;
};

/** What is computed inside of a region, where it is not stored. */
type Inline = OfClass<'elementwise' | 'movement'> | NodeOf<'constant'>;
const isInline = (n: Node): n is Inline => isElementwise(n) || isMovement(n);
const inline = (n: Node): Inline => {
  if (!isInline(n)) throw new Error(`noisefold: ${n.op} should have been stored`);
  return n;
};

const build = ({ node: root, extents, reduced, axes, target, reduce }: Request, memory: Memory): Built => {
  const loops = nest(extents);
  const loads: { readonly buffer: number; readonly address: Affine }[] = [];
  const body: (Assignment & { address?: Affine })[] = [];
  // by node and index: an elementwise operation hands its own index on, so that identity finds most repeats
  const known = new Map<Node, Map<readonly Affine[], number>>();
  const unindexable: Node[] = [];

  const assign = (a: Assignment & { address?: Affine }): number => body.push(a) - 1;

  const load = (n: Node, buffer: number, address: Affine): number => {
    loads.push({ buffer, address });
    return assign({ op: 'load', load: loads.length - 1, dtype: numberType(n) });
  };
  const linear = (index: readonly Affine[], shape: readonly number[]): Affine => {
    const strides = denseStrides(shape);
    return combine(index.map((i, axis) => [i, strides[axis]!] as const));
  };

  const parts = new Set<Node>();
  const compute = (n: Inline, index: readonly Affine[]): number => {
    const result = computed(n, index);
    parts.add(n);
    return result;
  };
  const computed = (n: Inline, index: readonly Affine[]): number => {
    const x = n.inputs[0]!;
    switch (n.op) {
      case 'constant':
        return assign({ op: 'constant', value: n.attributes.data[0]!, dtype: numberType(n) });
      case 'iota':
        return assign({
          op: 'index',
          offset: 0,
          strides: [],
          address: index[n.attributes.axis]!,
          dtype: numberType(n),
        });
      case 'unary':
        return assign({ op: 'unary', fn: n.attributes.fn, a: value(x, index), dtype: numberType(n) });
      case 'cast':
        return assign({ op: 'cast', a: value(x, index), dtype: numberType(n) });
      case 'binary': {
        const [a, b] = [value(x, index), value(n.inputs[1]!, index)];
        return assign({ op: 'binary', fn: n.attributes.fn, a, b, dtype: numberType(n) });
      }
      case 'select': {
        const [condition, a, b] = n.inputs.map((input) => value(input, index)) as [number, number, number];
        return assign({ op: 'select', condition, a, b, dtype: numberType(n) });
      }
      case 'transpose': {
        const { permutation } = n.attributes;
        return value(
          x,
          permutation.map((_, axis) => index[permutation.indexOf(axis)]!),
        );
      }
      case 'broadcast':
        return value(
          x,
          index.map((i, axis) => (x.shape[axis] === 1 ? constantIndex(0) : i)),
        );
      case 'slice': {
        const { start, strides } = n.attributes;
        return value(
          x,
          index.map((i, axis) => combine([[i, strides[axis]!]], start[axis]!)),
        );
      }
      case 'flip': {
        const { axes: flipped } = n.attributes;
        return value(
          x,
          index.map((i, axis) => (flipped.includes(axis) ? combine([[i, -1]], x.shape[axis]! - 1) : i)),
        );
      }
      case 'reshape': {
        const buffer = memory.bufferOf(x);
        if (buffer !== undefined) return load(x, buffer, linear(index, n.shape));
        const inner = loops.regroup(index, n.shape, x.shape);
        if (inner !== null) return value(x, inner);
        unindexable.push(x);
        return 0;
      }
      case 'barrier':
      case 'stopGradient':
        return value(x, index);
    }
  };

  const value = (n: Node, index: readonly Affine[]): number => {
    const before = known.get(n)?.get(index);
    if (before !== undefined) return before;
    const buffer = memory.bufferOf(n);
    const result = buffer === undefined ? compute(inline(n), index) : load(n, buffer, linear(index, n.shape));
    const places = known.get(n) ?? new Map<readonly Affine[], number>();
    known.set(n, places.set(index, result));
    return result;
  };

  // the root is computed even where it has a buffer: this region is what fills it
  const index = axes(loops);
  const isOwn = isInline(root) && memory.bufferOf(root) === target.buffer;
  const result = isOwn ? compute(root, index) : value(root, index);

  const kept = extents.length - reduced;
  const targetAddress = combine(
    target.strides.map((s, i) => [loops.loop(i), s] as const),
    target.offset,
  );
  const region = tidied({
    loops: loops.leaves().map(({ extent, original }) => ({ extent, reduced: original >= kept })),
    loads: loads.map(({ buffer, address }) => ({
      buffer,
      offset: address.offset,
      strides: loops.strides(address),
    })),
    body: body.map(({ address, ...a }) =>
      address === undefined || a.op !== 'index'
        ? a
        : { ...a, offset: address.offset, strides: loops.strides(address) },
    ),
    stores: [
      {
        buffer: target.buffer,
        offset: targetAddress.offset,
        strides: loops.strides(targetAddress),
        value: result,
        reduce,
      },
    ],
  });
  return { regions: [{ region, parts: [...parts] }], unindexable };
};

const both = (all: readonly Built[]): Built => ({
  regions: all.flatMap((b) => b.regions),
  unindexable: all.flatMap((b) => b.unindexable),
});

interface Loose extends Omit<Region, 'extents' | 'reduced'> {
  readonly loops: readonly { readonly extent: number; readonly reduced: boolean }[];
}

/** Drops loops of one iteration, and joins neighbours that every access runs through as one. */
const tidied = ({ loops, loads, body, stores }: Loose): Region => {
  const accesses: (readonly number[])[] = [
    ...loads.map((l) => l.strides),
    ...stores.map((s) => s.strides),
    ...body.flatMap((a) => (a.op === 'index' ? [a.strides] : [])),
  ];
  const groups: number[][] = []; // the old loops of each new one, outermost first
  loops.forEach(({ extent, reduced }, l) => {
    if (extent === 1) return;
    const last = groups.at(-1);
    const outer = last?.at(-1);
    const joins =
      outer !== undefined &&
      loops[outer]!.reduced === reduced &&
      accesses.every((s) => s[l]! * extent === s[outer]);
    if (joins) last!.push(l);
    else groups.push([l]);
  });
  const pick = (strides: readonly number[]): readonly number[] => groups.map((g) => strides[g.at(-1)!]!);
  if (groups.length === 0) {
    const none = { strides: [0] };
    return {
      extents: [1],
      reduced: 0,
      loads: loads.map((l) => ({ ...l, ...none })),
      stores: stores.map((s) => ({ ...s, ...none, reduce: null })),
      body: body.map((a) => (a.op === 'index' ? { ...a, ...none } : a)),
    };
  }
  const reduced = groups.filter((g) => loops[g[0]!]!.reduced).length;
  return {
    extents: groups.map((g) => g.reduce((n, l) => n * loops[l]!.extent, 1)),
    reduced,
    loads: loads.map((l) => ({ ...l, strides: pick(l.strides) })),
    stores: stores.map((s) => ({ ...s, strides: pick(s.strides), reduce: reduced === 0 ? null : s.reduce })),
    body: body.map((a) => (a.op === 'index' ? { ...a, strides: pick(a.strides) } : a)),
  };
};

const each =
  (shape: readonly number[]) =>
  (loops: Nest): readonly Affine[] =>
    shape.map((_, axis) => loops.loop(axis));

/** The regions that fill the buffer of a stored elementwise, movement, reduce, pad or concat node. */
export const regionsOf = (n: Node, buffer: number, memory: Memory): Built => {
  const strides = denseStrides(n.shape);
  const dense: Access = { buffer, offset: 0, strides };
  if (!isRegion(n))
    return build(
      { node: n, extents: n.shape, reduced: 0, axes: each(n.shape), target: dense, reduce: null },
      memory,
    );
  switch (n.op) {
    case 'reduce': {
      const x = n.inputs[0]!;
      const { fn, axes } = n.attributes;
      const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
      const order = [...kept, ...axes];
      return build(
        {
          node: x,
          extents: order.map((axis) => x.shape[axis]!),
          reduced: axes.length,
          axes: (loops) => x.shape.map((_, axis) => loops.loop(order.indexOf(axis))),
          target: { ...dense, strides: [...strides, ...axes.map(() => 0)] },
          reduce: fn,
        },
        memory,
      );
    }
    case 'concat': {
      const { axis } = n.attributes;
      const parts = n.inputs.flatMap((part, i) => {
        if (memory.isInPlace(part)) return [];
        const before = n.inputs.slice(0, i).reduce((sum, p) => sum + p.shape[axis]!, 0);
        const target = { ...dense, offset: before * strides[axis]! };
        return build(
          { node: part, extents: part.shape, reduced: 0, axes: each(part.shape), target, reduce: null },
          memory,
        );
      });
      return both(parts);
    }
    case 'pad': {
      const x = n.inputs[0]!;
      const { low, interior, value } = n.attributes;
      const target = {
        buffer,
        offset: low.reduce((sum, l, axis) => sum + l * strides[axis]!, 0),
        strides: strides.map((s, axis) => s * (interior[axis]! + 1)),
      };
      const copied = build(
        { node: x, extents: x.shape, reduced: 0, axes: each(x.shape), target, reduce: null },
        memory,
      );
      return { ...copied, regions: [{ region: filled(buffer, n, value), parts: [] }, ...copied.regions] };
    }
  }
};

const filled = (buffer: number, n: Node, value: number): Region => ({
  extents: [n.shape.reduce((a, b) => a * b, 1)],
  reduced: 0,
  loads: [],
  body: [{ op: 'constant', value, dtype: numberType(n) }],
  stores: [{ buffer, offset: 0, strides: [1], value: 0, reduce: null }],
});
