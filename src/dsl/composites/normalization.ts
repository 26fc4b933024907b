import { F } from '../../internal/fp.js';
import { sizeOf } from '../../internal/numbers.js';
import type { Composite, CompositeOptions, Node, One } from '../graph/node.js';
import { broadcast, div, exp, mul, reduceKeeping, rsqrt, scale, shift, sub } from '../primitives/index.js';

/** The axes of the statistics, and ε. */
interface NormalizeOptions extends CompositeOptions {
  readonly axes: readonly number[];
  readonly epsilon: number;
}

const meanAlong = (x: Node, axes: readonly number[]): Node =>
  scale(reduceKeeping('sum', x, axes), 1 / sizeOf(axes.map((axis) => x.shape[axis]!)));

/** The mean over some axes, repeated along them. */
const spreadMean = (x: Node, axes: readonly number[]): Node => broadcast(meanAlong(x, axes), x.shape);

/** y = (x - μ)/√(σ² + ε) and 1/√(σ² + ε), with the mean μ and the variance σ² (biased, two passes) over the axes. */
const normalize = (x: Node, { axes, epsilon }: NormalizeOptions) => {
  const centred = sub(x, spreadMean(x, axes));
  const variance = meanAlong(mul(centred, centred), axes);
  const inverse = broadcast(rsqrt(shift(variance, epsilon)), x.shape);
  return { y: mul(centred, inverse), inverse };
};

/**
 * y = (x − mean x) / √(var x + ε) over some axes. Its derivative is (g − mean g − y·mean(g·y)) / √(var x + ε), which
 * reads only x and the statistics. Group, layer and instance normalization apply this to a reshaped x. Wu & He 2018.
 */
export const normalizeComposite: Composite<One, NormalizeOptions> = {
  name: 'normalize',
  batch: (options) => ({ ...options, axes: options.axes.map((axis) => axis + 1) }),
  decompose: ([x], options) => normalize(x, options).y,
  derivative: ([x], _, g, options) => {
    const { y, inverse } = normalize(x, options);
    const mean = (of: Node): Node => spreadMean(of, options.axes);
    return [mul(inverse, sub(sub(g, mean(g)), mul(y, mean(mul(g, y)))))];
  },
};

const last = (x: Node): readonly number[] => [x.shape.length - 1];
/** A reduction along the last axis, repeated. */
export const over = (fn: 'sum' | 'max', x: Node): Node => broadcast(reduceKeeping(fn, x, last(x)), x.shape);

/** `exp(x − max x) / Σ exp(x − max x)` along the last axis; its derivative reads only the result. */
export const softmaxComposite: Composite<One> = {
  name: 'softmax',
  batch: F.identity,
  decompose: ([x]) => {
    const e = exp(sub(x, over('max', x)));
    return div(e, over('sum', e));
  },
  derivative: (_, y, g) => [mul(y, sub(g, over('sum', mul(g, y))))],
};
