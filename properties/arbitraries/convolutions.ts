/** Convolutions with random attributes. */
import { filterGradientComposite } from '../../src/dsl/composites/index.js';
import type { ConvAttributes, Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import type { Choices } from './choices.js';
import { fit, shapeOfSize } from './movements.js';

type Pair = readonly [number, number];

/** The divisors of a number; only 1 for 0. */
const divisors = (n: number): readonly number[] =>
  Array.from({ length: Math.max(1, n) }, (_, i) => i + 1).filter((d) => n % d === 0);

const pairOf = (f: () => number): Pair => [f(), f()];

interface Operands {
  readonly image: Node;
  readonly kernel: readonly [number, number, number, number];
  readonly attributes: ConvAttributes;
}

/** An image made from the elements of `x`, with the shape of a kernel and attributes that match. */
const draw = (c: Choices, x: Node, grouped: boolean): Operands => {
  const size = sizeOf(x.shape);
  // without elements the batch is empty, because an image must have pixels
  const image = p.reshape(x, size === 0 ? [0, 1 + c.nat(3), 1 + c.nat(3), 1] : shapeOfSize(c, size, 4));
  const [B, H, W, C] = image.shape as readonly [number, number, number, number];
  const [KH, KW] = pairOf(() => 1 + c.nat(3));
  const strides = pairOf(() => 1 + c.nat(3));
  const lhsDilation = pairOf(() => 1 + c.nat(3));
  const rhsDilation = pairOf(() => 1 + c.nat(3));
  const groups = grouped ? c.of(divisors(C)) : 1;
  const batchGroups = grouped && groups === 1 ? c.of(divisors(B)) : 1;
  /** Any cropping or padding for which the kernel fits at least once. */
  const padding = (extent: number, kernel: number, axis: 0 | 1): Pair => {
    const [low, high] = pairOf(() => c.of([0, 1, 2, 3, -1, -2]));
    const lacks = p.dilated(kernel, rhsDilation[axis]) - (p.dilated(extent, lhsDilation[axis]) + low + high);
    return [low, high + Math.max(0, lacks)];
  };
  return {
    image,
    kernel: [KH, KW, C / groups, groups * batchGroups * (1 + c.nat(3))],
    attributes: {
      strides,
      padding: [padding(H, KH, 0), padding(W, KW, 1)],
      lhsDilation,
      rhsDilation,
      groups,
      batchGroups,
    },
  };
};

export const convolved = (c: Choices, x: Node, weights: Node): Node => {
  const { image, kernel, attributes } = draw(c, x, true);
  return p.conv2d(image, fit(weights, kernel), attributes);
};

/** Numbers of channels for which kernels of backends differ: from 16 on, and multiples of 4 or not. */
const MANY_CHANNELS: readonly Pair[] = [[16, 17], [18, 16], [16, 20], [15, 16]]; // oxfmt-ignore

/** A 3×3 convolution as layers of networks have it, which backends compute by kernels of their own. */
export const layerConvolution = (c: Choices, x: Node, weights: Node): Node => {
  const [inputs, outputs] = c.of(MANY_CHANNELS);
  const image = fit(x, [1, 4, 4 + c.nat(2), inputs]);
  const side: Pair = [1, 1];
  const attributes = {
    strides: c.of<Pair>([side, side, [2, 2]]),
    padding: [side, side],
    lhsDilation: side,
    rhsDilation: side,
    groups: 1,
    batchGroups: 1,
  } as const;
  return p.conv2d(image, fit(weights, [3, 3, inputs, outputs]), attributes);
};

/** The composite alone, of an image and a cotangent. */
export const filterGradient = (c: Choices, x: Node, g: Node): Node => {
  const { image, kernel, attributes } = draw(c, x, false);
  const { shape } = p.conv2d(image, p.full(0, kernel), attributes);
  return p.composite(filterGradientComposite, [image, fit(g, shape)], { attributes, kernel: [kernel[0], kernel[1]] });
};
