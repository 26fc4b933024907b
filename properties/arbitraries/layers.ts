/** Regions that occur in the layers of a U-Net, written with one letter per axis, for tests of generated code. */
import * as fc from 'fast-check';
import type { BinaryFn, ReduceFn, UnaryFn } from '../../src/dsl/graph/node.js';
import type { Access, Assignment, Region } from '../../src/dsl/graph/region.js';

/** The extents of axes, named by one letter each. */
type Extents = Readonly<Record<string, number>>;

const strideOf = (layout: string, axis: string, extents: Extents): number =>
  layout.includes(axis)
    ? [...layout.slice(layout.indexOf(axis) + 1)].reduce((product, inner) => product * extents[inner]!, 1)
    : 0;

export interface Layer {
  /** Kept axes, a bar, reduced ones. */
  readonly loops: string;
  /** The axes of each input, outermost first. */
  readonly loads: readonly string[];
  readonly stores: readonly { readonly layout: string; readonly value: string; readonly reduce?: ReduceFn }[];
  /** `name = fn of names`. The inputs are a, b, c…; other names are constants. */
  readonly body: readonly (readonly [string, UnaryFn | BinaryFn, ...(string | number)[]])[];
}

export const regionOf = ({ loops, loads, stores, body }: Layer, extents: Extents): Region => {
  const axes = [...loops.replace('|', '')];
  const reduced = loops.includes('|') ? loops.length - 1 - loops.indexOf('|') : 0;
  const access = (layout: string, buffer: number): Access => ({
    buffer,
    offset: 0,
    strides: axes.map((axis) => strideOf(layout, axis, extents)),
  });
  const names = new Map<string, number>();
  const assignments: Assignment[] = [];
  const assign = (a: Assignment): number => assignments.push(a) - 1;
  loads.forEach((_, load) => names.set('abcdef'[load]!, assign({ op: 'load', dtype: 'float32', load })));
  const operand = (o: string | number): number =>
    typeof o === 'number' ? assign({ op: 'constant', dtype: 'float32', value: o }) : names.get(o)!;
  for (const [name, fn, ...operands] of body) {
    const [a, b] = operands.map(operand) as [number, number | undefined];
    const dtype = 'float32';
    const assignment: Assignment =
      b === undefined ? { op: 'unary', fn: fn as UnaryFn, a, dtype } : { op: 'binary', fn: fn as BinaryFn, a, b, dtype }; // oxfmt-ignore
    names.set(name, assign(assignment));
  }
  return {
    extents: axes.map((axis) => extents[axis]!),
    reduced,
    loads: loads.map(access),
    body: assignments,
    stores: stores.map(({ layout, value, reduce = null }, i) => ({
      ...access(layout, loads.length + i),
      value: names.get(value)!,
      reduce: reduced === 0 ? null : reduce,
    })),
  };
};

const centred = ['x', 'sub', 'a', 'b'] as const;
const standardized = [centred, ['s', 'sqrt', 'c'], ['y', 'div', 'x', 's']] as const;

/** The regions of the layers of a U-Net and of their derivatives. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  'group statistics': {
    loops: 'BG|HC', loads: ['BHGC', 'BG'],
    body: [centred, ['square', 'mul', 'x', 'x']],
    stores: [{ layout: 'BG', value: 'square', reduce: 'sum' }],
  },
  'group normalization': {
    loops: 'BHGC', loads: ['BHGC', 'BG', 'BG', 'GC', 'GC'],
    body: [...standardized, ['z', 'mul', 'y', 'd'], ['w', 'add', 'z', 'e']],
    stores: [{ layout: 'BHGC', value: 'w' }],
  },
  'the derivative of group normalization, statistics': {
    loops: 'BG|HC', loads: ['BHGC', 'BG', 'BG', 'BHGC', 'GC'],
    body: [...standardized, ['d1', 'mul', 'd', 'e'], ['d2', 'mul', 'd1', 'y']],
    stores: [{ layout: 'BG', value: 'd1', reduce: 'sum' }, { layout: 'BG', value: 'd2', reduce: 'sum' }],
  },
  'the derivative of scales and shifts': {
    loops: 'GC|BH', loads: ['BHGC', 'BG', 'BG', 'BHGC'],
    body: [...standardized, ['p', 'mul', 'y', 'd']],
    stores: [{ layout: 'GC', value: 'd', reduce: 'sum' }, { layout: 'GC', value: 'p', reduce: 'sum' }],
  },
  'the derivative of a bias': {
    loops: 'C|BH', loads: ['BHC'], body: [], stores: [{ layout: 'C', value: 'a', reduce: 'sum' }],
  },
  'a bias': {
    loops: 'BHC', loads: ['BHC', 'C'], body: [['y', 'add', 'a', 'b']], stores: [{ layout: 'BHC', value: 'y' }],
  },
  'a norm': {
    loops: '|BHC', loads: ['BHC'], body: [['y', 'mul', 'a', 'a']], stores: [{ layout: '', value: 'y', reduce: 'sum' }],
  },
  'sums and maxima of rows': {
    loops: 'BH|C', loads: ['BHC'], body: [],
    stores: [{ layout: 'BH', value: 'a', reduce: 'sum' }, { layout: 'BH', value: 'a', reduce: 'max' }],
  },
  'rows by their sums': {
    loops: 'BHC', loads: ['BHC', 'BH'], body: [['y', 'div', 'a', 'b']], stores: [{ layout: 'BHC', value: 'y' }],
  },
  'a transpose': { loops: 'BCH', loads: ['BHC'], body: [], stores: [{ layout: 'BCH', value: 'a' }] },
  'a transpose of all axes': { loops: 'CHB', loads: ['BHC'], body: [], stores: [{ layout: 'CHB', value: 'a' }] },
  'a sum of a tensor and a transposed one': {
    loops: 'BCH', loads: ['BHC', 'BCH', 'C'], body: [['y', 'add', 'a', 'b'], ['z', 'mul', 'y', 'c']],
    stores: [{ layout: 'BCH', value: 'z' }],
  },
  'heads apart': { loops: 'BGHC', loads: ['BHGC'], body: [], stores: [{ layout: 'BGHC', value: 'a' }] },
  'upsampling': { loops: 'BHRWSC', loads: ['BHWC'], body: [], stores: [{ layout: 'BHRWSC', value: 'a' }] },
  'the derivative of upsampling': {
    loops: 'BHWC|RS', loads: ['BHRWSC'], body: [], stores: [{ layout: 'BHWC', value: 'a', reduce: 'sum' }],
  },
  'sums over channels in the middle': {
    loops: 'BC|HG', loads: ['BHGC', 'BG', 'BG'], body: standardized,
    stores: [{ layout: 'CB', value: 'y', reduce: 'sum' }],
  },
}; // oxfmt-ignore

/** Odd and even ones, with and without common divisors. */
export const layerExtents: fc.Arbitrary<Extents> = fc.record({
  B: fc.constantFrom(1, 2, 3),
  H: fc.constantFrom(1, 4, 7, 9, 16, 25, 32, 49),
  W: fc.constantFrom(1, 2, 5),
  G: fc.constantFrom(1, 2, 3, 4, 8),
  C: fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 24, 32, 39, 48),
  R: fc.constant(2),
  S: fc.constantFrom(2, 3),
});

/** A region with memory for it. */
export interface LayerCase {
  readonly region: Region;
  /** By buffer: the inputs, then the results. */
  readonly arrays: readonly Float32Array[];
  /** The number of terms that are reduced into each result. */
  readonly terms: number;
}

/** Numbers of the order of 1, from a seed. */
export const layerCase = (layer: Layer, sizes: Extents, seed: number): LayerCase => {
  const countOf = (axes: string): number => [...axes].reduce((product, axis) => product * sizes[axis]!, 1);
  const layouts = [...layer.loads, ...layer.stores.map(({ layout }) => layout)];
  return {
    region: regionOf(layer, sizes),
    arrays: layouts.map(
      (layout, b) =>
      Float32Array.from({ length: countOf(layout) }, (__, i) => 1 + ((Math.imul(i + 1, 2654435761 + seed) >>> 8) % 97) / 64 - b / 8), // oxfmt-ignore
    ),
    terms: countOf(layer.loops.split('|')[1] ?? ''),
  };
};
