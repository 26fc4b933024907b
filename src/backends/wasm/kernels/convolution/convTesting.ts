/** Test helpers: random convolutions with strided operands, and their definition in float64. */
import * as fc from 'fast-check';
import type { ConvGeometry, FilterStrides, HeightWidth, ImageStrides } from '../geometry.js';
import { denseStrides } from '../testing.js';

/** A convolution geometry, with the memory layout of its operands and a seed for their values. */
export interface ConvCase extends ConvGeometry {
  /** Order of x's axes in memory, as a permutation of NHWC. */
  readonly xOrder: readonly number[];
  /** Order of the filter's axes in memory, as a permutation of HWIO. */
  readonly filterOrder: readonly number[];
  readonly isFilterFlipped: boolean;
  /** Elements after each pixel of y that do not belong to y. */
  readonly gap: number;
  readonly seed: number;
}

const pair = (min: number, max: number): fc.Arbitrary<HeightWidth> =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const permutation = fc.oneof(
  { weight: 3, arbitrary: fc.constant<readonly number[]>([0, 1, 2, 3]) },
  { weight: 1, arbitrary: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }) },
);

/** Convolutions of all kinds, most of which no model uses. */
export const convCases: fc.Arbitrary<ConvCase> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  input: pair(1, 9),
  channels: fc.integer({ min: 1, max: 9 }),
  window: pair(1, 4),
  output: pair(1, 9),
  outChannels: fc.integer({ min: 1, max: 30 }),
  strides: pair(1, 3),
  padding: pair(-2, 4),
  dilation: pair(1, 3),
  inputDilation: pair(1, 3),
  xOrder: permutation,
  filterOrder: permutation,
  isFilterFlipped: fc.boolean(),
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

const multipleOf4 = fc.integer({ min: 4, max: 9 }).map((n) => 4 * n);

/** Convolutions that Winograd's algorithm computes. */
export const winogradCases: fc.Arbitrary<ConvCase> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  input: pair(1, 12),
  channels: multipleOf4,
  window: fc.constant<HeightWidth>([3, 3]),
  output: pair(4, 13),
  outChannels: multipleOf4,
  strides: fc.constant<HeightWidth>([1, 1]),
  padding: pair(-2, 3),
  dilation: fc.constant<HeightWidth>([1, 1]),
  inputDilation: fc.constant<HeightWidth>([1, 1]),
  xOrder: fc.constantFrom<readonly number[]>([0, 1, 2, 3], [1, 0, 2, 3]),
  filterOrder: permutation,
  isFilterFlipped: fc.boolean(),
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

const mostly = <A>(usual: fc.Arbitrary<A>, other: fc.Arbitrary<A>): fc.Arbitrary<A> =>
  fc.oneof({ weight: 8, arbitrary: usual }, { weight: 1, arbitrary: other });
const someChannels = mostly(multipleOf4, fc.integer({ min: 14, max: 37 }));
const ones = mostly(fc.constant<HeightWidth>([1, 1]), pair(1, 2));

/** Convolutions with many channels: about half of them by Winograd's algorithm, others miss one of its conditions. */
export const layerCases: fc.Arbitrary<ConvCase> = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  input: pair(1, 8),
  channels: someChannels,
  window: mostly(fc.constant<HeightWidth>([3, 3]), pair(1, 4)),
  output: pair(3, 8),
  outChannels: someChannels,
  strides: ones,
  padding: pair(-2, 3),
  dilation: ones,
  inputDilation: ones,
  xOrder: mostly(fc.constant<readonly number[]>([0, 1, 2, 3]), permutation),
  filterOrder: permutation,
  isFilterFlipped: fc.boolean(),
  gap: fc.integer({ min: 0, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

/** A 3×3 convolution with padding 1, as models use it. */
export const ordinaryCase: ConvCase = {
  batch: 2,
  input: [8, 8],
  channels: 8,
  window: [3, 3],
  output: [8, 8],
  outChannels: 16,
  strides: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  inputDilation: [1, 1],
  xOrder: [0, 1, 2, 3],
  filterOrder: [0, 1, 2, 3],
  isFilterFlipped: false,
  gap: 0,
  seed: 3,
};

/** Strides of a tensor of this shape, with its axes in memory in `order`, outermost first. */
const stridesInOrder = (shape: readonly number[], order: readonly number[]): readonly number[] => {
  const inMemory = denseStrides(order.map((axis) => shape[axis] ?? 1));
  return shape.map((_, axis) => inMemory[order.indexOf(axis)] ?? 0);
};

const imageStrides = ([image = 0, row = 0, pixel = 0, channel = 0]: readonly number[]): ImageStrides => ({
  image,
  row,
  pixel,
  channel,
});

export const xStrides = ({ batch, input, channels, xOrder }: ConvCase): ImageStrides =>
  imageStrides(stridesInOrder([batch, ...input, channels], xOrder));

export const yStrides = ({ batch, output, outChannels, gap }: ConvCase): ImageStrides => ({
  ...imageStrides(denseStrides([batch, ...output, outChannels + gap])),
});

/** The filter's strides, the offset of its element [0, 0, 0, 0] and its size, all in elements. */
export const filterView = (
  c: ConvCase,
): { readonly strides: FilterStrides; readonly offset: number; readonly elements: number } => {
  const shape = [...c.window, c.channels, c.outChannels];
  const [row = 0, column = 0, input = 0, output = 0] = stridesInOrder(shape, c.filterOrder);
  const elements = shape.reduce((a, b) => a * b, 1);
  return c.isFilterFlipped
    ? {
        strides: { row: -row, column: -column, input, output },
        offset: (c.window[0] - 1) * row + (c.window[1] - 1) * column,
        elements,
      }
    : { strides: { row, column, input, output }, offset: 0, elements };
};

/** The input position that an output reads with a tap; undefined in the padding and between dilated inputs. */
const inputPosition = (c: ConvCase, axis: 0 | 1, output: number, tap: number): number | undefined => {
  const virtual = output * c.strides[axis] + tap * c.dilation[axis] - c.padding[axis];
  const place = virtual / c.inputDilation[axis];
  return Number.isInteger(place) && place >= 0 && place < c.input[axis] ? place : undefined;
};

/** Calls `visit` with the offsets of x, filter and y in their first channels, for every tap of every position of y. */
const forEachTap = (c: ConvCase, visit: (x: number, filter: number, y: number) => void): void => {
  const x = xStrides(c);
  const y = yStrides(c);
  const { strides: f, offset } = filterView(c);
  for (let h = 0; h < c.output[0]; h += 1)
    for (let w = 0; w < c.output[1]; w += 1)
      for (let i = 0; i < c.window[0]; i += 1)
        for (let j = 0; j < c.window[1]; j += 1) {
          const row = inputPosition(c, 0, h, i);
          const column = inputPosition(c, 1, w, j);
          if (row === undefined || column === undefined) continue;
          for (let n = 0; n < c.batch; n += 1)
            visit(
              n * x.image + row * x.row + column * x.pixel,
              offset + i * f.row + j * f.column,
              n * y.image + h * y.row + w * y.pixel,
            );
        }
};

/** Sums of products in float64, and the sums of their magnitudes. */
export interface Sums {
  readonly expected: Float64Array;
  readonly sizes: Float64Array;
}

/** Adds every product in the definition of a convolution to y. */
export const addConvolution = (c: ConvCase, x: Float64Array, filter: Float64Array, { expected, sizes }: Sums): void => {
  const { channel } = xStrides(c);
  const { input, output } = filterView(c).strides;
  const { channels, outChannels } = c;
  forEachTap(c, (atX, atFilter, atY) => {
    for (let ch = 0; ch < channels; ch += 1) {
      const factor = x[atX + ch * channel]!;
      const first = atFilter + ch * input;
      for (let o = 0; o < outChannels; o += 1) {
        const term = factor * filter[first + o * output]!;
        expected[atY + o]! += term;
        sizes[atY + o]! += Math.abs(term);
      }
    }
  });
};

/** Adds every product in the definition of the gradient by the filter to it. */
export const addFilterGradient = (c: ConvCase, x: Float64Array, dy: Float64Array, { expected, sizes }: Sums): void => {
  const { channel } = xStrides(c);
  const { input, output } = filterView(c).strides;
  const { channels, outChannels } = c;
  forEachTap(c, (atX, atFilter, atY) => {
    for (let ch = 0; ch < channels; ch += 1) {
      const factor = x[atX + ch * channel]!;
      const first = atFilter + ch * input;
      for (let o = 0; o < outChannels; o += 1) {
        const term = factor * dy[atY + o]!;
        expected[first + o * output]! += term;
        sizes[first + o * output]! += Math.abs(term);
      }
    }
  });
};

/** Calls `visit` with the offset of every element of y. */
export const forEachOutput = (c: ConvCase, visit: (y: number) => void): void => {
  const y = yStrides(c);
  for (let n = 0; n < c.batch; n += 1)
    for (let h = 0; h < c.output[0]; h += 1)
      for (let w = 0; w < c.output[1]; w += 1)
        for (let o = 0; o < c.outChannels; o += 1) visit(n * y.image + h * y.row + w * y.pixel + o);
};
