import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import { layerCase, layerExtents, LAYERS, regionOf } from '../../../../properties/arbitraries/layers.js';
import {
  BINARY,
  regionCase,
  type RegionCase,
  type RegionChoices,
  UNARY,
  unaryOf,
} from '../../../../properties/arbitraries/region.js';
import { evaluateRegion } from '../../../../properties/oracles/region.js';
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { Region, Store } from '../../../dsl/graph/region.js';
import * as scalar from '../../../dsl/primitives/scalar.js';
import { unaryFormulas } from '../../shared/elementary/functions.js';
import { dawn, type MemoryPlace, type NumberArray } from './dawnTesting.js';
import { regionShaders } from './regionShaders.js';
import type { Buffers, Shader, ShaderLimits } from './shader.js';
import { notAsked } from '../../../../properties/asked.js';
import { skippedFor } from '../../../../properties/skips.js';

const gpu = await dawn();
const noAdapter = notAsked || (gpu === null ? 'there is no adapter of WebGPU' : '');
afterAll(() => gpu?.close());

/** Limits that WebGPU guarantees on every device. */
const FLOOR: ShaderLimits = {
  maxStorageBuffersPerShaderStage: 8,
  maxStorageBufferBindingSize: 2 ** 27,
  maxComputeWorkgroupsPerDimension: 65535,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupStorageSize: 16384,
};

const arraysOf = ({ buffers }: RegionCase): readonly NumberArray[] =>
  buffers.map(({ dtype, data }) => (dtype === 'float32' ? Float32Array.from(data) : Int32Array.from(data)));

const apart = (arrays: readonly NumberArray[]): Buffers =>
  arrays.map((array, input) => ({
    elements: array.length,
    dtype: array instanceof Float32Array ? 'float32' : 'int32',
    storage: { kind: 'input', input, offset: 0 },
  }));

/**
 * Evaluates a region with float32 rounding; null if WGSL leaves a result open. A device may flush a denormal number to 0, and a
 * compiler may assume that all numbers are finite, and so write 0 for x − x and for 0·x.
 */
const expected = (region: Region, arrays: readonly NumberArray[]): readonly NumberArray[] | null => {
  const copies = arrays.map((array) => array.slice());
  let isDefined = true; // mutable
  const rounded = (value: number): number => {
    const x = Math.fround(value);
    isDefined &&= x === 0 || !(Math.abs(x) < 2 ** -126);
    return x;
  };
  const binaryFunction: typeof scalar.binaryFunction = (fn, dtype) => {
    const f = scalar.binaryFunction(fn, dtype);
    if (fn !== 'add' && fn !== 'sub' && fn !== 'mul') return f;
    const isPlain = (x: number): boolean => Number.isFinite(x) && x !== 0;
    return (a, b) => {
      const x = f(a, b);
      isDefined &&= !Number.isNaN(x) || isPlain(a) || isPlain(b);
      return x;
    };
  };
  evaluateRegion(region, copies, rounded, Math.fround, { ...scalar, binaryFunction });
  return isDefined ? copies : null;
};

/** Removes the sign of zeros, which is unspecified. */
const unsigned = (arrays: readonly NumberArray[]) => arrays.map((array) => array.map((x) => x + 0));

/**
 * Functions with exact float32 results, and on software adapters also add, sub and mul, which other adapters may fuse.
 */
const roundsOnce = /llvmpipe|SwiftShader/.test(gpu?.description ?? '');
const INEXACT: ReadonlySet<UnaryFn | BinaryFn> = new Set<UnaryFn | BinaryFn>([
  ...Object.keys(unaryFormulas).filter((fn) => fn !== 'sign') as UnaryFn[], // the keys of the table
  'sqrt', 'rsqrt', 'reciprocal', 'div', 'pow', ...(roundsOnce ? [] : (['add', 'sub', 'mul'] as const)),
]); // oxfmt-ignore
const exact: RegionChoices = {
  unary: UNARY.filter((fn) => !INEXACT.has(fn)),
  binary: BINARY.filter((fn) => !INEXACT.has(fn)),
};

// a software adapter takes about 20 ms to compile each region
describe('a region in WGSL agrees with the interpreter', skippedFor(noAdapter), () => {
  const run = (region: Region, arrays: readonly NumberArray[], limits = gpu!.limits) =>
    gpu!.run(regionShaders(region, apart(arrays), limits), arrays);

  test.prop([regionCase({ ...exact, reduce: ['max', 'min'] })], { numRuns: 120 })('bit for bit', async (sample) => {
    const arrays = arraysOf(sample);
    const results = expected(sample.region, arrays);
    fc.pre(results !== null);
    expect(unsigned(await run(sample.region, arrays))).toEqual(unsigned(results));
  });

  test.prop([regionCase({ unary: unaryOf('int32'), dtypes: ['int32'] })], { numRuns: 40 })(
    'in integers, including sums and products',
    async (given) => {
      const arrays = arraysOf(given);
      const integers = (all: readonly NumberArray[]) => all.filter((array) => array instanceof Int32Array);
      const results = expected(given.region, arrays);
      fc.pre(results !== null);
      expect(integers(await run(given.region, arrays))).toEqual(integers(results));
    },
  );

  const keeping = regionCase({ ...exact, dtypes: ['float32', 'int32'] }).filter(({ region }) => region.reduced === 0 && region.stores.length > 0); // oxfmt-ignore
  test.prop([keeping, fc.nat()], { numRuns: 40 })('when it overwrites its input', async (given, seed) => {
    // adds a load of a buffer, and a store of any value to the same elements of another buffer in the same memory
    const { loads, body, stores, extents } = given.region;
    const { offset, strides, buffer } = stores[seed % stores.length]!;
    const before = arraysOf(given);
    const read = Float32Array.from(before[buffer]!, (_, i) => (seed + 7 * i) % 11);
    const first = before.length;
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
    const isFloat = body[value]!.dtype === 'float32';
    const target = isFloat ? read : new Int32Array(read.buffer);
    const arrays = [...before, read, target, new Float32Array(read.length)];
    const buffers = apart(arrays).map((b, i) => (i === first + 1 ? { ...b, storage: { kind: 'input', input: first, offset: 0 } } : b)) as Buffers; // oxfmt-ignore
    const places = arrays.map((_, b): MemoryPlace => ({
      memory: `${b === first + 1 ? first : b}`,
      offset: 0,
    }));
    const separately = expected(region, arrays.map((array) => array.slice())); // oxfmt-ignore
    fc.pre(separately !== null);
    const together = await gpu!.run(regionShaders(region, buffers, gpu!.limits), arrays, places);
    const results = (all: readonly NumberArray[]) => unsigned(all.filter((_, b) => b !== first));
    expect(results(together)).toEqual(results(separately));
  });

  test.prop([fc.constantFrom('sum', 'prod', 'max', 'min'), fc.constantFrom(0, 3)], { numRuns: 8 })(
    'a reduction over no elements stores its identity, and a loop without iterations stores nothing',
    async (reduce, kept) => {
      const region: Region = {
        extents: [kept, 0],
        reduced: 1,
        loads: [{ buffer: 0, offset: 0, strides: [1, 3] }],
        body: [{ op: 'load', dtype: 'float32', load: 0 }],
        stores: [{ buffer: 1, offset: 0, strides: [1, 0], value: 0, reduce }],
      };
      const arrays = [new Float32Array(3), Float32Array.of(9, 9, 9)];
      expect(await run(region, arrays)).toEqual(expected(region, arrays));
    },
  );

  test('constants are exact, also those without a WGSL literal', async () => {
    const floats = [NaN, Infinity, -Infinity, 0.1, -1 / 3, 1e21, 3.4028234663852886e38, 2 ** -126, -7, 1e300];
    const integers = [0, -1, 2147483647, -2147483648];
    const constants = [
      ...floats.map((value) => ({ op: 'constant', dtype: 'float32', value }) as const),
      ...integers.map((value) => ({ op: 'constant', dtype: 'int32', value }) as const),
    ];
    for (const constant of constants) {
      const store: Store = { buffer: 0, offset: 0, strides: [1], value: 0, reduce: null };
      const region: Region = { extents: [5], reduced: 0, loads: [], body: [constant], stores: [store] };
      const array = constant.dtype === 'float32' ? new Float32Array(5) : new Int32Array(5);
      expect(await run(region, [array])).toEqual([array.slice().fill(constant.value)]);
    }
  });

  describe.each(Object.entries(LAYERS))('%s', (_, layer) => {
    test.prop([layerExtents, fc.nat()], { numRuns: 5 })('agrees with the interpreter', async (sizes, seed) => {
      const { region, arrays, terms } = layerCase(layer, sizes, seed);
      const truth = arrays.map((array) => Float64Array.from(array));
      evaluateRegion(region, truth);
      const actual = await run(region, arrays);
      for (let b = layer.loads.length; b < arrays.length; b++)
        actual[b]!.forEach((x, i) => {
          // every term is about 1 and is rounded a few times
          const bound = 1e-6 * terms * (1 + Math.abs(truth[b]![i]! / terms));
          if (!(Math.abs(x - truth[b]![i]!) <= bound)) expect([i, x]).toEqual([i, truth[b]![i]!]);
        });
    });
  });

  test.each([
    ['of a prime number of terms', LAYERS['a norm']!, 2, { B: 1, H: 1, C: 1_299_709 }],
    ['of many terms', LAYERS['a norm']!, 2, { B: 1, H: 1024, C: 1024 }],
    ['in columns', LAYERS['the derivative of a bias']!, 1, { B: 1, H: 100_003, C: 5 }],
    ['in columns of vectors', LAYERS['the derivative of a bias']!, 1, { B: 8, H: 4096, C: 24 }],
    ['in groups', LAYERS['group statistics']!, 2, { B: 2, H: 4096, G: 4, C: 12 }],
    [
      'over two loops',
      { loops: 'BC|HG', loads: ['BHGC'], body: [], stores: [{ layout: 'BC', value: 'a', reduce: 'sum' }] },
      1,
      { B: 2, H: 20_011, G: 3, C: 5 },
    ],
  ] as const)('a long sum %s is within 1e-6', async (_, layer, power, sizes) => {
    const region = regionOf(layer, sizes);
    const arrays = [...region.loads, ...region.stores].map(({ strides, offset }, b) => {
      const last = strides.reduce((n, stride, loop) => n + stride * (region.extents[loop]! - 1), offset);
      return new Float32Array(last + 1).fill(b === 0 ? 0.1 : 0);
    });
    const shaders = regionShaders(region, apart(arrays), gpu!.limits);
    expect(shaders.length).toBeGreaterThan(1);
    const terms = region.extents.slice(-region.reduced).reduce((n, extent) => n * extent, 1);
    const exactly = terms * Math.fround(0.1) ** power;
    const first = await gpu!.run(shaders, arrays);
    for (const sum of first.at(-1)!) expect(Math.abs(sum - exactly) / exactly).toBeLessThan(1e-6);
    expect(await gpu!.run(shaders, arrays), 'a repeated run is identical').toEqual(first);
  });

  test.each([
    ['of a prime extent', 1_299_709],
    ['of an even extent', 2 ** 20],
  ])('indices count through all pieces of a split reduction, %s', async (_, extent) => {
    // the greatest and the least of i and of extent − 1 − i, which float32 holds exactly
    const index = (first: number, step: number) =>
      ({ op: 'index', dtype: 'float32', offset: first, strides: [step] }) as const;
    const storeTo = (buffer: number, value: number, reduce: 'max' | 'min'): Store =>
      ({ buffer, offset: 0, strides: [0], value, reduce }); // oxfmt-ignore
    const region: Region = {
      extents: [extent],
      reduced: 1,
      loads: [],
      body: [index(0, 1), index(extent - 1, -1)],
      stores: [storeTo(0, 0, 'max'), storeTo(1, 0, 'min'), storeTo(2, 1, 'max'), storeTo(3, 1, 'min')],
    };
    const arrays = [0, 1, 2, 3].map(() => new Float32Array(1));
    const shaders = regionShaders(region, apart(arrays), gpu!.limits);
    expect(shaders.length).toBeGreaterThan(1);
    const results = await gpu!.run(shaders, arrays);
    expect(results.map(([value]) => value)).toEqual([extent - 1, 0, extent - 1, 0]);
  });

  test('uses two dimensions for many workgroups', async () => {
    const sizes = { B: 3, H: 49, G: 1, C: 39 };
    for (const name of ['a bias', 'a transpose', 'sums and maxima of rows']) {
      const { region, arrays } = layerCase(LAYERS[name]!, sizes, 1);
      const narrow = { ...gpu!.limits, maxComputeWorkgroupsPerDimension: 4 };
      const shaders = regionShaders(region, apart(arrays), narrow);
      expect(shaders[0]!.workgroups[1]).toBeGreaterThan(1);
      expect(await gpu!.run(shaders, arrays)).toEqual(await run(region, arrays));
    }
  });

  const many = regionCase({ ...exact, reduce: ['max'], tame: true }).filter(({ region }) => region.loads.length + region.stores.length > 4); // oxfmt-ignore
  test.prop([many], { numRuns: 15 })(
    'with few bindings: by merging arena buffers, or by splitting its stores',
    async (given) => {
      const arrays = arraysOf(given);
      const results = expected(given.region, arrays);
      fc.pre(results !== null);
      // inputs have their own memory; all outputs are in the arena, aligned to 64 elements
      const loaded = new Set(given.region.loads.map(({ buffer }) => buffer));
      let end = 0;
      const places = arrays.map((array, b): MemoryPlace => {
        if (loaded.has(b)) return { memory: `${b}`, offset: 0 };
        end += 64 * Math.ceil(array.length / 64);
        return { memory: 'arena', offset: end - 64 * Math.ceil(array.length / 64) };
      });
      const buffers = apart(arrays).map((b, i) => ({
        ...b,
        storage: loaded.has(i) ? b.storage : ({ kind: 'arena', offset: places[i]!.offset } as const),
      }));
      const few = { ...gpu!.limits, maxStorageBuffersPerShaderStage: loaded.size + 1 };
      const shaders = regionShaders(given.region, buffers, few);
      for (const { bindings } of shaders) expect(bindings.length).toBeLessThanOrEqual(loaded.size + 1);
      expect(unsigned(await gpu!.run(shaders, arrays, places))).toEqual(unsigned(results));
      // without an arena, the stores must be split
      const alone = regionShaders(given.region, apart(arrays), few);
      for (const { bindings } of alone) expect(bindings.length).toBeLessThanOrEqual(loaded.size + 1);
      expect(unsigned(await gpu!.run(alone, arrays))).toEqual(unsigned(results));
    },
  );
});

describe('the code', () => {
  const add = (n: number, buffer: number): Region => ({
    extents: [n],
    reduced: 0,
    loads: [{ buffer, offset: 0, strides: [1] }],
    body: [
      { op: 'load', dtype: 'float32', load: 0 },
      { op: 'binary', fn: 'add', dtype: 'float32', a: 0, b: 0 },
    ],
    stores: [{ buffer: buffer + 1, offset: 0, strides: [1], value: 1, reduce: null }],
  });
  const buffers = [7, 7, 1000, 1000].map((n) => new Float32Array(n));

  test('of an elementwise chain over whole buffers does not depend on the extent', () => {
    const [small] = regionShaders(add(7, 0), apart(buffers), FLOOR);
    const [large] = regionShaders(add(1000, 2), apart(buffers), FLOOR);
    expect(small!.code).toBe(large!.code);
    expect([small!.workgroups, large!.workgroups]).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(small!.bindings).toEqual([
      { kind: 'buffers', buffers: [0], access: 'read' },
      { kind: 'buffers', buffers: [1], access: 'read_write' },
    ]);
  });

  test.each([
    [8, 4096],
    [32, 16384],
  ])('of a reduction shares %i · 16384 vectors among %i invocations', (B, invocations) => {
    const { region, arrays } = layerCase(LAYERS['group statistics']!, { B, H: 1024, G: 8, C: 8 }, 1);
    const [{ code, workgroups }] = regionShaders(region, apart(arrays), FLOOR) as [Shader, ...Shader[]];
    const [x, y, z] = workgroups;
    expect(Number(/@workgroup_size\((\d+)\)/.exec(code)![1]) * x * y * z).toBe(invocations);
  });

  test('of a part of a buffer is limited to that part', () => {
    const [part] = regionShaders(add(6, 0), apart(buffers), FLOOR);
    expect(part!.code).toContain('id >= 6u');
  });

  test('merges bindings of neighbours in the arena if bindings are few', () => {
    // two tensors far apart in the arena, and scalars next to each other
    const offsets = [0, 2 ** 25, 2 ** 26, 2 ** 26 + 64, 2 ** 26 + 128];
    const inArena: Buffers = offsets.map((offset, i) => ({
      elements: i < 2 ? 4096 : 1,
      dtype: 'float32',
      storage: { kind: 'arena', offset },
    }));
    const loads = offsets.slice(1).map((_, i) => ({ buffer: i + 1, offset: 0, strides: [i === 0 ? 1 : 0] }));
    const body = loads.map((_, load) => ({ op: 'load', dtype: 'float32', load }) as const);
    const sums = [1, 2, 3].map((b, i) => ({ op: 'binary', fn: 'add', dtype: 'float32', a: i === 0 ? 0 : 3 + i, b }) as const); // oxfmt-ignore
    const store: Store = { buffer: 0, offset: 0, strides: [1], value: 6, reduce: null };
    const region: Region = { extents: [4096], reduced: 0, loads, body: [...body, ...sums], stores: [store] };
    const boundWith = (most: number) =>
      regionShaders(region, inArena, { ...FLOOR, maxStorageBuffersPerShaderStage: most })[0]!.bindings.map((binding) =>
        binding.kind === 'buffers' ? binding.buffers : [],
      );
    expect(boundWith(8)).toEqual([[1], [2], [3], [4], [0]]);
    expect(boundWith(3)).toEqual([[1], [2, 3, 4], [0]]);
    // merging more would exceed the binding size: all stay separate, and the limit check rejects the plan
    expect(boundWith(2)).toEqual([[1], [2], [3], [4], [0]]);
  });

  test('binds all buffers of a store that needs too many, so that the limit check rejects it', () => {
    const loads = Array.from({ length: 9 }, (_, buffer) => ({ buffer, offset: 0, strides: [1] }));
    const body = loads.map((_, load) => ({ op: 'load', dtype: 'float32', load }) as const);
    const sums = loads.slice(1).map((_, i) => ({ op: 'binary', fn: 'add', dtype: 'float32', a: i === 0 ? 0 : 8 + i, b: i + 1 }) as const); // oxfmt-ignore
    const region: Region = {
      extents: [4],
      reduced: 0,
      loads,
      body: [...body, ...sums],
      stores: [{ buffer: 9, offset: 0, strides: [1], value: 16, reduce: null }],
    };
    const all = Array.from({ length: 10 }, () => new Float32Array(4));
    expect(regionShaders(region, apart(all), FLOOR).map(({ bindings }) => bindings.length)).toEqual([10]);
  });
});
