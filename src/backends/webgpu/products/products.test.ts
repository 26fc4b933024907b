/**
 * Compares products, convolutions and filter gradients with their definitions, for each kernel and for many memory
 * layouts.
 */
import '../../../../properties/eightLanes.js';
import { fc, test as propertyTest } from '@fast-check/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { ORIGIN, runPlan, valueOf, whole } from '../../../../properties/oracles/plans.js';
import { skippedFor } from '../../../../properties/skips.js';
import { noWebgpu } from '../../../../properties/webgpu.js';
import type { Backend } from '../../../dsl/plan/backend.js';
import type { ProductAnchor, ConvAttributes } from '../../../dsl/graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import type { Buffer, Call, Plan, View } from '../../../dsl/plan/plan.js';
import type { ProductCall } from '../../shared/anchors.js';
import { acquireDevice } from '../device/adapter.js';
import { backendOn } from '../backend.js';
import { anchorRule } from './rule.js';
import { subgroupKernel } from './subgroupKernel.js';
import { workgroupKernel } from './workgroupKernel.js';

/** A memory layout: axes from outermost to innermost, the stride of the innermost axis, and the offset. */
interface MemoryLayout {
  readonly order: readonly number[];
  readonly step: number;
  readonly offset: number;
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Row-major, aligned to vectors of four. */
const dense = (rank: number): fc.Arbitrary<MemoryLayout> =>
  fc.constantFrom(0, 4, 8).map((offset) => ({ order: range(rank), step: 1, offset }));

/** Like `dense`, with the last two axes swapped. */
const transposed = (rank: number): fc.Arbitrary<MemoryLayout> =>
  dense(rank).map((layout) => ({ ...layout, order: [...range(rank - 2), rank - 1, rank - 2] }));

/** Any order of axes with gaps between elements, so that no vectors can be loaded. */
const scattered = (rank: number): fc.Arbitrary<MemoryLayout> =>
  fc
    .tuple(fc.shuffledSubarray([...range(rank)], { minLength: rank }), fc.constantFrom(1, 3, 5))
    .map(([order, offset]) => ({ order, step: 2, offset }));

const viewOf = (buffer: number, shape: readonly number[], { order, step, offset }: MemoryLayout): View => {
  const strides = shape.map(() => 0);
  let next = step;
  for (const axis of [...order].reverse()) {
    strides[axis] = next;
    next *= shape[axis]!;
  }
  return { buffer, offset, shape, strides, dtype: 'float32' };
};

/** All indices of a shape, in row-major order. */
const indicesOf = (shape: readonly number[]): readonly (readonly number[])[] =>
  shape.reduce<readonly (readonly number[])[]>(
    (all, extent) => all.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );

const addressOf = ({ offset, strides }: View, index: readonly number[]): number => {
  let address = offset;
  for (let axis = 0; axis < index.length; axis++) address += index[axis]! * strides[axis]!;
  return address;
};

const endOf = (view: View): number =>
  view.shape.includes(0)
    ? view.offset
    : addressOf(
        view,
        view.shape.map((extent) => extent - 1),
      ) + 1;

/** Numbers with few bits, so that their sums are exact in float32 in any order. */
const numberAt = (i: number): number => (((Math.imul(i + 1, 2654435761) >>> 16) % 17) - 8) / 4;

/** Makes memory with numbers in the views and NaN everywhere else. */
const memoryOf = (views: readonly View[]): Float32Array => {
  const memory = new Float32Array(Math.max(1, ...views.map(endOf)) + 5).fill(NaN);
  for (const view of views)
    for (const index of indicesOf(view.shape)) {
      const address = addressOf(view, index);
      memory[address] = numberAt(address);
    }
  return memory;
};

type Read = (...index: readonly number[]) => number;

interface Case {
  readonly anchor: ProductAnchor;
  readonly inputs: readonly [View, View];
  readonly output: readonly number[];
  /** Computes one element of the result by the definition. */
  readonly define: (a: Read, b: Read) => (index: readonly number[]) => number;
}

const isOneBuffer = ({ inputs: [a, b] }: Case): boolean => a.buffer === b.buffer;

const planOf = (given: Case, memories: readonly Float32Array[], { capabilities }: Backend): Plan => {
  const inputs: readonly Buffer[] = memories.map((memory, input) => ({
    elements: memory.length,
    dtype: 'float32',
    storage: { kind: 'input', input, offset: 0 },
  }));
  const output = whole(memories.length, given.output);
  const call: ProductCall = {
    kind: 'anchor',
    origin: ORIGIN,
    anchor: given.anchor,
    inputs: given.inputs,
    output,
    scratch: null,
  };
  const working = capabilities.scratchElements?.(call) ?? 0;
  const scratch = working === 0 ? null : whole(memories.length + 1, [working]);
  const storage: readonly Buffer['storage'][] = [
    { kind: 'output', output: 0 },
    ...(scratch === null ? [] : [{ kind: 'arena', offset: 0 } as const]),
  ];
  return {
    buffers: [
      ...inputs,
      ...storage.map((where, i): Buffer => ({
        elements: i === 0 ? sizeOf(given.output) : working,
        dtype: 'float32',
        storage: where,
      })),
    ],
    calls: [{ ...call, scratch }],
    arenaElements: working,
    inputs: memories.map((memory, i) => ({
      path: `${i}`,
      shape: [memory.length],
      dtype: 'float32',
      donatedTo: null,
      donated: false,
    })),
    outputs: [{ kind: 'buffer', view: output }],
  };
};

const expectDefined = async (backend: Backend, given: Case): Promise<void> => {
  const { inputs, output, define } = given;
  const memories = isOneBuffer(given) ? [memoryOf(inputs)] : inputs.map((view) => memoryOf([view]));
  const read =
    (view: View): Read =>
    (...index) =>
      memories[view.buffer]![addressOf(view, index)]!;
  const expected = indicesOf(output).map(define(read(inputs[0]), read(inputs[1])));
  const [actual] = await runPlan(backend, planOf(given, memories, backend), memories);
  expect(Array.from(actual!)).toEqual(expected.map((number) => number + 0));
};

/** Puts the second operand after the first in the same buffer, or in its own buffer. */
const beside = (first: View, second: View, inOneBuffer: boolean): View =>
  inOneBuffer ? { ...second, buffer: 0, offset: endOf(first) + second.offset } : second;

const total = (count: number, term: (i: number) => number): number => {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += term(i);
  return sum;
};

type Layouts = (rank: number) => fc.Arbitrary<MemoryLayout>;

/**
 * Layouts and extents determine which shader is generated. Compiling a shader takes long on a CPU, so each property
 * uses only a few.
 */
interface Kind {
  readonly layouts: readonly [Layouts, Layouts];
  readonly inOneBuffer: boolean;
  readonly extents: fc.Arbitrary<number>;
}

const byFour = fc.constantFrom(4, 8, 20, 68);
const anyExtent = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 16, 37, 67));

const dots = ({ layouts, inOneBuffer, extents }: Kind): fc.Arbitrary<Case> =>
  fc
    .tuple(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }), extents, extents, extents)
    .chain(([batch, m, k, n]) =>
      fc.tuple(layouts[0](batch.length + 2), layouts[1](batch.length + 2)).map(([one, other]): Case => {
        const a = viewOf(0, [...batch, m, k], one);
        const b = beside(a, viewOf(1, [...batch, k, n], other), inOneBuffer);
        return {
          anchor: { op: 'dot' },
          inputs: [a, b],
          output: [...batch, m, n],
          define: (left, right) => (index) => {
            const [outer, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
            return total(k, (d) => left(...outer, i, d) * right(...outer, d, j));
          },
        };
      }),
    );

const few = fc.integer({ min: 1, max: 3 });
const pair = <A>(of: fc.Arbitrary<A>) => fc.tuple(of, of);
const windows = ({ layouts, inOneBuffer, extents }: Kind, gap: fc.Arbitrary<number>) =>
  fc
    .record({
      images: few,
      image: pair(fc.integer({ min: 1, max: 7 })),
      kernel: pair(few),
      channels: extents,
      features: extents,
      strides: pair(few),
      rhsDilation: pair(few),
      lhsDilation: fc.tuple(gap, gap),
      // at least one side is positive, so that a window crosses an edge
      padding: fc.tuple(pair(fc.integer({ min: -1, max: 3 })), fc.tuple(few, fc.integer({ min: -1, max: 2 }))),
      memoryLayouts: fc.tuple(layouts[0](4), layouts[1](4)),
    })
    .map(({ image, kernel, strides, rhsDilation, lhsDilation, padding, ...rest }) => {
      const along = (axis: 0 | 1): number => {
        const full = (image[axis] - 1) * lhsDilation[axis] + 1 + padding[axis][0] + padding[axis][1];
        return Math.floor((full - (kernel[axis] - 1) * rhsDilation[axis] - 1) / strides[axis]) + 1;
      };
      const attributes: ConvAttributes = {
        strides,
        rhsDilation,
        lhsDilation,
        padding,
        groups: 1,
        batchGroups: 1,
      };
      return { ...rest, inOneBuffer, image, kernel, attributes, result: [along(0), along(1)] as const };
    })
    .filter(({ result }) => result.every((extent) => extent > 0));

type Window = ReturnType<typeof windows> extends fc.Arbitrary<infer A> ? A : never;

/** The element of the image under a position of the window, 0 outside the image and in gaps. */
const under =
  ({ attributes: { strides, padding, lhsDilation, rhsDilation }, image }: Window, read: Read) =>
  (b: number, place: readonly [number, number], tap: readonly [number, number], c: number): number => {
    const along = (axis: 0 | 1): number =>
      (place[axis] * strides[axis] + tap[axis] * rhsDilation[axis] - padding[axis][0]) / lhsDilation[axis];
    const [y, x] = [along(0), along(1)];
    const isThere = [y, x].every((i, axis) => Number.isInteger(i) && i >= 0 && i < image[axis]!);
    return isThere ? read(b, y, x, c) : 0;
  };

const convolutionOf = (window: Window): Case => {
  const { images, image, kernel, channels, features, attributes, result, memoryLayouts: each, inOneBuffer } = window;
  const x = viewOf(0, [images, ...image, channels], each[0]);
  const w = beside(x, viewOf(1, [...kernel, channels, features], each[1]), inOneBuffer);
  return {
    anchor: { op: 'conv2d', attributes },
    inputs: [x, w],
    output: [images, ...result, features],
    define:
      (left, right) =>
      ([b, i, j, d]) =>
        total(kernel[0] * kernel[1] * channels, (t) => {
          const [k, l, c] = [Math.floor(t / channels / kernel[1]), Math.floor(t / channels) % kernel[1], t % channels];
          return under(window, left)(b!, [i!, j!], [k, l], c) * right(k, l, c, d!);
        }),
  };
};

const filterGradientOf = (window: Window): Case => {
  const { images, image, kernel, channels, features, attributes, result, memoryLayouts: each, inOneBuffer } = window;
  const x = viewOf(0, [images, ...image, channels], each[0]);
  const dy = beside(x, viewOf(1, [images, ...result, features], each[1]), inOneBuffer);
  return {
    anchor: { op: 'filterGradient', attributes },
    inputs: [x, dy],
    output: [...kernel, channels, features],
    define:
      (left, right) =>
      ([k, l, c, d]) =>
        total(images * result[0] * result[1], (t) => {
          const [b, i, j] = [
            Math.floor(t / result[1] / result[0]),
            Math.floor(t / result[1]) % result[0],
            t % result[1],
          ];
          return under(window, left)(b, [i, j], [k!, l!], c!) * right(b, i, j, d!);
        }),
  };
};

const VECTORS: Kind = { layouts: [dense, dense], inOneBuffer: false, extents: byFour };
const NUMBERS: Kind = { layouts: [scattered, scattered], inOneBuffer: true, extents: anyExtent };
const channels = { ...NUMBERS, extents: fc.constantFrom(1, 3, 5, 18) };

const cases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  products: dots(VECTORS),
  'products of transposed matrices': dots({ ...VECTORS, layouts: [transposed, transposed] }),
  'products of strided operands in one buffer': dots(NUMBERS),
  convolutions: windows(VECTORS, fc.constant(1)).map(convolutionOf),
  'convolutions of strided operands, with gaps': windows(channels, fc.constantFrom(2, 3)).map(convolutionOf),
  'filter gradients': windows(VECTORS, fc.constant(1)).map(filterGradientOf),
  'filter gradients of strided operands, with gaps': windows(channels, fc.constantFrom(2, 3)).map(filterGradientOf),
};

/** The default kernel of a software adapter uses subgroups. */
const kernels = { 'the default kernel of the device': undefined, 'the workgroup kernel': workgroupKernel };

describe.each(Object.entries(kernels))('%s on webgpu', skippedFor(noWebgpu), async (_, kernel) => {
  const backend = noWebgpu === '' ? await backendOn(valueOf(await acquireDevice({})()), kernel) : null;
  afterAll(async () => {
    await backend?.close();
  });
  for (const [name, given] of Object.entries(cases))
    propertyTest.prop([given], { numRuns: 25 })(`${name} agree with their definition`, (one) =>
      expectDefined(backend!, one),
    );
});

test('convolutions that differ only in uniform values share a shader', () => {
  const codeOf = (image: readonly number[], window: readonly number[], padding: number): string => {
    const call: Call = {
      kind: 'anchor',
      origin: ORIGIN,
      anchor: {
        op: 'conv2d',
        attributes: {
          strides: [1, 1],
          padding: [
            [padding, padding],
            [padding, padding],
          ],
          lhsDilation: [1, 1],
          rhsDilation: [1, 1],
          groups: 1,
          batchGroups: 1,
        },
      },
      inputs: [whole(0, image), whole(1, window)],
      output: whole(2, [...image.slice(0, 3), window[3]!]),
      scratch: null,
    };
    const buffers = [image, window, call.output.shape].map((shape, i): Buffer => ({
      elements: sizeOf(shape),
      dtype: 'float32',
      storage: i === 2 ? { kind: 'output', output: 0 } : { kind: 'input', input: i, offset: 0 },
    }));
    const limits = {
      maxStorageBuffersPerShaderStage: 8,
      maxStorageBufferBindingSize: 2 ** 27,
      maxComputeWorkgroupsPerDimension: 65535,
      maxComputeInvocationsPerWorkgroup: 256,
      maxComputeWorkgroupStorageSize: 16384,
    };
    const plan = { buffers, calls: [call], arenaElements: 0, inputs: [], outputs: [] };
    return anchorRule(plan, limits, subgroupKernel(8), () => [])(call)!
      .dispatches.map(({ code }) => code)
      .join();
  };
  expect(codeOf([8, 32, 32, 64], [3, 3, 64, 64], 1)).toBe(codeOf([2, 16, 16, 192], [5, 5, 192, 128], 2));
  expect(codeOf([8, 32, 32, 64], [3, 3, 64, 64], 1)).not.toBe(codeOf([8, 32, 32, 3], [3, 3, 3, 64], 1));
});
