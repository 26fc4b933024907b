import { F } from '../../internal/fp.js';
import type { Composite, CompositeOptions, Node } from '../graph/node.js';
import { composite, concat, dot, mul, scale, slice, sub, swapAxes, transposed } from '../primitives/index.js';
import { over, softmaxComposite } from './normalization.js';

interface AttentionOptions extends CompositeOptions {
  /** The factor of the scores, 1/√d. */
  readonly scale: number;
}

/** `[…, N, heads, d]` as `[…, heads, N, d]`, and back. */
const byHead = (x: Node): Node => swapAxes(x, -3, -2);
const softmax = (x: Node): Node => composite(softmaxComposite, [x]);

/** The gradients of q, k and v, `[…, N + M + M, heads, d]`, from q, k, v and the cotangent of the result. */
const attentionGradientComposite: Composite<readonly [q: Node, k: Node, v: Node, g: Node], AttentionOptions> = {
  name: 'attentionGradient',
  batch: F.identity,
  decompose: ([Q, K, V, G], { scale: s }) => {
    const [q, k, v, g] = [byHead(Q), byHead(K), byHead(V), byHead(G)];
    const p = softmax(dot(scale(q, s), transposed(k)));
    const dp = dot(g, transposed(v));
    const ds = mul(p, sub(dp, over('sum', mul(p, dp))));
    const dq = scale(dot(ds, k), s);
    const dk = dot(transposed(ds), scale(q, s));
    const dv = dot(transposed(p), g);
    return concat([dq, dk, dv].map(byHead), -3);
  },
  anchor: ({ scale }) => ({ op: 'attentionGradient', scale }),
};

/**
 * softmax(scale·q·kᵀ)·v in each head, for q `[…, N, heads, d]`, and k and v `[…, M, heads, d]`. A backend with a kernel for
 * its anchor stores none of the N·M scores; the derivative recomputes them. Vaswani et al. 2017, equation 1.
 */
export const attentionComposite: Composite<readonly [q: Node, k: Node, v: Node], AttentionOptions> = {
  name: 'attention',
  batch: F.identity,
  decompose: ([Q, K, V], { scale: s }) => {
    const [q, k, v] = [byHead(Q), byHead(K), byHead(V)];
    return byHead(dot(softmax(dot(scale(q, s), transposed(k))), v));
  },
  derivative: ([q, k, v], _, g, options) => {
    const gradients = composite(attentionGradientComposite, [q, k, v, g], options);
    const [N, M] = [q.shape.at(-3)!, k.shape.at(-3)!];
    const of = ({ shape }: Node, first: number): Node =>
      slice(gradients, shape.map((_, axis) => (axis === shape.length - 3 ? first : 0)), shape); // oxfmt-ignore
    return [of(q, 0), of(k, N), of(v, N + M)];
  },
  anchor: ({ scale }) => ({ op: 'attention', scale }),
};
