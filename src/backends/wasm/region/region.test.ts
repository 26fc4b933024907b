import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  regionCase,
  type RegionCase,
  type RegionChoices,
  UNARY,
  unaryOf,
} from '../../../../properties/arbitraries/region.js';
import { evaluateRegion } from '../../../../properties/oracles/region.js';
import type { Region, Store } from '../../../dsl/graph/region.js';
import { atOnce } from '../../../internal/stop.js';
import { separate } from '../kernels/multiplyAdd.js';
import { regionModule } from './index.js';
import { functionsAlone, type NumberArray, runRegion as run } from './regionTesting.js';

const memoryOf = ({ buffers }: RegionCase): readonly NumberArray[] =>
  buffers.map(({ dtype, data }) => (dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data)));

/** The result by the definition, with float32 rounding; the bits of a function do not depend on its region. */
const expected = (region: Region, arrays: readonly NumberArray[]): readonly NumberArray[] => {
  const copies = arrays.map((array) => array.slice());
  evaluateRegion(region, copies, Math.fround, Math.fround, functionsAlone);
  return copies;
};

/** All functions but rsqrt, which rounds twice. */
const exact: RegionChoices = { unary: UNARY.filter((fn) => fn !== 'rsqrt') };
/** The first element that differs, or null. NaN equals NaN, and zeros of either sign, which the definition leaves open. */
const difference = (actual: readonly NumberArray[], meant: readonly NumberArray[]): string | null => {
  for (const [b, array] of meant.entries()) {
    const other = actual[b]!;
    if (other.constructor !== array.constructor || other.length !== array.length)
      return `buffer ${b} is of another kind`;
    const at = array.findIndex(
      (x: number, i: number) => other[i] !== x && !(Number.isNaN(x) && Number.isNaN(other[i])),
    );
    if (at >= 0) return `buffer ${b}, element ${at}: ${other[at]} instead of ${array[at]}`;
  }
  return actual.length === meant.length ? null : `${actual.length} buffers instead of ${meant.length}`;
};

describe('a region agrees with its definition', () => {
  test.prop([regionCase({ ...exact, reduce: ['max', 'min'] })], { numRuns: 1500 })('bit for bit', (sample) => {
    const arrays = memoryOf(sample);
    expect(difference(run(sample.region, arrays), expected(sample.region, arrays))).toBeNull();
  });

  test.prop([regionCase({ unary: unaryOf('int32'), dtypes: ['int32'] })], { numRuns: 500 })(
    'in int32, sums and products included',
    (given) => {
      const arrays = memoryOf(given);
      const integers = (all: readonly NumberArray[]) => all.filter((array) => array instanceof Int32Array);
      expect(difference(integers(run(given.region, arrays)), integers(expected(given.region, arrays)))).toBeNull();
    },
  );

  const sums = regionCase({
    ...exact,
    binary: ['add', 'sub', 'mul', 'max', 'less'],
    reduce: ['sum'],
    tame: true,
  });
  test.prop([sums], { numRuns: 500 })('sums within their rounding error', (given) => {
    const { region } = given;
    const absolute: Region = {
      ...region,
      body: [
        ...region.body,
        ...region.stores.map(
          ({ value }) => ({ op: 'unary', fn: 'abs', a: value, dtype: region.body[value]!.dtype }) as const,
        ),
      ],
      stores: region.stores.map((store, i) => ({ ...store, value: region.body.length + i })),
    };
    const arrays = memoryOf(given);
    const actual = run(region, arrays);
    const sum = expected(region, arrays);
    const scale = expected(absolute, arrays);
    const off = actual.flatMap((array, b) =>
      Array.from(array).flatMap((x, i) => {
        const most = Math.abs(scale[b]![i]!);
        const isNear = !Number.isFinite(most) || Math.abs(x - sum[b]![i]!) <= 1e-5 * most;
        return isNear ? [] : [`buffer ${b}, element ${i}: ${x} instead of ${sum[b]![i]}`];
      }),
    );
    expect(off).toEqual([]);
  });

  const keeping = regionCase({ ...exact, dtypes: ['float32', 'int32'] }).filter(({ region }) => region.reduced === 0 && region.stores.length > 0); // oxfmt-ignore
  test.prop([keeping, fc.nat()], { numRuns: 500 })('in place, over its inputs', (given, seed) => {
    // adds a load, and a store of any value to the same elements of another buffer
    const { loads, body, stores, extents } = given.region;
    const { offset, strides, buffer } = stores[seed % stores.length]!;
    const read = memoryOf(given)[buffer]!.map((_, i) => (seed + 7 * i) % 11) as NumberArray;
    const first = given.buffers.length;
    const value = seed % body.length;
    const written: Store = { buffer: first + 1, offset, strides, value, reduce: null };
    const region: Region = {
      extents,
      reduced: 0,
      loads: [...loads, { buffer: first, offset, strides }],
      body: [
        ...body,
        { op: 'load', dtype: 'float32', load: loads.length },
        { op: 'binary', dtype: 'float32', fn: 'add', a: body.length, b: body.length },
      ],
      stores: [written, ...stores, { ...written, buffer: first + 2, value: body.length + 1 }],
    };
    const memories = [...memoryOf(given), Float32Array.from(read), Float32Array.from(read), Float32Array.from(read)];
    const dtype = body[value]!.dtype;
    const arrays = memories.map((a, b) => (b === first + 1 && dtype !== 'float32' ? new Int32Array(a.buffer) : a));
    const together = run(region, arrays, (b) => (b === first ? first + 1 : b));
    const apart = expected(region, arrays);
    const results = (all: readonly NumberArray[]) => all.filter((_, b) => b !== first);
    expect(difference(results(together), results(apart))).toBeNull();
  });

  test.prop([fc.constantFrom('sum', 'prod', 'max', 'min'), fc.constantFrom(0, 3)])(
    'a reduction over no elements stores its identity, and a nest without iterations stores nothing',
    (reduce, kept) => {
      const region: Region = {
        extents: [kept, 0],
        reduced: 1,
        loads: [{ buffer: 0, offset: 0, strides: [1, 3] }],
        body: [{ op: 'load', dtype: 'float32', load: 0 }],
        stores: [{ buffer: 1, offset: 0, strides: [1, 0], value: 0, reduce }],
      };
      const arrays = [new Float32Array(3), Float32Array.of(9, 9, 9)];
      expect(run(region, arrays)).toEqual(expected(region, arrays));
    },
  );
});

const maximum = (buffer: number, strides: readonly number[]): Store => ({ buffer, offset: 0, strides, value: 0, reduce: 'max' }); // oxfmt-ignore

// V8 would pair the vectors of these, and lose some of them (see `emit.ts`)
test.each<readonly [string, Region, readonly number[]]>([
  [
    'one number, stored backwards',
    {
      extents: [8],
      reduced: 0,
      loads: [{ buffer: 0, offset: 0, strides: [0] }],
      body: [{ op: 'load', dtype: 'float32', load: 0 }],
      stores: [{ buffer: 1, offset: 7, strides: [-1], value: 0, reduce: null }],
    },
    [1, 8],
  ],
  [
    'three maxima of negative numbers',
    {
      extents: [18, 2, 8],
      reduced: 1,
      loads: [{ buffer: 0, offset: 0, strides: [0, 1, 0] }],
      body: [{ op: 'load', dtype: 'float32', load: 0 }],
      stores: [maximum(1, [1, 18, 0]), maximum(2, [2, 1, 0]), maximum(3, [2, 1, 0])],
    },
    [2, 36, 36, 36],
  ],
])('%s', (_, region, lengths) => {
  const arrays = lengths.map((length) => Float32Array.from({ length }, (_, i) => -1 - i));
  expect(run(region, arrays)).toEqual(expected(region, arrays));
});

test('regions of equal structure share a function, regardless of the buffers they access', () => {
  const add = (n: number, buffer: number): Region => ({
    extents: [n],
    reduced: 0,
    loads: [{ buffer, offset: n, strides: [1] }],
    body: [
      { op: 'load', dtype: 'float32', load: 0 },
      { op: 'binary', fn: 'add', dtype: 'float32', a: 0, b: 0 },
    ],
    stores: [{ buffer: buffer + 1, offset: 0, strides: [1], value: 1, reduce: null }],
  });
  const { commands } = atOnce(regionModule([add(7, 0), add(1000, 2)], { isShared: false, multiplyAdd: separate }));
  expect(commands.map(({ run }) => run)).toEqual(['r0', 'r0']);
  expect(commands.map(({ args }) => args.at(-1))).toEqual([7, 1000]);
});
