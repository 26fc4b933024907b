import { F } from '../../internal/fp.js';
import type { Composite, CompositeOptions, Node } from '../graph/node.js';
import { composite, concat, dot, mul, scale, slice, sub, swapAxes, transposed } from '../primitives/index.js';
import { over, softmaxComposite } from './normalization.js';

/** The factor of the scores, 1/√d. Options are untyped in the graph; `attentionOptions` sets them. */
const scaleOf = (options: CompositeOptions): number => options['scale'] as number;
export const attentionOptions = (scale: number): CompositeOptions => ({ scale });

/** `[…, N, heads, d]` as `[…, heads, N, d]`, and back. */
const byHead = (x: Node): Node => swapAxes(x, -3, -2);

/** softmax(scale·q·kᵀ), of heads. */
const weightsOf = (q: Node, k: Node, options: CompositeOptions): Node =>
  composite(softmaxComposite, [dot(scale(q, scaleOf(options)), transposed(k))]);

/** The gradients of q, k and v, `[…, N + M + M, heads, d]`, from q, k, v and the cotangent of the result. */
const attentionGradientComposite: Composite = {
  name: 'attentionGradient',
  batch: F.identity,
  decompose: (inputs, options) => {
    const [q, k, v, g] = inputs.map(byHead) as [Node, Node, Node, Node];
    const p = weightsOf(q, k, options);
    const dp = dot(g, transposed(v));
    const ds = mul(p, sub(dp, over('sum', mul(p, dp))));
    const dq = scale(dot(ds, k), scaleOf(options));
    const dk = dot(transposed(ds), scale(q, scaleOf(options)));
    const dv = dot(transposed(p), g);
    return concat([dq, dk, dv].map(byHead), -3);
  },
  anchor: (options) => ({ op: 'attentionGradient', scale: scaleOf(options) }),
};

/**
 * softmax(scale·q·kᵀ)·v in each head, for q `[…, N, heads, d]`, and k and v `[…, M, heads, d]`. A backend with a kernel
 * for it stores none of the N·M scores; the derivative recomputes them. Vaswani et al. 2017, equation 1.
 */
export const attentionComposite: Composite = {
  name: 'attention',
  batch: F.identity,
  decompose: (inputs, options) => {
    const [q, k, v] = inputs.map(byHead) as [Node, Node, Node];
    return byHead(dot(weightsOf(q, k, options), v));
  },
  derivative: (inputs, _, g, options) => {
    const gradients = composite(attentionGradientComposite, [...inputs, g], options);
    const axis = g.shape.length - 3;
    let first = 0;
    return inputs.map(({ shape }) => {
      const start = shape.map((_, i) => (i === axis ? first : 0));
      first += shape[axis]!;
      return slice(gradients, start, shape);
    });
  },
  anchor: (options) => ({ op: 'attention', scale: scaleOf(options) }),
};
