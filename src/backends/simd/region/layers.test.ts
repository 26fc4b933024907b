import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { evaluateRegion } from '../../../../properties/oracles/region.js';
import type { BinaryFn, ReduceFn, UnaryFn } from '../../../dsl/node.js';
import type { Access, Assignment, Region } from '../../../dsl/region.js';
import { runRegion } from './regionTesting.js';

/** Extents of axes that have one letter each. */
type Extents = Readonly<Record<string, number>>;

const strideOf = (layout: string, axis: string, extents: Extents): number =>
  layout.includes(axis)
    ? [...layout.slice(layout.indexOf(axis) + 1)].reduce((product, inner) => product * extents[inner]!, 1)
    : 0;

interface Layer {
  /** Kept axes, a bar, reduced ones. */
  readonly loops: string;
  /** The axes of each input, outermost first. */
  readonly loads: readonly string[];
  readonly stores: readonly { readonly layout: string; readonly value: string; readonly reduce?: ReduceFn }[];
  /** `name = fn of names`; the inputs are a, b, c…; ones without a name are constants. */
  readonly body: readonly (readonly [string, UnaryFn | BinaryFn, ...(string | number)[]])[];
}

const regionOf = ({ loops, loads, stores, body }: Layer, extents: Extents): Region => {
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
      b === undefined ? { op: 'unary', fn: fn as UnaryFn, a, dtype } : { op: 'binary', fn: fn as BinaryFn, a, b, dtype }; // prettier-ignore
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

/** What the layers of a U-Net, and their derivatives, are made of. */
const LAYERS: Readonly<Record<string, Layer>> = {
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
  'sums and largest ones of rows': {
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
}; // prettier-ignore

const extents: fc.Arbitrary<Extents> = fc.record({
  B: fc.constantFrom(1, 2, 3),
  H: fc.constantFrom(1, 4, 7, 9, 16, 25, 32, 49),
  W: fc.constantFrom(1, 2, 5),
  G: fc.constantFrom(1, 2, 3, 4, 8),
  C: fc.constantFrom(1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 16, 24, 32, 39, 48),
  R: fc.constant(2),
  S: fc.constantFrom(2, 3),
});

describe.each(Object.entries(LAYERS))('%s', (_, layer) => {
  test.prop([extents, fc.nat()], { numRuns: 60 })('agrees with the definition', (sizes, seed) => {
    const region = regionOf(layer, sizes);
    const layouts = [...layer.loads, ...layer.stores.map(({ layout }) => layout)];
    const arrays = layouts.map((layout, b) => {
      const length = [...layout].reduce((product, axis) => product * sizes[axis]!, 1);
      return Float32Array.from({ length }, (__, i) => 1 + ((Math.imul(i + 1, 2654435761 + seed) >>> 8) % 97) / 64 - b / 8); // prettier-ignore
    });
    const exact = arrays.map((array) => Float64Array.from(array));
    evaluateRegion(region, exact);
    const terms = [...layer.loops.split('|')[1] ?? ''].reduce((product, axis) => product * sizes[axis]!, 1); // prettier-ignore
    const actual = runRegion(region, arrays);
    for (let b = layer.loads.length; b < layouts.length; b++)
      actual[b]!.forEach((x, i) => {
        // every term is of the order of 1, and rounded a few times
        const bound = 1e-6 * terms * (1 + Math.abs(exact[b]![i]! / terms));
        if (!(Math.abs(x - exact[b]![i]!) <= bound)) expect([i, x]).toEqual([i, exact[b]![i]!]);
      });
  });
});

test('a long sum of equal terms stays exact to 1e-6', () => {
  const length = 3_000_001;
  const region = regionOf(LAYERS['a norm']!, { B: 1, H: 1, C: length });
  const [, [sum] = []] = runRegion(region, [new Float32Array(length).fill(0.1), new Float32Array(1)]) as [Float32Array, Float32Array]; // prettier-ignore
  const exact = length * Math.fround(0.1) ** 2;
  expect(Math.abs(sum! - exact) / exact).toBeLessThan(1e-6);
});

test('long sums of columns of equal terms stay exact to 1e-6', () => {
  const [H, C] = [100_003, 5];
  const region = regionOf(LAYERS['the derivative of a bias']!, { B: 1, H, C });
  const [, sums] = runRegion(region, [new Float32Array(H * C).fill(0.1), new Float32Array(C)]);
  const exact = H * Math.fround(0.1);
  for (const sum of sums!) expect(Math.abs(sum - exact) / exact).toBeLessThan(1e-6);
});
