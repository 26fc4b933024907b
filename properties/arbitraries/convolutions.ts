/** Convolutions with random attributes. */
import { filterGradientComposite, filterGradientOptions } from '../../src/dsl/composites/index.js';
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

interface Drawn {
  readonly image: Node;
  readonly kernel: readonly [number, number, number, number];
  readonly attributes: ConvAttributes;
}

/** An image made from the elements of `x`, with the shape of a kernel and attributes that match. */
const drawn = (c: Choices, x: Node, grouped: boolean): Drawn => {
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
  const { image, kernel, attributes } = drawn(c, x, true);
  return p.conv2d(image, fit(weights, kernel), attributes);
};

/** The composite alone, of an image and a cotangent. */
export const filterGradient = (c: Choices, x: Node, g: Node): Node => {
  const { image, kernel, attributes } = drawn(c, x, false);
  const { shape } = p.conv2d(image, p.full(0, kernel), attributes);
  const options = filterGradientOptions(attributes, [kernel[0], kernel[1]]);
  return p.composite(filterGradientComposite, [image, fit(g, shape)], options);
};
